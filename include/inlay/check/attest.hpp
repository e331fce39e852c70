// SPDX-License-Identifier: BSL-1.0
//
// attest: whether the files and inlay's tables allow the text that is in memory.
//
//     const inlay::check::process_memory memory{1234};
//     inlay::check::attestation all{memory};
//     all.run();
//     for (const auto& each : all.findings()) print(std::cerr, each.what, each.path, false);
//
// How it works. decide/ is pure, so the tables say which bytes each site may hold, on any machine (sites.hpp). A site
// holds one of them, or a direct call of the function that its pointer in memory names. Every other byte of text is the
// file's. A difference is named by its look: a breakpoint, a jump that another patcher wrote, or other bytes.
//
// A running process may change a site, or the pointer, between the two reads. So a difference counts if it stays for a
// second, and every value counts that the pointer has had meanwhile.
#pragma once

#include "inlay/check/disassembly.hpp"
#include "inlay/check/memory.hpp"
#include "inlay/check/model.hpp"
#include "inlay/check/program.hpp"
#include "inlay/check/words.hpp"
#include "inlay/report/elf.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// A file that is mapped as an image loader maps it.
struct attested_image {
    std::string path{};                        ///< as the process names it
    std::uint64_t bias{};                      ///< address in memory - address in the file
    bool spare{};                              ///< text alone: a second mapping, such as inlay makes for changes
    std::shared_ptr<report::elf_file> elf{};   ///< null: it could not be read
    std::shared_ptr<check::program> program{}; ///< null: it has no tables of inlay
};

class attestation {
public:
    struct difference {
        std::string path;
        finding what;
    };
    struct counts {
        std::size_t images{};
        std::size_t sites{};
        std::size_t patched{};  ///< sites that hold other bytes than the file
        std::uint64_t text{};   ///< bytes that were compared
        std::uint64_t absent{}; ///< bytes of text that a core file leaves out, as they are the file's
    };

    explicit attestation(const memory_source& memory) : memory_{memory} { find_images(); }

    void run() {
        for (const auto& each : images_) {
            counts_.images += each.spare ? 0 : 1;
            attest(each);
        }
        note_other_code();
    }

    [[nodiscard]] const std::vector<difference>& differences() const noexcept { return differences_; }
    [[nodiscard]] const counts& counted() const noexcept { return counts_; }
    [[nodiscard]] const std::vector<attested_image>& images() const noexcept { return images_; }

private:
    /// A piece of an image's text: the file's addresses and bytes.
    struct range {
        std::uint64_t begin;
        std::span<const std::uint8_t> bytes;
    };

    // ---- Images ---------------------------------------------------------------------------------------

    /// A file's mappings that have one bias are an image, if its text is among them.
    void find_images() {
        std::map<std::pair<std::string, std::string>, std::shared_ptr<report::elf_file>> files;
        for (const auto& each : memory_.mappings()) {
            if (each.path.empty() || each.path.front() == '[') {
                continue;
            }
            if (each.opened.empty()) {
                if (each.executable) {
                    add(each.path, 0, "its text cannot be attested: the file is another one now, or is gone");
                }
                continue;
            }
            const auto [known, added] = files.try_emplace({each.path, opened_as(each)}, nullptr);
            if (added) {
                known->second = open(each);
            }
            if (known->second != nullptr) {
                place(each, known->second);
            }
        }
        std::erase_if(images_, [&](const attested_image& each) {
            return std::none_of(executable_of_.begin(), executable_of_.end(),
                                [&](const auto& of) { return of.first == each.path && of.second == each.bias; });
        });
    }

    /// Links of /proc/PID/map_files differ for each mapping of one file.
    [[nodiscard]] static std::string opened_as(const mapping& of) {
        return of.opened.find("/map_files/") != std::string::npos ? "" : of.opened;
    }

    [[nodiscard]] static std::shared_ptr<report::elf_file> open(const mapping& of) {
        std::array<char, SELFMAG> magic{};
        std::ifstream from{of.opened, std::ios::binary};
        from.read(magic.data(), magic.size());
        if (!from || std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) {
            return nullptr; // data
        }
        return std::make_shared<report::elf_file>(of.opened);
    }

    void place(const mapping& of, const std::shared_ptr<report::elf_file>& elf) {
        constexpr std::uint64_t page = 4096;
        for (const auto& each : elf->segments()) {
            const std::uint64_t first = each.offset & ~(page - 1);
            if (each.type != PT_LOAD || of.offset < first || of.offset >= each.offset + each.file_size ||
                ((each.flags & PF_X) != 0) != of.executable) {
                continue;
            }
            const std::uint64_t bias = of.begin - ((each.address & ~(page - 1)) + (of.offset - first));
            auto image = std::find_if(images_.begin(), images_.end(), [&](const attested_image& known) {
                return known.path == of.path && known.bias == bias;
            });
            if (image == images_.end()) {
                image = images_.insert(images_.end(), {of.path, bias, true, elf, program_of(*elf)});
            }
            image->spare = image->spare && of.executable && elf->segments().size() > 1 && of.offset != 0;
            if (of.executable) {
                executable_of_.emplace_back(of.path, bias);
            }
            return;
        }
    }

    [[nodiscard]] std::shared_ptr<check::program> program_of(const report::elf_file& elf) {
        const auto [known, added] = programs_.try_emplace(elf.path(), nullptr);
        if (added) {
            const bool tables = std::any_of(elf.sections().begin(), elf.sections().end(), [](const auto& each) {
                return each.name.starts_with("inlay_") || each.name == ".note.inlay";
            });
            try {
                known->second = std::make_shared<check::program>(elf.path());
            } catch (const report::file_error&) {
                if (tables) {
                    throw; // damaged ones, not none
                }
            }
        }
        return known->second;
    }

    // ---- One image ------------------------------------------------------------------------------------

    void attest(const attested_image& image) {
        now_ = &image;
        if (has_text_relocations(*image.elf)) {
            add(image.path, 0, "its text cannot be attested: the loader changes it (DT_TEXTREL)");
            return;
        }
        for (const auto& each : text_of(*image.elf)) {
            attest_range(each);
        }
        if (!image.spare && image.program != nullptr) {
            compare_sites_of_declarations();
        }
        held_.clear();
    }

    [[nodiscard]] static bool has_text_relocations(const report::elf_file& elf) {
        return elf.dynamic_value(DT_TEXTREL).has_value() || (elf.dynamic_value(DT_FLAGS).value_or(0) & DF_TEXTREL) != 0;
    }

    /// The executable segments. If such a segment is also writable, only its executable sections are text.
    [[nodiscard]] static std::vector<range> text_of(const report::elf_file& elf) {
        std::vector<range> result;
        const auto add = [&](std::uint64_t address, std::uint64_t offset, std::uint64_t size) {
            if (size != 0) {
                const auto* const bytes = reinterpret_cast<const std::uint8_t*>(elf.bytes(offset, size, "text"));
                result.push_back({address, {bytes, static_cast<std::size_t>(size)}});
            }
        };
        for (const auto& segment : elf.segments()) {
            if (segment.type != PT_LOAD || (segment.flags & PF_X) == 0) {
                continue;
            }
            if ((segment.flags & PF_W) == 0) {
                add(segment.address, segment.offset, segment.file_size);
                continue;
            }
            for (const auto& section : elf.sections()) {
                if ((section.flags & SHF_EXECINSTR) != 0 && section.type != SHT_NOBITS &&
                    section.address - segment.address < segment.file_size) {
                    add(section.address, section.offset, section.size);
                }
            }
        }
        return result;
    }

    void attest_range(const range& text) {
        constexpr std::size_t block = 65536;
        std::vector<std::uint8_t> memory(text.bytes.size());
        for (std::size_t at = 0; at < memory.size();) {
            const std::size_t wanted = std::min(block, memory.size() - at);
            const std::size_t got = memory_.read(now_->bias + text.begin + at, memory.data() + at, wanted);
            if (got == 0) { // take a page of the file for it
                const std::size_t page = std::min<std::size_t>(4096 - (text.begin + at) % 4096, memory.size() - at);
                std::memcpy(memory.data() + at, text.bytes.data() + at, page);
                not_read(text.begin + at, page);
                at += page;
                continue;
            }
            counts_.text += got;
            at += got;
        }
        compare(text, memory);
    }

    /// Notes text that the source does not have. A spare mapping may have lost pages.
    void not_read(std::uint64_t at, std::size_t size) {
        counts_.absent += size;
        if (!memory_.leaves_out_unchanged() && !now_->spare) {
            add(now_->path, at, "text cannot be read in " + memory_.name());
        }
    }

    /// Compares text with memory: sites with their forms, the rest with the file.
    void compare(const range& text, const std::vector<std::uint8_t>& memory) {
        std::uint64_t at = text.begin;
        const std::uint64_t end = text.begin + text.bytes.size();
        const auto plain = [&](std::uint64_t until) {
            const std::size_t from = static_cast<std::size_t>(at - text.begin);
            const std::size_t to = static_cast<std::size_t>(until - text.begin);
            compare_plain(at, text.bytes.subspan(from, to - from), {memory.data() + from, to - from});
        };
        if (now_->program != nullptr) {
            const auto& sites = now_->program->sites();
            for (auto site = now_->program->site_from(at); site != sites.end() && site->at < end; ++site) {
                if (site->forms.empty() || site->at < at || site->end() > end) {
                    continue;
                }
                plain(site->at);
                const std::size_t from = static_cast<std::size_t>(site->at - text.begin);
                attest_site(*site, {memory.data() + from, site->length});
                at = site->end();
            }
        }
        plain(end);
    }

    // ---- Sites ----------------------------------------------------------------------------------------

    void attest_site(const site& which, std::span<const std::uint8_t> memory) {
        std::vector<std::uint8_t> now{memory.begin(), memory.end()};
        targets_.clear();
        std::chrono::milliseconds left = patience_for_one;
        while (!may_hold(which, now)) {
            if (!wait(left) || memory_.read(now_->bias + which.at, now.data(), now.size()) != now.size()) {
                report_site(which, now);
                return;
            }
        }
        if (now_->spare) {
            return;
        }
        ++counts_.sites;
        counts_.patched += std::ranges::equal(now, which.forms[0].bytes()) ? 0 : 1;
        if (which.kind == site_kind::alternative) {
            held_.emplace_back(&which, std::move(now));
        }
    }

    /// Before another look at a site. A thread that changes it may have to wait for a processor between two of its
    /// steps. All sites together have some seconds, since most differences do not go away.
    [[nodiscard]] bool wait(std::chrono::milliseconds& left) {
        if (!memory_.runs() || left == left.zero() || patience_ == left.zero()) {
            return false;
        }
        constexpr std::chrono::milliseconds once{1};
        patience_ -= once;
        left -= once;
        std::this_thread::sleep_for(once);
        return true;
    }

    [[nodiscard]] bool may_hold(const site& which, std::span<const std::uint8_t> now) {
        return std::any_of(which.forms.begin(), which.forms.end(),
                           [&](const form& each) { return each.possible && std::ranges::equal(each.bytes(), now); }) ||
               calls_pointer(which, now);
    }

    /// Whether a call's site goes straight to the call's trampoline or reporter, or to a function that a pointer in
    /// memory has named. The pointer is read in each try, and earlier values count.
    [[nodiscard]] bool calls_pointer(const site& which, std::span<const std::uint8_t> now) {
        if (which.pointer_count == 0) {
            return false;
        }
        const std::uint64_t here = now_->bias + which.at;
        const instruction branch = now_->program->decode()(now.data(), now.size(), here);
        const bool same_kind = branch.goes_to_target() && is_branch_of(which, branch.flow);
        if (branch.length == 0 || !same_kind || !is_padding(which, now.subspan(branch.length))) {
            return false;
        }
        if (which.callee != 0 && branch.target == main_bias() + which.callee) {
            return true;
        }
        const std::size_t word = now_->elf->is_64_bit() ? 8 : 4;
        for (unsigned i = 0; i < which.pointer_count; ++i) {
            std::uint64_t target = 0;
            std::array<std::uint8_t, 8> bytes{};
            if (memory_.read(main_bias() + which.pointers + i * word, bytes.data(), word) == word) {
                std::memcpy(&target, bytes.data(), word);
            }
            targets_.insert(target);
        }
        return branch.target != 0 && targets_.contains(branch.target);
    }

    /// A call stays a call, and a jump a jump of its kind. A pv call through a pointer becomes a call.
    [[nodiscard]] bool is_branch_of(const site& which, flow what) const {
        const form& file = which.forms[0];
        const instruction before = now_->program->decode()(file.content.data(), file.length, which.at);
        return what == before.flow || (what == flow::call && before.flow == flow::indirect_call);
    }

    /// Whether the rest of a call's site is the nops that inlay writes there: those of the forms.
    [[nodiscard]] static bool is_padding(const site& which, std::span<const std::uint8_t> rest) {
        return rest.empty() || std::any_of(which.forms.begin(), which.forms.end(), [&](const form& each) {
                   return each.origin == origin::direct && std::ranges::equal(each.bytes().last(rest.size()), rest);
               });
    }

    /// A spare mapping has no data: its pointers are in the image that has the same file.
    [[nodiscard]] std::uint64_t main_bias() const {
        const auto main = std::find_if(images_.begin(), images_.end(), [&](const attested_image& each) {
            return each.path == now_->path && !each.spare;
        });
        return now_->spare && main != images_.end() ? main->bias : now_->bias;
    }

    void report_site(const site& which, const std::vector<std::uint8_t>& now) {
        const auto& program = *now_->program;
        const std::string words = detail::words_of(which);
        for (const auto& each : which.forms) {
            if (std::ranges::equal(each.bytes(), now)) {
                auto& added = add(now_->path, which.at,
                                  words + " holds form " + detail::words_of(program, each) +
                                      ", which no assignment of the features chooses",
                                  "attest-site");
                added.notes.push_back("in memory: " + line_of(program, now, which.at));
                return;
            }
            if (const auto at = breakpoint_in(each, now, which.at)) {
                auto& added = add_breakpoint(which.at + *at, now[*at], " on " + words);
                added.notes.push_back("below it: form " + detail::words_of(program, each));
                return;
            }
        }
        auto& added = add(now_->path, which.at, words + " holds none of its forms", "attest-site");
        added.notes.push_back("in memory: " + text_in_memory(now, which.at));
        for (const auto& each : which.forms) {
            added.notes.push_back("form " + detail::words_of(program, each) + ": " +
                                  line_of(program, each.bytes(), which.at));
        }
    }

    /// Where a breakpoint stands in a site that else holds this form.
    [[nodiscard]] std::optional<unsigned> breakpoint_in(const form& of, std::span<const std::uint8_t> now,
                                                        std::uint64_t at) const {
        std::optional<unsigned> found;
        const auto bytes = of.bytes();
        for (unsigned i = 0; i < of.length;) {
            const instruction each = now_->program->decode()(bytes.data() + i, bytes.size() - i, at + i);
            const unsigned length = each.length != 0 ? each.length : 1;
            const unsigned trap = breakpoint_length(now.subspan(i), at + i);
            const bool equal = std::ranges::equal(bytes.subspan(i, length), now.subspan(i, length));
            if (!equal) {
                if (trap == 0 || trap > length ||
                    !std::ranges::equal(bytes.subspan(i + trap, length - trap), now.subspan(i + trap, length - trap))) {
                    return std::nullopt;
                }
                found = found.value_or(i);
            }
            i += length;
        }
        return found;
    }

    /// All sites of one declaration hold one form, since apply() patches all of them or none. Forms of equal bytes
    /// count as one. A site whose target is out of reach keeps its own.
    void compare_sites_of_declarations() {
        std::map<std::pair<std::uint32_t, std::size_t>, std::pair<const site*, std::vector<std::size_t>>> known;
        for (const auto& [which, now] : held_) {
            if (which->records != 1 || which->forms.size() < 2) {
                continue;
            }
            std::vector<std::size_t> forms; // 0: as in the file
            for (std::size_t i = 0; i < which->forms.size(); ++i) {
                if (std::ranges::equal(which->forms[i].bytes(), now)) {
                    forms.push_back(i);
                }
            }
            const auto [first, added] =
                known.try_emplace({which->forms[1].declaration, which->forms.size()}, which, forms);
            if (added) {
                continue;
            }
            auto& common = first->second.second;
            std::vector<std::size_t> both;
            std::ranges::set_intersection(common, forms, std::back_inserter(both));
            if (both.empty()) {
                auto& found = add(now_->path, which->at,
                                  "this site of " + detail::words_of(*which) + " holds another form than the site at " +
                                      describe(first->second.first->at),
                                  "attest-mixed");
                found.notes.push_back("in memory: " + line_of(*now_->program, now, which->at));
            } else {
                common = std::move(both);
            }
        }
    }

    // ---- Other text -----------------------------------------------------------------------------------

    void compare_plain(std::uint64_t at, std::span<const std::uint8_t> file, std::span<const std::uint8_t> memory) {
        constexpr std::size_t gap = 8; // differences nearer than this are one
        for (std::size_t i = 0; i < file.size();) {
            i = first_difference(file, memory, i);
            if (i == file.size()) {
                return;
            }
            std::size_t end = i + 1;
            for (std::size_t next = first_difference(file, memory, end); next < file.size() && next - end < gap;
                 next = first_difference(file, memory, end)) {
                end = next + 1;
            }
            std::vector<std::uint8_t> again(end - i);
            if (!memory_.runs() || memory_.read(now_->bias + at + i, again.data(), again.size()) != again.size() ||
                !std::ranges::equal(again, file.subspan(i, end - i))) {
                report_text(at + i, file.subspan(i, end - i), memory.subspan(i, end - i));
            }
            i = end;
        }
    }

    [[nodiscard]] static std::size_t first_difference(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                                      std::size_t from) {
        const auto found = std::mismatch(a.begin() + static_cast<std::ptrdiff_t>(from), a.end(),
                                         b.begin() + static_cast<std::ptrdiff_t>(from));
        return static_cast<std::size_t>(found.first - a.begin());
    }

    void report_text(std::uint64_t at, std::span<const std::uint8_t> file, std::span<const std::uint8_t> memory) {
        const std::size_t head = machine_of(*now_->elf) == machine::aarch64 ? at % 4 : 0; // a part of brk may be equal
        std::vector<std::uint8_t> longer(head + std::max<std::size_t>(memory.size(), 16));
        longer.resize(memory_.read(now_->bias + at - head, longer.data(), longer.size()));
        const unsigned trap = breakpoint_length(longer, at - head);
        if (trap != 0 && trap >= head + memory.size()) {
            add_breakpoint(at - head, longer[0], "");
            return;
        }
        longer.erase(longer.begin(), longer.begin() + static_cast<std::ptrdiff_t>(std::min(head, longer.size())));
        const instruction branch = decode_of(*now_->elf)(longer.data(), longer.size(), now_->bias + at);
        const std::string number =
            std::to_string(memory.size()) +
            (memory.size() == 1 ? " byte of text is not the file's" : " bytes of text are not the file's");
        const bool goes_away = branch.flow == flow::jump || branch.flow == flow::call;
        finding& added =
            add(now_->path, at,
                goes_away ? "another patcher: a " + std::string{branch.flow == flow::jump ? "jump" : "call"} + " to " +
                                describe_in_memory(branch.target) + "; " + number
                          : number,
                "attest-text");
        added.notes.push_back("in memory:   " + hex_of(memory));
        added.notes.push_back("in the file: " + hex_of(file));
    }

    // ---- Words ----------------------------------------------------------------------------------------

    [[nodiscard]] static check::machine machine_of(const report::elf_file& elf) {
        return elf.machine() == EM_AARCH64 ? machine::aarch64
               : elf.machine() == EM_386   ? machine::i386
                                           : machine::x86_64;
    }
    [[nodiscard]] static decoder decode_of(const report::elf_file& elf) { return decoder{machine_of(elf)}; }

    static constexpr std::uint8_t int3 = 0xcc;

    /// The length of the breakpoint at the start of these bytes, which are at `at` in the file; 0 if they do not begin
    /// with one. x86: int3, or the call that a uprobe writes over a nop of 5 bytes (Linux 6.18). AArch64: brk, by a
    /// debugger with the number 0 (gdb) or 0xf000, by a uprobe with the number 5.
    [[nodiscard]] unsigned breakpoint_length(std::span<const std::uint8_t> bytes, std::uint64_t at) const {
        if (machine_of(*now_->elf) != machine::aarch64) {
            return !bytes.empty() && bytes[0] == int3 ? 1 : calls_uprobe(bytes, at) ? 5 : 0;
        }
        std::uint32_t word = 0;
        if (bytes.size() >= sizeof word) {
            std::memcpy(&word, bytes.data(), sizeof word);
        }
        return (word & 0xffe0001fU) == 0xd4200000U ? 4 : 0;
    }

    [[nodiscard]] bool calls_uprobe(std::span<const std::uint8_t> bytes, std::uint64_t at) const {
        const instruction call = decode_of(*now_->elf)(bytes.data(), bytes.size(), now_->bias + at);
        const auto& all = memory_.mappings();
        return call.flow == flow::call && call.length == 5 &&
               std::any_of(all.begin(), all.end(), [&](const mapping& each) {
                   return each.path == "[uprobes-trampoline]" && call.target >= each.begin && call.target < each.end;
               });
    }

    /// A breakpoint that begins with this byte; `where`: " on ", and a site.
    finding& add_breakpoint(std::uint64_t at, std::uint8_t first, const std::string& where) {
        const bool trap = machine_of(*now_->elf) == machine::aarch64 || first == int3;
        finding& added = add(now_->path, at, (trap ? "a breakpoint" : "a uprobe") + where, "attest-breakpoint");
        if (const std::string suspect = memory_.suspect(); trap && !suspect.empty()) {
            added.message += "; " + suspect;
        }
        return added;
    }

    [[nodiscard]] static std::string hex_of(std::span<const std::uint8_t> bytes) {
        constexpr std::size_t most = 32;
        std::string text;
        for (const std::uint8_t each : bytes.first(std::min(bytes.size(), most))) {
            const char* const digits = "0123456789abcdef";
            text += text.empty() ? "" : " ";
            text += digits[each >> 4];
            text += digits[each & 15U];
        }
        return bytes.size() > most ? text + " ..." : text;
    }

    /// Bytes as instructions; a target outside of the image by its own image's name.
    [[nodiscard]] std::string text_in_memory(const std::vector<std::uint8_t>& now, std::uint64_t at) const {
        const instruction branch = now_->program->decode()(now.data(), now.size(), now_->bias + at);
        std::string text = line_of(*now_->program, now, at);
        return branch.goes_to_target() ? text + ", to " + describe_in_memory(branch.target) : text;
    }

    [[nodiscard]] std::string describe(std::uint64_t at) const {
        return now_->program != nullptr ? now_->program->describe(at) : report::detail::hex(at);
    }

    [[nodiscard]] std::string describe_in_memory(std::uint64_t at) const {
        const auto& all = memory_.mappings();
        const auto in = std::find_if(all.begin(), all.end(),
                                     [&](const mapping& each) { return at >= each.begin && at < each.end; });
        if (in == all.end()) {
            return report::detail::hex(at) + ", where nothing is mapped";
        }
        if (in->path == now_->path) {
            return describe(at - now_->bias);
        }
        return (in->path.empty() ? "memory of no file" : in->path) + '+' + report::detail::hex(at - in->begin);
    }

    finding& add(const std::string& path, std::uint64_t at, std::string message, std::string rule = "attest-text") {
        finding added{.rule = std::move(rule), .at = at, .message = std::move(message)};
        if (at != 0 && now_ != nullptr && now_->program != nullptr) {
            findings one;
            added = now_->program->add(one, added.rule, at, added.message);
        } else if (at != 0 && now_ != nullptr) {
            add_place(added);
        }
        differences_.push_back({path, std::move(added)});
        return differences_.back().what;
    }

    /// The section of an address in a file without tables.
    void add_place(finding& to) const {
        for (const auto& each : now_->elf->sections()) {
            if ((each.flags & SHF_ALLOC) != 0 && to.at - each.address < each.size) {
                to.section = each.name;
                to.offset = to.at - each.address;
            }
        }
        const report::symbols symbols{now_->elf->path()};
        to.function = symbols.describe(to.at);
    }

    /// Code that is in no file is not judged, but reported.
    void note_other_code() {
        now_ = nullptr;
        for (const auto& each : memory_.mappings()) {
            const bool in_image = std::any_of(images_.begin(), images_.end(),
                                              [&](const attested_image& image) { return covers(image, each); });
            if (each.executable && each.path.empty() && !in_image) {
                add("", 0,
                    std::to_string(each.end - each.begin) + " bytes of executable memory at " +
                        report::detail::hex(each.begin) + " belong to no file, and are not attested")
                    .severity = severity::note;
            }
        }
    }

    [[nodiscard]] static bool covers(const attested_image& image, const mapping& which) {
        const auto& all = image.elf->segments();
        return std::any_of(all.begin(), all.end(), [&](const report::elf_segment& each) {
            return each.type == PT_LOAD && (each.flags & PF_X) != 0 &&
                   which.begin - (image.bias + (each.address & ~std::uint64_t{4095})) < each.memory_size + 4096;
        });
    }

    static constexpr std::chrono::milliseconds patience_for_one{1000};

    const memory_source& memory_;
    std::chrono::milliseconds patience_{3000}; ///< for all sites
    std::set<std::uint64_t> targets_{};        ///< values that the pointers of the site have had
    std::vector<attested_image> images_{};
    std::vector<std::pair<std::string, std::uint64_t>> executable_of_{};
    std::map<std::string, std::shared_ptr<check::program>> programs_{};
    const attested_image* now_{};
    std::vector<std::pair<const site*, std::vector<std::uint8_t>>> held_{};
    std::vector<difference> differences_{};
    counts counts_{};
};

} // namespace check
} // namespace inlay
