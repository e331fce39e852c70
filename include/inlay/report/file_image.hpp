// SPDX-License-Identifier: BSL-1.0
//
// file_image: the image in an ELF file, as a loader would make it, for everything that reads and decides.
//
//     const inlay::report::elf_file file{"kernel.elf"};
//     const inlay::report::file_image<inlay::aarch64::target> image{file};
//     auto what = inlay::report::collect(image.tables(), image, model, inlay::report::symbols{file.path()});
//
// How it works. The segments are copied to memory of this process and keep their distances. So the distances in tables
// and branches need no change, and decide.hpp reads them as in a live image. Pointers hold addresses of the image and
// have its width: pointer_at() translates them, and shown() translates back.
//
// No branch goes 4 GiB far. Segments with such a gap between them, as in a kernel with low boot text, are copied
// apart. If a function is in another image, the file has only its name: its pointer becomes an address out of every
// branch's reach.
//
// The file gives the tables' places in one of three ways: by the linker's symbols (__start_inlay_*, __stop_inlay_*), by
// section names, or by inlay's note.
#pragma once

#include "inlay/layout.hpp"
#include "inlay/report/architectures.hpp"
#include "inlay/report/elf.hpp"
#include "inlay/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

template <class Target>
class file_image {
    static_assert(sizeof(address) == 8, "inlay: only a 64-bit program can read the images of other machines");

public:
    using target = Target;

    explicit file_image(const elf_file& file) : file_{file} {
        if (file.machine() != facts<Target>::machine || file.is_64_bit() != (Target::pointer_size == 8)) {
            file.fail(std::string{"it is not for "} + Target::name);
        }
        load();
        relocate();
        find_tables();
    }

    // ---- For decide.hpp and collect.hpp; addresses are those in this process ---------------------------

    [[nodiscard]] bool readable(address at, std::size_t size) const noexcept { return find(at, size) != nullptr; }
    [[nodiscard]] bool writable(address at, std::size_t size) const noexcept { return has(at, size, PF_W); }
    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept { return has(at, size, PF_X); }

    /// Functions of a file are not called.
    [[nodiscard]] static bool probe(address /*function*/) noexcept { return false; }

    [[nodiscard]] address pointer_at(address at) const noexcept {
        if (const auto import = imports_.find(at); import != imports_.end()) {
            return import->second.first;
        }
        const std::uint64_t own = word_at(at);
        if (own == 0) {
            return 0;
        }
        const address here = address_here(own);
        return here != 0 ? here : own < lower_half ? own + outside : own;
    }

    /// The image's own address.
    [[nodiscard]] address shown(address at) const noexcept {
        for (const auto& each : parts_) {
            if (at - each.here < each.size) {
                return at - each.here + each.own;
            }
        }
        return at >= outside && at < outside + lower_half ? at - outside : at;
    }

    /// Where the image's own address is in this process; 0 if it is in no segment.
    [[nodiscard]] address address_here(std::uint64_t own) const noexcept {
        for (const auto& each : segments_) {
            if (own - each.own < each.size) {
                return each.here + (own - each.own);
            }
        }
        return 0;
    }

    [[nodiscard]] const table::tables& tables() const noexcept { return tables_; }

    /// The functions in other images that this image's pointers hold: address, name.
    [[nodiscard]] const std::map<address, std::pair<address, std::string>>& imports() const noexcept {
        return imports_;
    }

    /// The copy of these bytes, which a test may overwrite with a running kernel's memory. Null if no segment has them.
    [[nodiscard]] std::uint8_t* bytes(std::uint64_t own, std::size_t size) const noexcept {
        const address at = address_here(own);
        return at != 0 && find(at, size) != nullptr ? reinterpret_cast<std::uint8_t*>(at) : nullptr;
    }

private:
    static constexpr std::uint64_t page = 4096;
    static constexpr std::uint64_t lower_half = std::uint64_t{1} << 47;
    static constexpr std::uint64_t far = std::uint64_t{1} << 32;     ///< no branch goes so far
    static constexpr std::uint64_t outside = std::uint64_t{1} << 62; ///< no address of any process; see pointer_at()
    static constexpr std::uint64_t imported = std::uint64_t{1} << 61;
    static constexpr std::uint64_t most_memory = std::uint64_t{1} << 32;

    /// A piece of memory that is given back at the end.
    struct unmap {
        std::size_t size;
        void operator()(void* at) const noexcept { ::munmap(at, size); }
    };

    struct segment {
        std::uint64_t own;
        std::uint64_t size;
        std::uint32_t flags;
        address here;
    };

    /// Segments that branches may go between.
    struct part {
        std::uint64_t own;
        std::uint64_t size;
        address here;
    };

    // ---- Loading --------------------------------------------------------------------------------------

    void load() {
        std::uint64_t memory = 0;
        std::vector<elf_segment> loaded;
        for (const auto& each : file_.segments()) {
            if (each.type == PT_LOAD && each.memory_size != 0) {
                memory += std::min(each.memory_size, most_memory + 1);
                if (each.file_size > each.memory_size || each.address + (each.memory_size - 1) < each.address ||
                    memory > most_memory) {
                    file_.fail("it is damaged: its segment at address " + detail::hex(each.address) + " has " +
                               std::to_string(each.file_size) + " bytes in the file and " +
                               std::to_string(each.memory_size) + " in memory");
                }
                loaded.push_back(each);
            }
        }
        if (loaded.empty()) {
            file_.fail(file_.type() == ET_REL ? "it is an object file: link it first"
                                              : "it has no segment that is loaded");
        }
        std::sort(loaded.begin(), loaded.end(),
                  [](const elf_segment& a, const elf_segment& b) { return a.address < b.address; });
        for (std::size_t i = 0, end = 0; i < loaded.size(); i = end) {
            std::uint64_t last = loaded[i].address + (loaded[i].memory_size - 1);
            for (end = i + 1;
                 end < loaded.size() && (loaded[end].address < last || loaded[end].address - last < far);) {
                last = std::max(last, loaded[end].address + (loaded[end].memory_size - 1));
                ++end;
            }
            load_part({loaded.data() + i, end - i}, last);
        }
    }

    /// Copies segments to one piece of memory. No other part is within `far` of it.
    void load_part(std::span<const elf_segment> segments, std::uint64_t last) {
        const std::uint64_t own = segments[0].address & ~(page - 1);
        const std::uint64_t size = (last - own) / page * page + page;
        const std::size_t reserved = size + 2 * far;
        void* const at = ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) {
            file_.fail("there is no memory for " + std::to_string(size) + " bytes of image");
        }
        memory_.emplace_back(at, unmap{reserved});
        const address here = reinterpret_cast<address>(at) + far;
        parts_.push_back({own, size, here});
        for (const auto& each : segments) {
            const address begin = here + (each.address - own);
            const address first_page = begin & ~(page - 1);
            if (::mprotect(reinterpret_cast<void*>(first_page), begin + each.memory_size - first_page,
                           PROT_READ | PROT_WRITE) != 0) {
                file_.fail("there is no memory for " + std::to_string(each.memory_size) + " bytes of image");
            }
            if (each.file_size != 0) {
                std::memcpy(reinterpret_cast<void*>(begin),
                            file_.bytes(each.offset, each.file_size, "the content of a segment"), each.file_size);
            }
            segments_.push_back({each.address, each.memory_size, each.flags, begin});
        }
    }

    // ---- Relocation -----------------------------------------------------------------------------------

    /// Relocates pointers as the dynamic linker does, for an image that is loaded where the file says.
    void relocate() {
        constexpr relocation_types types = facts<Target>::relocations;
        for (const auto& each : file_.relocations()) {
            const address at = address_here(each.where);
            if (at == 0 || !readable(at, Target::pointer_size)) {
                file_.fail("it is damaged: a relocation is for address " + detail::hex(each.where) +
                           ", which is in no segment");
            }
            const std::uint64_t addend = each.has_addend ? each.addend : word_at(at);
            if (each.type == types.relative) {
                put_word(at, addend);
            } else if (each.type == types.absolute || each.type == types.entry) {
                const elf_symbol symbol = file_.dynamic_symbol(each.symbol);
                if (symbol.defined) {
                    put_word(at, symbol.value + addend);
                } else {
                    import(at, symbol.name);
                }
            } else {
                import(at, "(relocation of type " + std::to_string(each.type) + ")");
            }
        }
    }

    /// Notes that the pointer at `at` is known by name only. One name has one address.
    void import(address at, std::string name) {
        const auto known = std::find_if(imports_.begin(), imports_.end(),
                                        [&](const auto& each) { return each.second.second == name; });
        const address to = known != imports_.end() ? known->second.first : imported + 16 * imports_.size();
        imports_[at] = {to, std::move(name)};
    }

    // ---- Tables ---------------------------------------------------------------------------------------

    void find_tables() {
        const auto symbols = file_.symbols();
        bool found = add_table(tables_.alternatives, "inlay_alternatives", symbols);
        found = add_table(tables_.calls, "inlay_calls", symbols) || found;
        found = add_table(tables_.keys, "inlay_keys", symbols) || found;
        found = add_table(tables_.names, "inlay_names", symbols) || found;
        found = std::any_of(file_.sections().begin(), file_.sections().end(),
                            [](const elf_section& each) { return each.name == "inlay_code_rules"; }) ||
                found; // a file may declare rules about code, and have no site
        const bool noted = read_note(!found);
        if (!found && !noted) {
            file_.fail("it has no tables of inlay: neither sections or symbols of the names inlay_alternatives, "
                       "inlay_calls, inlay_keys and inlay_names, nor inlay's note");
        }
        tables_.registry = &registry_;
    }

    template <class Record>
    bool add_table(table::section<Record>& to, const std::string& name, const std::vector<elf_symbol>& symbols) {
        const auto value = [&](const std::string& wanted, std::uint64_t& result) {
            const auto at = std::find_if(symbols.begin(), symbols.end(),
                                         [&](const elf_symbol& each) { return each.defined && each.name == wanted; });
            result = at != symbols.end() ? at->value : 0;
            return at != symbols.end();
        };
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        if (value("__start_" + name, begin) && value("__stop_" + name, end)) {
            set_table(to, name, begin, end);
            return true;
        }
        const auto section = std::find_if(file_.sections().begin(), file_.sections().end(),
                                          [&](const elf_section& each) { return each.name == name; });
        if (section == file_.sections().end()) {
            return false;
        }
        set_table(to, name, section->address, section->address + section->size);
        return true;
    }

    template <class Record>
    void set_table(table::section<Record>& to, const std::string& name, std::uint64_t begin, std::uint64_t end) {
        if (begin == end) {
            return;
        }
        const address at = address_here(begin);
        if (end < begin || at == 0 || at % 4 != 0 || !readable(at, end - begin)) {
            file_.fail("it is damaged: the table " + name + ", from address " + detail::hex(begin) + " to " +
                       detail::hex(end) + ", is in no segment");
        }
        to = {reinterpret_cast<Record*>(at), end - begin};
    }

    /// Reads inlay's note: the version, and where the tables are if nothing else has said so.
    bool read_note(bool wanted) {
        for (const auto& each : file_.segments()) {
            if (each.type != PT_NOTE) {
                continue;
            }
            const char* const notes = file_.bytes(each.offset, each.file_size, "a segment of notes");
            for (std::uint64_t at = 0; at + 12 <= each.file_size;) {
                std::uint32_t sizes[3]; // NOLINT(*-avoid-c-arrays): of the name, of the rest; the type
                std::memcpy(sizes, notes + at, sizeof sizes);
                const std::uint64_t rest = at + 12 + (std::uint64_t{sizes[0]} + 3) / 4 * 4;
                if (sizes[0] == 6 && rest + sizes[1] <= each.file_size &&
                    std::memcmp(notes + at + 12, "inlay", 6) == 0) {
                    use_note(sizes[2], each.address + rest, sizes[1], wanted);
                    return true;
                }
                at = rest + (std::uint64_t{sizes[1]} + 3) / 4 * 4;
            }
        }
        return false;
    }

    void use_note(std::uint32_t version, std::uint64_t own, std::uint64_t size, bool wanted) {
        using layout = table::layout<Target::pointer_size>;
        if (version != table::version) {
            file_.fail("its tables are of version " + std::to_string(version) + ", and this report reads version " +
                       std::to_string(table::version));
        }
        if (!wanted) {
            return;
        }
        const address note = address_here(own);
        if (note == 0 || size < sizeof(table::note) || !readable(note, sizeof(table::note))) {
            file_.fail("it is damaged: inlay's note at address " + detail::hex(own) + " is in no segment");
        }
        std::int32_t distance = 0;
        std::memcpy(&distance, reinterpret_cast<const void*>(note), sizeof distance);
        const address image = note + static_cast<address>(std::int64_t{distance});
        if (!readable(image, layout::image_registry) ||
            std::memcmp(reinterpret_cast<const void*>(image), table::mark, sizeof table::mark) != 0) {
            file_.fail("it is damaged: inlay's note leads to address " + detail::hex(shown(image)) +
                       ", which has no list of tables");
        }
        const auto word = [&](unsigned index) {
            return word_at(image + layout::image_tables + index * Target::pointer_size);
        };
        set_table(tables_.alternatives, "inlay_alternatives", word(0), word(1));
        set_table(tables_.calls, "inlay_calls", word(2), word(3));
        set_table(tables_.keys, "inlay_keys", word(4), word(5));
        set_table(tables_.names, "inlay_names", word(6), word(7));
    }

    // ---- Memory ---------------------------------------------------------------------------------------

    [[nodiscard]] static std::uint64_t word_at(address at) noexcept {
        std::uint64_t value = 0; // both machines are little endian
        std::memcpy(&value, reinterpret_cast<const void*>(at), Target::pointer_size);
        return value;
    }
    static void put_word(address at, std::uint64_t value) noexcept {
        std::memcpy(reinterpret_cast<void*>(at), &value, Target::pointer_size);
    }

    [[nodiscard]] const segment* find(address at, std::size_t size) const noexcept {
        for (const auto& each : segments_) {
            if (at >= each.here && at - each.here <= each.size && size <= each.size - (at - each.here)) {
                return &each;
            }
        }
        return nullptr;
    }
    [[nodiscard]] bool has(address at, std::size_t size, std::uint32_t flag) const noexcept {
        const segment* const in = find(at, size);
        return in != nullptr && (in->flags & flag) != 0;
    }

    const elf_file& file_;
    std::vector<std::unique_ptr<void, unmap>> memory_{};
    std::vector<part> parts_{};
    std::vector<segment> segments_{};
    std::map<address, std::pair<address, std::string>> imports_{};
    table::registry registry_{};
    table::tables tables_{};
};

} // namespace report
} // namespace inlay
