// SPDX-License-Identifier: BSL-1.0
//
// program: an opened file of any architecture, with everything that the rules ask: text, functions, sites, forms.
//
//     const inlay::check::program program{"a.out"};                  // throws report::file_error
//     for (const auto& site : program.sites()) ... site.forms ...
//     inlay::check::findings found;
//     inlay::check::check_tables(program, found);
//
// How it works. report/file_image.hpp loads the file, and sites.hpp reads its tables. Both are compiled for each
// target. Their results have the same types for all targets, so no rule is a template. Addresses are the image's own.
// Names and lines of source are looked up for findings only, and not for each site.
#pragma once

#include "inlay/check/decoder.hpp"
#include "inlay/check/functions.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/object.hpp"
#include "inlay/check/sites.hpp"
#include "inlay/report/elf.hpp"
#include "inlay/report/file_image.hpp"
#include "inlay/report/symbols.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// Not thread-safe. Neither copied nor moved: sites refer to it.
class program {
public:
    explicit program(const std::string& path) : program{report::elf_file{path}} {}

    /// A file that has been read. Names and lines of source are looked up in the file of its path.
    explicit program(report::elf_file file)
        : linked_{file.type() == ET_REL}, elf_{linked_ ? report::elf_file{file.path(), link(file)} : std::move(file)},
          machine_{machine_of(elf_)}, decode_{machine_} {
        for (const auto& each : elf_.sections()) {
            if ((each.flags & SHF_ALLOC) != 0) {
                sections_.push_back({.name = each.name,
                                     .address = each.address,
                                     .size = each.size,
                                     .executable = (each.flags & SHF_EXECINSTR) != 0,
                                     .writable = (each.flags & SHF_WRITE) != 0});
            }
        }
        switch (machine_) {
        case machine::x86_64:
            load<x86::target<64>>();
            break;
        case machine::i386:
            load<x86::target<32>>();
            break;
        case machine::aarch64:
            load<aarch64::target>();
            break;
        }
        functions_ = detail::functions_of(elf_, sections_, machine_);
    }
    program(const program&) = delete;
    program(program&&) = delete;
    program& operator=(const program&) = delete;
    program& operator=(program&&) = delete;
    ~program() = default;

    // ---- The contents ---------------------------------------------------------------------------------

    [[nodiscard]] const std::string& path() const noexcept { return elf_.path(); }
    [[nodiscard]] const report::elf_file& elf() const noexcept { return elf_; }
    /// Whether the file is an object, which was linked in memory.
    [[nodiscard]] bool is_object() const noexcept { return linked_; }
    [[nodiscard]] check::machine machine() const noexcept { return machine_; }
    [[nodiscard]] const decoder& decode() const noexcept { return decode_; }
    /// Those that are loaded, in the order of the file.
    [[nodiscard]] const std::vector<section>& sections() const noexcept { return sections_; }
    /// By address; they do not overlap.
    [[nodiscard]] const std::vector<function>& functions() const noexcept { return functions_; }
    /// By address.
    [[nodiscard]] const std::vector<site>& sites() const noexcept { return sites_; }
    [[nodiscard]] const std::deque<declaration>& declarations() const noexcept { return declarations_; }
    /// Whether the size of a table is no multiple of its records'.
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }

    [[nodiscard]] const std::vector<bad_name>& bad_names() const noexcept { return bad_names_; }

    // ---- Memory ---------------------------------------------------------------------------------------

    /// `size` bytes of the image as it is loaded, relocated; null if no segment has them.
    [[nodiscard]] const std::uint8_t* bytes(std::uint64_t at, std::size_t size) const {
        return image_->bytes(at, size);
    }
    [[nodiscard]] bool executable(std::uint64_t at, std::size_t size) const { return image_->executable(at, size); }
    /// The instruction at an address; its length is 0 if the bytes are no instruction.
    [[nodiscard]] instruction instruction_at(std::uint64_t at, std::uint64_t end) const {
        const auto size = static_cast<std::size_t>(end - at);
        const std::uint8_t* const found = at < end ? bytes(at, size) : nullptr;
        return found != nullptr ? decode_(found, size, at) : instruction{.at = at};
    }

    // ---- Places ---------------------------------------------------------------------------------------

    [[nodiscard]] const section* section_of(std::uint64_t at) const noexcept {
        const auto found = std::find_if(sections_.begin(), sections_.end(),
                                        [&](const section& each) { return at - each.address < each.size; });
        return found != sections_.end() ? &*found : nullptr;
    }
    [[nodiscard]] const function* function_of(std::uint64_t at) const noexcept {
        const auto after =
            std::upper_bound(functions_.begin(), functions_.end(), at,
                             [](std::uint64_t value, const function& each) { return value < each.begin; });
        return after != functions_.begin() && at < after[-1].end ? &after[-1] : nullptr;
    }
    /// The first site at or after an address.
    [[nodiscard]] std::vector<site>::const_iterator site_from(std::uint64_t at) const noexcept {
        return std::lower_bound(sites_.begin(), sites_.end(), at,
                                [](const site& each, std::uint64_t value) { return each.at < value; });
    }
    /// The function and line of source; slow.
    [[nodiscard]] report::place place_of(std::uint64_t at) const { return symbols().find(at); }
    /// "function+0x10"; without a symbol, the file's name with an offset, or the address.
    [[nodiscard]] std::string describe(std::uint64_t at) const { return symbols().describe(at); }
    [[nodiscard]] const report::symbols& symbols() const {
        if (!symbols_) {
            symbols_.emplace(debug_path());
        }
        return *symbols_;
    }
    /// The path for libdw: of an object, a file in memory in which its relocations are applied.
    [[nodiscard]] std::string debug_path() const {
        if (!linked_) {
            return path();
        }
        if (!in_memory_) {
            in_memory_.emplace();
            in_memory_->write(elf_.bytes(0, elf_.size(), "the file"), elf_.size());
        }
        return in_memory_->path();
    }

    /// Adds a finding with its section, function and line.
    finding& add(findings& to, std::string rule, std::uint64_t at, std::string message,
                 check::severity severity = severity::error) const {
        finding added{.rule = std::move(rule), .severity = severity, .at = at, .message = std::move(message)};
        if (const section* const in = section_of(at); at != 0 && in != nullptr) {
            const report::place where = to.size() < most_places ? place_of(at) : report::place{};
            added.section = in->name;
            added.offset = at - in->address;
            added.function = where.function.empty() ? "" : report::symbols::describe(where);
            added.file = where.file;
            added.line = where.line;
        }
        return to.emplace_back(std::move(added));
    }

private:
    static constexpr std::size_t most_places = 1000; ///< further findings have no line of source: looking it up is slow

    /// The questions to a file_image of any target.
    struct any_image {
        any_image() = default;
        any_image(const any_image&) = delete;
        any_image(any_image&&) = delete;
        any_image& operator=(const any_image&) = delete;
        any_image& operator=(any_image&&) = delete;
        virtual ~any_image() = default;
        [[nodiscard]] virtual const std::uint8_t* bytes(std::uint64_t at, std::size_t size) const = 0;
        [[nodiscard]] virtual bool executable(std::uint64_t at, std::size_t size) const = 0;
    };
    template <class Target>
    struct image_of final : any_image {
        report::file_image<Target> image;

        explicit image_of(const report::elf_file& file) : image{file} {}
        [[nodiscard]] const std::uint8_t* bytes(std::uint64_t at, std::size_t size) const override {
            return image.bytes(at, size);
        }
        [[nodiscard]] bool executable(std::uint64_t at, std::size_t size) const override {
            const address here = image.address_here(at);
            return here != 0 && image.executable(here, size);
        }
    };

    [[nodiscard]] static check::machine machine_of(const report::elf_file& file) {
        switch (file.machine()) {
        case EM_X86_64:
            return machine::x86_64;
        case EM_386:
            return machine::i386;
        case EM_AARCH64:
            return machine::aarch64;
        default:
            file.fail("it is for machine " + std::to_string(file.machine()) +
                      " (elf.h: EM_...); inlay supports x86-64 (62), i386 (3) and AArch64 (183)");
        }
    }

    template <class Target>
    void load() {
        auto loaded = std::make_unique<image_of<Target>>(elf_);
        const table::tables& tables = loaded->image.tables();
        const auto expect_whole = [&](const auto& table) {
            if (table.bytes != 0 && // a segment may have more bytes in memory than in the file
                (table.bytes > elf_.size() ||
                 !loaded->image.readable(reinterpret_cast<address>(table.records), table.bytes))) {
                elf_.fail("it is damaged: a table of inlay is not in its segments");
            }
        };
        expect_whole(tables.alternatives);
        expect_whole(tables.calls);
        expect_whole(tables.keys);
        expect_whole(tables.names);
        truncated_ = tables.alternatives.bytes % sizeof(table::alternative_record) != 0 ||
                     tables.calls.bytes % sizeof(table::call_record) != 0 ||
                     tables.keys.bytes % sizeof(table::key_record) != 0 ||
                     tables.names.bytes % sizeof(table::named) != 0;
        detail::read_names(loaded->image, bad_names_);
        detail::site_reader<Target>{loaded->image, declarations_}.all(sites_);
        image_ = std::move(loaded);
    }

    /// A file without a name, which ends with this object.
    class memory_file {
    public:
        memory_file() : descriptor_{::memfd_create("inlay", MFD_CLOEXEC)} {}
        memory_file(const memory_file&) = delete;
        memory_file(memory_file&&) = delete;
        memory_file& operator=(const memory_file&) = delete;
        memory_file& operator=(memory_file&&) = delete;
        ~memory_file() {
            if (descriptor_ >= 0) {
                ::close(descriptor_);
            }
        }
        [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
        void write(const char* bytes, std::size_t size) const {
            for (::ssize_t done = 0; size != 0 && done >= 0; bytes += done, size -= static_cast<std::size_t>(done)) {
                done = ::write(descriptor_, bytes, size);
            }
        }

    private:
        int descriptor_;
    };

    bool linked_; ///< it was an object
    report::elf_file elf_;
    check::machine machine_;
    decoder decode_;
    std::vector<section> sections_{};
    std::vector<function> functions_{};
    std::deque<declaration> declarations_{};
    std::vector<site> sites_{};
    std::vector<bad_name> bad_names_{};
    bool truncated_{};
    std::unique_ptr<any_image> image_{};
    mutable std::optional<memory_file> in_memory_{};
    mutable std::optional<report::symbols> symbols_{};
};

} // namespace check
} // namespace inlay
