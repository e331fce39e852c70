// SPDX-License-Identifier: BSL-1.0
//
// object: a relocatable object as a program: its sections have addresses, and its relocations are applied.
//
//     const inlay::report::elf_file object{"main.o"};
//     const inlay::report::elf_file linked{"main.o", inlay::check::link(object)};
//
// How it works. A linker in memory does the least that the rules need. Sections of one name are neighbours, as in a
// linked file, and text is first. An undefined symbol gets a separate place in text, filled with instructions that
// return: the rules then see a function. Code that reads pointers from a global offset table gets one. Relocations of
// thread-local data stay undone, since no rule reads it. An unknown relocation type in a loaded section is refused.
// (The types: the supplements of the System V ABI for AMD64 and i386; ELF for the Arm 64-bit Architecture.)
#pragma once

#include "inlay/report/architectures.hpp"
#include "inlay/report/elf.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <elf.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {
namespace detail {

/// How a relocation changes the bytes.
enum class relocated : std::uint8_t {
    nothing,
    absolute,     ///< S + A
    relative,     ///< S + A - P
    by_table,     ///< the entry of the global offset table + A - P
    table_offset, ///< the entry of the table, counted from the table, + A
    from_table,   ///< S + A - the table
    table,        ///< the table + A - P
    branch,       ///< S + A - P, in instructions, in a field of the word
    page,         ///< Page(S + A) - Page(P), of adrp
    table_page,   ///< the same for the entry of the table
    low,          ///< the low 12 bits of S + A, in units of 2^scale
    table_low,    ///< the same for the entry of the table
    distance,     ///< S + A - P, of adr
    unknown,
};

struct relocation_kind {
    relocated what{relocated::unknown};
    unsigned size{};  ///< of the field, in bytes
    unsigned low{};   ///< of `branch`, `low`: the field's first bit
    unsigned width{}; ///< and its number of bits
    unsigned scale{};
};

[[nodiscard]] inline relocation_kind kind_on_x86_64(std::uint32_t type) noexcept {
    switch (type) {
    case R_X86_64_NONE:
    case R_X86_64_TLSGD:
    case R_X86_64_TLSLD:
    case R_X86_64_DTPOFF32:
    case R_X86_64_DTPOFF64:
    case R_X86_64_GOTTPOFF:
    case R_X86_64_TPOFF32:
    case R_X86_64_TPOFF64:
        return {relocated::nothing};
    case R_X86_64_64:
        return {relocated::absolute, 8};
    case R_X86_64_32:
    case R_X86_64_32S:
        return {relocated::absolute, 4};
    case R_X86_64_16:
        return {relocated::absolute, 2};
    case R_X86_64_8:
        return {relocated::absolute, 1};
    case R_X86_64_PC64:
        return {relocated::relative, 8};
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
        return {relocated::relative, 4};
    case R_X86_64_PC16:
        return {relocated::relative, 2};
    case R_X86_64_PC8:
        return {relocated::relative, 1};
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX:
        return {relocated::by_table, 4};
    case R_X86_64_GOTPC32:
        return {relocated::table, 4};
    case R_X86_64_GOTOFF64:
        return {relocated::from_table, 8};
    default:
        return {};
    }
}

[[nodiscard]] inline relocation_kind kind_on_i386(std::uint32_t type) noexcept {
    switch (type) {
    case R_386_NONE:
    case R_386_TLS_GD:
    case R_386_TLS_LDM:
    case R_386_TLS_LDO_32:
    case R_386_TLS_IE:
    case R_386_TLS_GOTIE:
    case R_386_TLS_LE:
        return {relocated::nothing};
    case R_386_32:
        return {relocated::absolute, 4};
    case R_386_PC32:
    case R_386_PLT32:
        return {relocated::relative, 4};
    case R_386_GOT32:
    case R_386_GOT32X:
        return {relocated::table_offset, 4};
    case R_386_GOTOFF:
        return {relocated::from_table, 4};
    case R_386_GOTPC:
        return {relocated::table, 4};
    default:
        return {};
    }
}

[[nodiscard]] inline relocation_kind kind_on_aarch64(std::uint32_t type) noexcept {
    if (type >= R_AARCH64_TLSGD_ADR_PREL21 && type <= R_AARCH64_TLSLD_LDST128_DTPREL_LO12_NC) {
        return {relocated::nothing};
    }
    switch (type) {
    case R_AARCH64_NONE:
        return {relocated::nothing};
    case R_AARCH64_ABS64:
        return {relocated::absolute, 8};
    case R_AARCH64_ABS32:
        return {relocated::absolute, 4};
    case R_AARCH64_ABS16:
        return {relocated::absolute, 2};
    case R_AARCH64_PREL64:
        return {relocated::relative, 8};
    case R_AARCH64_PREL32:
        return {relocated::relative, 4};
    case R_AARCH64_CALL26:
    case R_AARCH64_JUMP26:
        return {relocated::branch, 4, 0, 26};
    case R_AARCH64_CONDBR19:
    case R_AARCH64_LD_PREL_LO19:
        return {relocated::branch, 4, 5, 19};
    case R_AARCH64_TSTBR14:
        return {relocated::branch, 4, 5, 14};
    case R_AARCH64_ADR_PREL_LO21:
        return {relocated::distance, 4};
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADR_PREL_PG_HI21_NC:
        return {relocated::page, 4};
    case R_AARCH64_ADR_GOT_PAGE:
        return {relocated::table_page, 4};
    case R_AARCH64_LD64_GOT_LO12_NC:
        return {relocated::table_low, 4, 10, 12, 3};
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC:
        return {relocated::low, 4, 10, 12, 0};
    case R_AARCH64_LDST16_ABS_LO12_NC:
        return {relocated::low, 4, 10, 12, 1};
    case R_AARCH64_LDST32_ABS_LO12_NC:
        return {relocated::low, 4, 10, 12, 2};
    case R_AARCH64_LDST64_ABS_LO12_NC:
        return {relocated::low, 4, 10, 12, 3};
    case R_AARCH64_LDST128_ABS_LO12_NC:
        return {relocated::low, 4, 10, 12, 4};
    default:
        return {};
    }
}

template <class Elf>
class object_linker {
    using header = typename Elf::header;
    using section = typename Elf::section;
    using symbol = typename Elf::symbol;
    using segment = typename Elf::segment;
    using word = typename Elf::word;

public:
    explicit object_linker(const report::elf_file& object) : object_{object} {}

    [[nodiscard]] std::vector<char> operator()() {
        read();
        place();
        define();
        relocate();
        return write();
    }

private:
    static constexpr std::uint64_t page = 4096;
    static constexpr std::uint64_t stub_size = 16; ///< of an undefined symbol
    static constexpr std::uint64_t base = 0x10000;
    static constexpr std::size_t most_segments = 64;
    static_assert(sizeof(header) + most_segments * sizeof(segment) <= page);

    struct piece {
        std::vector<char> bytes{}; ///< of a section; empty where it has no bytes in the file
        std::uint64_t size{};
        std::uint64_t at{};
        std::uint64_t offset{}; ///< in the new file
    };

    [[nodiscard]] static bool is_loaded(const report::elf_section& section) noexcept {
        return (section.flags & SHF_ALLOC) != 0;
    }

    void read() {
        std::uint64_t zeros = 0; // of all sections
        std::uint64_t copied = 0;
        for (const auto& each : object_.sections()) {
            piece one{.size = each.size};
            if (each.type != SHT_NOBITS && each.type != SHT_NULL) {
                const char* const from = object_.bytes(each.offset, each.size, "a section");
                copied += each.size;
                if (copied > object_.size()) {
                    object_.fail("it is damaged: its sections overlap");
                }
                one.bytes.assign(from, from + each.size);
            } else if (is_loaded(each)) {
                zeros += std::min(each.size, most_zeros + 1);
                if (zeros > most_zeros) {
                    object_.fail("its section " + each.name + " has " + std::to_string(each.size) +
                                 " bytes; more than 128 MiB of zeros are not linked in memory");
                }
            }
            pieces_.push_back(std::move(one));
            if (each.type == SHT_SYMTAB) {
                symbols_at_ = pieces_.size() - 1;
            }
        }
        const std::vector<char>& table = pieces_.empty() ? none_ : pieces_[symbols_at_].bytes;
        symbols_.resize(table.size() / sizeof(symbol));
        if (!symbols_.empty()) {
            std::memcpy(symbols_.data(), table.data(), symbols_.size() * sizeof(symbol));
        }
        names_ = object_.symbols();
        if (symbols_at_ == 0 || names_.size() != symbols_.size()) {
            object_.fail("it has no symbols, so its relocations cannot be applied");
        }
    }

    // ---- Addresses ------------------------------------------------------------------------------------

    /// Text, constants, data: each on pages of its own. In each of them, sections of one name are neighbours, and the
    /// first of them begins where the most aligned one could.
    void place() {
        const auto& sections = object_.sections();
        std::map<std::string, std::size_t> met;
        std::map<std::string, std::uint64_t> alignments;
        for (std::size_t i = 0; i < sections.size(); ++i) {
            met.try_emplace(sections[i].name, i);
            std::uint64_t& most = alignments[sections[i].name];
            most = std::max(most, std::clamp<std::uint64_t>(sections[i].alignment, 1, page));
        }
        const auto kind = [&](std::size_t i) {
            return (sections[i].flags & SHF_EXECINSTR) != 0 ? 0 : (sections[i].flags & SHF_WRITE) != 0 ? 2 : 1;
        };
        for (std::size_t i = 0; i < sections.size(); ++i) {
            if (is_loaded(sections[i])) {
                order_.push_back(i);
            }
        }
        std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
            return std::tuple{kind(a), met[sections[a].name], a} < std::tuple{kind(b), met[sections[b].name], b};
        });
        std::uint64_t at = base;
        int before = -1;
        for (const std::size_t i : order_) {
            if (kind(i) != before) {
                if (before == 0) {
                    at = place_stubs(at);
                }
                at = (at + page - 1) / page * page;
                starts_[kind(i)] = at;
                before = kind(i);
            }
            const std::uint64_t alignment = met[sections[i].name] == i
                                                ? alignments[sections[i].name]
                                                : std::clamp<std::uint64_t>(sections[i].alignment, 1, page);
            at = (at + alignment - 1) / alignment * alignment;
            pieces_[i].at = at;
            at += pieces_[i].size;
            ends_[kind(i)] = at;
        }
        if (before == 0) {
            at = place_stubs(at);
        }
        table_ = (at + 15) / 16 * 16;
        if (starts_[2] == 0) {
            starts_[2] = table_ = (at + page - 1) / page * page;
        }
    }

    [[nodiscard]] std::uint64_t place_stubs(std::uint64_t at) {
        stubs_ = (at + stub_size - 1) / stub_size * stub_size;
        for (std::size_t i = 1; i < symbols_.size(); ++i) {
            undefined_ += symbols_[i].st_shndx == SHN_UNDEF ? 1 : 0;
        }
        ends_[0] = stubs_ + undefined_ * stub_size;
        return ends_[0];
    }

    /// Gives each symbol its address.
    void define() {
        std::uint64_t stub = stubs_;
        for (std::size_t i = 1; i < symbols_.size(); ++i) {
            symbol& each = symbols_[i];
            if (each.st_shndx == SHN_UNDEF) {
                const std::uint64_t bound = bound_of(names_[i].name);
                each.st_value = static_cast<word>(bound != 0 ? bound : stub);
                each.st_info = static_cast<unsigned char>((STB_LOCAL << 4) | (bound != 0 ? STT_OBJECT : STT_FUNC));
                each.st_size = bound != 0 ? 0 : stub_size;
                each.st_shndx = SHN_ABS;
                stub += stub_size;
            } else if (each.st_shndx < pieces_.size()) {
                each.st_value = static_cast<word>(each.st_value + pieces_[each.st_shndx].at);
            }
        }
    }

    /// The address that a linker's symbol __start_NAME or __stop_NAME has; 0 for any other.
    [[nodiscard]] std::uint64_t bound_of(const std::string& name) const {
        const bool start = name.starts_with("__start_");
        if (!start && !name.starts_with("__stop_")) {
            return 0;
        }
        std::uint64_t found = 0;
        for (const std::size_t i : order_) {
            if (object_.sections()[i].name == name.substr(start ? 8 : 7)) {
                found = start && found != 0 ? found : start ? pieces_[i].at : pieces_[i].at + pieces_[i].size;
            }
        }
        return found;
    }

    [[nodiscard]] std::uint64_t entry_of(std::uint64_t value) {
        const auto [known, news] = entries_.try_emplace(value, table_ + entries_.size() * sizeof(word));
        return known->second;
    }

    // ---- Relocations ----------------------------------------------------------------------------------

    void relocate() {
        const auto& sections = object_.sections();
        for (std::size_t i = 0; i < sections.size(); ++i) {
            if ((sections[i].type != SHT_RELA && sections[i].type != SHT_REL) || sections[i].info >= pieces_.size()) {
                continue;
            }
            const bool addends = sections[i].type == SHT_RELA;
            for (const auto& each : object_.relocations_at(sections[i].offset, sections[i].size, addends)) {
                relocate(sections[sections[i].info], pieces_[sections[i].info], each);
            }
        }
    }

    void relocate(const report::elf_section& in, piece& to, const report::elf_relocation& one) {
        const relocation_kind kind = object_.machine() == EM_X86_64 ? kind_on_x86_64(one.type)
                                     : object_.machine() == EM_386  ? kind_on_i386(one.type)
                                                                    : kind_on_aarch64(one.type);
        if (kind.what == relocated::nothing || (kind.what == relocated::unknown && !is_loaded(in))) {
            return;
        }
        if (kind.what == relocated::unknown) {
            object_.fail("its section " + in.name + " has a relocation of type " + std::to_string(one.type) +
                         ", which the checker does not know");
        }
        if (one.symbol >= symbols_.size() || one.where > to.bytes.size() || kind.size > to.bytes.size() - one.where) {
            object_.fail("it is damaged: a relocation of section " + in.name + " is outside of it");
        }
        char* const at = to.bytes.data() + one.where;
        const std::uint64_t addend = one.has_addend ? one.addend : load(at, kind.size);
        const std::uint64_t value = symbols_[one.symbol].st_value + addend;
        store(at, kind, result(kind, value, addend, symbols_[one.symbol].st_value, to.at + one.where),
              to.at + one.where);
    }

    [[nodiscard]] std::uint64_t result(const relocation_kind& kind, std::uint64_t value, std::uint64_t addend,
                                       std::uint64_t plain, std::uint64_t place) {
        switch (kind.what) {
        case relocated::relative:
        case relocated::branch:
        case relocated::distance:
            return value - place;
        case relocated::by_table:
            return entry_of(plain) + addend - place;
        case relocated::table_offset:
            return entry_of(plain) + addend - table_;
        case relocated::from_table:
            return value - table_;
        case relocated::table:
            return table_ + addend - place;
        case relocated::table_page:
        case relocated::table_low:
            return entry_of(value);
        default:
            return value;
        }
    }

    [[nodiscard]] static std::uint64_t load(const char* at, unsigned size) noexcept {
        std::uint64_t value = 0; // both machines are little endian
        std::memcpy(&value, at, size);
        if (size == 4) { // an addend in place is signed
            value = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(value)});
        }
        return value;
    }

    static void store(char* at, const relocation_kind& kind, std::uint64_t value, std::uint64_t place) noexcept {
        std::uint64_t bits = value;
        if (kind.what == relocated::branch || kind.what == relocated::low || kind.what == relocated::table_low) {
            const bool low = kind.what != relocated::branch;
            const std::uint32_t mask = ((1U << kind.width) - 1) << kind.low;
            const auto field = static_cast<std::uint32_t>(low ? (value & 0xfffU) >> kind.scale : value >> 2U);
            bits = (load(at, 4) & ~mask) | (field << kind.low & mask);
        } else if (kind.what == relocated::page || kind.what == relocated::table_page ||
                   kind.what == relocated::distance) {
            const std::uint64_t field =
                kind.what == relocated::distance ? value : (value / page * page - place / page * page) / page;
            bits = (load(at, 4) & 0x9f00001fU) | (field & 3U) << 29U | (field >> 2U & 0x7ffffU) << 5U;
        }
        std::memcpy(at, &bits, kind.size);
    }

    // ---- The new file ---------------------------------------------------------------------------------

    /// Header, segments, all sections with their bytes, stubs, the global offset table, the section headers.
    [[nodiscard]] std::vector<char> write() {
        header head{};
        std::memcpy(&head, object_.bytes(0, sizeof head, "the ELF header"), sizeof head);
        copy(pieces_[symbols_at_].bytes.data(), symbols_.data(), symbols_.size() * sizeof(symbol));
        std::vector<segment> segments;
        std::vector<char> file(page); // of headers: three segments, and those of notes
        for (const int kind : {0, 1, 2}) {
            const std::uint64_t end = kind == 2 ? table_ + entries_.size() * sizeof(word) : ends_[kind];
            if (starts_[kind] == 0 || end <= starts_[kind]) {
                continue;
            }
            const std::uint64_t size = end - starts_[kind];
            segment added{};
            added.p_type = PT_LOAD;
            added.p_flags = kind == 0 ? PF_R | PF_X : kind == 1 ? PF_R : PF_R | PF_W;
            added.p_offset = static_cast<word>(file.size());
            added.p_vaddr = added.p_paddr = static_cast<word>(starts_[kind]);
            added.p_filesz = added.p_memsz = static_cast<word>(size);
            added.p_align = page;
            segments.push_back(added);
            file.resize(file.size() + (size + page - 1) / page * page);
            copy_loaded(file, added);
        }
        for (const std::size_t i : order_) { // inlay's note has the version of the tables
            if (object_.sections()[i].type == SHT_NOTE && segments.size() < most_segments) {
                segment added{};
                added.p_type = PT_NOTE;
                added.p_offset = static_cast<word>(pieces_[i].offset);
                added.p_vaddr = static_cast<word>(pieces_[i].at);
                added.p_filesz = added.p_memsz = static_cast<word>(pieces_[i].size);
                segments.push_back(added);
            }
        }
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            if (!is_loaded(object_.sections()[i])) {
                file.resize((file.size() + 15) / 16 * 16);
                pieces_[i].offset = file.size();
                file.insert(file.end(), pieces_[i].bytes.begin(), pieces_[i].bytes.end());
            }
        }
        file.resize((file.size() + 15) / 16 * 16);
        head.e_type = ET_EXEC;
        head.e_phoff = sizeof head;
        head.e_phentsize = sizeof(segment);
        head.e_phnum = static_cast<std::uint16_t>(segments.size());
        write_sections(file, head);
        std::memcpy(file.data(), &head, sizeof head);
        copy(file.data() + sizeof head, segments.data(), segments.size() * sizeof(segment));
        return file;
    }

    /// An empty vector has no data.
    static void copy(void* to, const void* from, std::size_t size) noexcept {
        if (size != 0) {
            std::memcpy(to, from, size);
        }
    }

    void copy_loaded(std::vector<char>& file, const segment& in) {
        for (const std::size_t i : order_) {
            piece& each = pieces_[i];
            if (each.at >= in.p_vaddr && each.at + each.size <= std::uint64_t{in.p_vaddr} + in.p_memsz) {
                each.offset = in.p_offset + (each.at - in.p_vaddr);
                std::copy(each.bytes.begin(), each.bytes.end(),
                          file.begin() + static_cast<std::ptrdiff_t>(each.offset));
            }
        }
        if ((in.p_flags & PF_X) != 0) {
            const auto begin = file.begin() + static_cast<std::ptrdiff_t>(in.p_offset + (stubs_ - in.p_vaddr));
            for (std::uint64_t i = 0; i < undefined_ * stub_size; i += 4) {
                const std::uint32_t returns = object_.machine() == EM_AARCH64 ? 0xd65f03c0U : 0xc3c3c3c3U;
                std::memcpy(&*(begin + static_cast<std::ptrdiff_t>(i)), &returns, sizeof returns);
            }
        }
        if ((in.p_flags & PF_W) != 0) {
            for (const auto& [value, at] : entries_) {
                const auto pointer = static_cast<word>(value);
                std::memcpy(file.data() + in.p_offset + (at - in.p_vaddr), &pointer, sizeof pointer);
            }
        }
    }

    void write_sections(std::vector<char>& file, header& head) {
        const char* from = object_.bytes(head.e_shoff, std::uint64_t{head.e_shnum} * sizeof(section), "the sections");
        std::vector<section> sections(head.e_shnum);
        copy(sections.data(), from, sections.size() * sizeof(section));
        for (std::size_t i = 0; i < sections.size(); ++i) {
            const bool relocation = sections[i].sh_type == SHT_RELA || sections[i].sh_type == SHT_REL;
            sections[i].sh_addr = static_cast<word>(pieces_[i].at);
            sections[i].sh_offset = static_cast<word>(pieces_[i].offset);
            sections[i].sh_type = relocation                          ? std::uint32_t{SHT_PROGBITS} // applied
                                  : sections[i].sh_type == SHT_NOBITS ? std::uint32_t{SHT_PROGBITS}
                                                                      : sections[i].sh_type;
        }
        merge_tables(sections);
        // The symbols that were undefined are in text now: the last section, of the stubs.
        if (undefined_ != 0) {
            section stubs{};
            stubs.sh_type = SHT_PROGBITS;
            stubs.sh_flags = SHF_ALLOC | SHF_EXECINSTR;
            stubs.sh_addr = static_cast<word>(stubs_);
            stubs.sh_offset = static_cast<word>(page + (stubs_ - starts_[0]));
            stubs.sh_size = static_cast<word>(undefined_ * stub_size);
            sections.push_back(stubs);
            symbols_section_ = static_cast<std::uint16_t>(sections.size() - 1);
            for (auto& each : symbols_) {
                each.st_shndx = each.st_shndx == SHN_ABS && each.st_value >= stubs_ &&
                                        each.st_value < stubs_ + undefined_ * stub_size
                                    ? symbols_section_
                                    : each.st_shndx;
            }
            std::memcpy(file.data() + pieces_[symbols_at_].offset, symbols_.data(), symbols_.size() * sizeof(symbol));
        }
        head.e_shoff = static_cast<word>(file.size());
        head.e_shnum = static_cast<std::uint16_t>(sections.size());
        const auto* const bytes = reinterpret_cast<const char*>(sections.data());
        file.insert(file.end(), bytes, bytes + sections.size() * sizeof(section));
    }

    /// Gives the first section of each table all its records, for readers that look for the section by name.
    void merge_tables(std::vector<section>& sections) const {
        std::map<std::string, std::size_t> first;
        for (const std::size_t i : order_) {
            const std::string& name = object_.sections()[i].name;
            const auto [known, news] = first.try_emplace(name, i);
            if (!news && name.starts_with("inlay_")) {
                section& all = sections[known->second];
                all.sh_size = static_cast<word>(pieces_[i].at + pieces_[i].size - all.sh_addr);
                sections[i].sh_size = 0;
            }
        }
    }

    static constexpr std::uint64_t most_zeros = std::uint64_t{1} << 27;

    const report::elf_file& object_;
    std::vector<piece> pieces_{};
    std::vector<char> none_{};
    std::vector<symbol> symbols_{};
    std::vector<report::elf_symbol> names_{};
    std::vector<std::size_t> order_{};                 ///< the sections that are loaded, by address
    std::map<std::uint64_t, std::uint64_t> entries_{}; ///< of the global offset table: the pointer, its place
    std::uint64_t starts_[3]{}, ends_[3]{};            // NOLINT(*-avoid-c-arrays): of text, constants, data
    std::uint64_t stubs_{}, undefined_{}, table_{};
    std::size_t symbols_at_{};
    std::uint16_t symbols_section_{};
};

struct wide_elf {
    using header = Elf64_Ehdr;
    using section = Elf64_Shdr;
    using symbol = Elf64_Sym;
    using segment = Elf64_Phdr;
    using word = std::uint64_t;
};
struct narrow_elf {
    using header = Elf32_Ehdr;
    using section = Elf32_Shdr;
    using symbol = Elf32_Sym;
    using segment = Elf32_Phdr;
    using word = std::uint32_t;
};

} // namespace detail

/// The bytes of an object as a program. Throws report::file_error if it is damaged, or has relocations that are not
/// known.
[[nodiscard]] inline std::vector<char> link(const report::elf_file& object) {
    return object.is_64_bit() ? detail::object_linker<detail::wide_elf>{object}()
                              : detail::object_linker<detail::narrow_elf>{object}();
}

} // namespace check
} // namespace inlay
