// SPDX-License-Identifier: BSL-1.0
//
// elf: an ELF file of any machine: its segments, sections, symbols and relocations.
//
//     const inlay::report::elf_file file{"vmlinux"};
//     for (const auto& segment : file.segments()) ...
//
// How it works. Files with 32 and with 64 bits become the same structs. Every read is checked against the file's size.
// A file that ends too early, or is no ELF file, throws file_error, and its sentence names the part and its place. (The
// format is in the System V ABI, chapters 4 and 5.)
#pragma once

#include "inlay/report/architectures.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <elf.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

/// Why a file cannot be reported on: "inlay: FILE: reason".
using file_error = std::runtime_error;

struct elf_segment {
    std::uint32_t type{}, flags{};
    std::uint64_t offset{}, address{}, file_size{}, memory_size{};
};

struct elf_section {
    std::string name{};
    std::uint32_t type{}, link{};
    std::uint64_t flags{}, address{}, offset{}, size{};
    std::uint32_t info{};
    std::uint64_t alignment{};
};

struct elf_symbol {
    std::string name{};
    std::uint64_t value{};
    bool defined{};
    std::uint64_t size{};    ///< in bytes; 0 is common in assembly sources
    std::uint8_t type{};     ///< STT_...
    std::uint8_t binding{};  ///< STB_...
    std::uint32_t section{}; ///< its index, or SHN_...
};

struct elf_relocation {
    std::uint64_t where{};
    std::uint32_t type{};
    std::uint64_t symbol{}; ///< its index in the dynamic symbols
    std::uint64_t addend{};
    bool has_addend{}; ///< else the memory has it
};

class elf_file {
public:
    explicit elf_file(const std::string& path) : elf_file{path, content_of(path)} {}

    /// A file that is in memory; errors call it `path`.
    elf_file(std::string path, std::vector<char> content) : path_{std::move(path)}, bytes_{std::move(content)} {
        if (bytes_.size() < EI_NIDENT || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
            fail("it is no ELF file: its first bytes are not those of one");
        }
        const auto kind = static_cast<unsigned char>(bytes_[EI_CLASS]);
        const auto order = static_cast<unsigned char>(bytes_[EI_DATA]);
        if (order != ELFDATA2LSB) {
            fail(order == ELFDATA2MSB ? "it is big-endian; inlay's tables are little-endian"
                                      : "it is no ELF file: byte 5 says neither little-endian nor big-endian");
        }
        if (kind != ELFCLASS32 && kind != ELFCLASS64) {
            fail("it is no ELF file: byte 4 says neither 32 nor 64 bits");
        }
        wide_ = kind == ELFCLASS64;
        read_header();
        read_segments();
        read_sections();
    }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] bool is_64_bit() const noexcept { return wide_; }
    [[nodiscard]] std::uint16_t machine() const noexcept { return machine_; }
    [[nodiscard]] std::uint16_t type() const noexcept { return type_; }
    [[nodiscard]] const std::vector<elf_segment>& segments() const noexcept { return segments_; }
    [[nodiscard]] const std::vector<elf_section>& sections() const noexcept { return sections_; }

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

    [[noreturn]] void fail(const std::string& reason) const { fail(path_, reason); }

    /// `size` bytes of the file from `offset` on; `what` names them.
    [[nodiscard]] const char* bytes(std::uint64_t offset, std::uint64_t size, const char* what) const {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            fail(std::string{"it is truncated or damaged: "} + what + " at byte " + detail::hex(offset) + " (" +
                 std::to_string(size) + " bytes) is outside of the file, which has " + std::to_string(bytes_.size()) +
                 " bytes");
        }
        return bytes_.data() + offset;
    }

    /// The symbols of .symtab, or of .dynsym where the file is stripped.
    [[nodiscard]] std::vector<elf_symbol> symbols() const {
        for (const std::uint32_t type : {std::uint32_t{SHT_SYMTAB}, std::uint32_t{SHT_DYNSYM}}) {
            for (const auto& section : sections_) {
                if (section.type == type && section.link < sections_.size()) {
                    const auto& names = sections_[section.link];
                    return read_symbols(section.offset, section.size / size_of<Elf64_Sym, Elf32_Sym>(), names.offset,
                                        names.size);
                }
            }
        }
        return {};
    }

    /// The changes that the dynamic linker makes to the image before it runs. Compact ones (DT_RELR) are left out: they
    /// change nothing in an image at the addresses of the file.
    [[nodiscard]] std::vector<elf_relocation> relocations() const {
        std::vector<elf_relocation> result;
        const auto table = [&](std::uint64_t begin, std::uint64_t size, const auto& add) {
            if (begin != 0 && size != 0) {
                add(offset_of(begin, size, "a relocation table"), size);
            }
        };
        table(dynamic(DT_RELA), dynamic(DT_RELASZ),
              [&](std::uint64_t offset, std::uint64_t size) { read_relocations(result, offset, size, true); });
        table(dynamic(DT_REL), dynamic(DT_RELSZ),
              [&](std::uint64_t offset, std::uint64_t size) { read_relocations(result, offset, size, false); });
        return result;
    }

    /// The relocations in one relocation section.
    [[nodiscard]] std::vector<elf_relocation> relocations_at(std::uint64_t offset, std::uint64_t size,
                                                             bool addends) const {
        std::vector<elf_relocation> result;
        read_relocations(result, offset, size, addends);
        return result;
    }

    /// The dynamic symbol of this index.
    [[nodiscard]] elf_symbol dynamic_symbol(std::uint64_t index) const {
        const std::uint64_t table = dynamic(DT_SYMTAB);
        const std::uint64_t names = dynamic(DT_STRTAB);
        const std::uint64_t size = size_of<Elf64_Sym, Elf32_Sym>();
        if (table == 0 || names == 0 || index > bytes_.size()) {
            fail("its relocations refer to symbols that it does not have");
        }
        const std::uint64_t names_size = dynamic(DT_STRSZ);
        return read_symbols(offset_of(table + index * size, size, "a dynamic symbol"), 1,
                            offset_of(names, names_size, "the names of dynamic symbols"), names_size)[0];
    }

    /// The value of an entry in the dynamic section, if the section has the entry.
    [[nodiscard]] std::optional<std::uint64_t> dynamic_value(std::int64_t tag) const {
        for (const auto& segment : segments_) {
            if (segment.type != PT_DYNAMIC) {
                continue;
            }
            std::optional<std::uint64_t> value;
            bool end = false;
            const std::uint64_t each = size_of<Elf64_Dyn, Elf32_Dyn>();
            for (std::uint64_t at = 0; !value && !end && at + each <= segment.file_size; at += each) {
                read<Elf64_Dyn, Elf32_Dyn>(segment.offset + at, "the dynamic section", [&](const auto& entry) {
                    end = entry.d_tag == DT_NULL;
                    if (entry.d_tag == tag) {
                        value = entry.d_un.d_val;
                    }
                });
            }
            return value;
        }
        return std::nullopt;
    }

private:
    [[noreturn]] static void fail(const std::string& path, const std::string& reason) {
        throw file_error{"inlay: " + path + ": " + reason};
    }

    [[nodiscard]] static std::vector<char> content_of(const std::string& path) {
        std::ifstream file{path, std::ios::binary | std::ios::ate};
        const auto size = file.is_open() ? static_cast<std::streamoff>(file.tellg()) : std::streamoff{-1};
        std::vector<char> content;
        if (size >= 0) {
            content.resize(static_cast<std::size_t>(size));
            file.seekg(0);
            file.read(content.data(), size);
        }
        if (size < 0 || !file) {
            fail(path, "it cannot be read");
        }
        return content;
    }

    template <class Wide, class Narrow>
    [[nodiscard]] std::uint64_t size_of() const {
        return wide_ ? sizeof(Wide) : sizeof(Narrow);
    }

    /// Calls `use` with the struct of the file's class at `offset`.
    template <class Wide, class Narrow, class Use>
    void read(std::uint64_t offset, const char* what, const Use& use) const {
        if (wide_) {
            Wide it{};
            std::memcpy(&it, bytes(offset, sizeof it, what), sizeof it);
            use(it);
        } else {
            Narrow it{};
            std::memcpy(&it, bytes(offset, sizeof it, what), sizeof it);
            use(it);
        }
    }

    void read_header() {
        read<Elf64_Ehdr, Elf32_Ehdr>(0, "the ELF header", [&](const auto& header) {
            machine_ = header.e_machine;
            type_ = header.e_type;
            segments_at_ = header.e_phoff;
            segments_.resize(header.e_phnum);
            sections_at_ = header.e_shoff;
            sections_.resize(header.e_shoff != 0 ? header.e_shnum : 0);
            names_ = header.e_shstrndx;
        });
    }

    void read_segments() {
        std::uint64_t at = segments_at_;
        for (auto& to : segments_) {
            read<Elf64_Phdr, Elf32_Phdr>(at, "a program header", [&](const auto& from) {
                to = {from.p_type, from.p_flags, from.p_offset, from.p_vaddr, from.p_filesz, from.p_memsz};
            });
            at += size_of<Elf64_Phdr, Elf32_Phdr>();
        }
    }

    void read_sections() {
        std::vector<std::uint64_t> names;
        std::uint64_t at = sections_at_;
        for (auto& to : sections_) {
            read<Elf64_Shdr, Elf32_Shdr>(at, "a section header", [&](const auto& from) {
                to = {{},           from.sh_type, from.sh_link,     from.sh_flags, from.sh_addr, from.sh_offset,
                      from.sh_size, from.sh_info, from.sh_addralign};
                names.push_back(from.sh_name);
            });
            at += size_of<Elf64_Shdr, Elf32_Shdr>();
        }
        for (std::size_t i = 0; i < sections_.size() && names_ < sections_.size(); ++i) {
            const auto& text = sections_[names_];
            sections_[i].name = text_at(text.offset, text.size, names[i], "a section's name");
        }
    }

    /// The text at `index` of a string table.
    [[nodiscard]] std::string text_at(std::uint64_t table, std::uint64_t size, std::uint64_t index,
                                      const char* what) const {
        const char* const all = bytes(table, size, what);
        const std::uint64_t length = index < size ? ::strnlen(all + index, size - index) : size;
        if (index >= size || length == size - index) {
            fail(std::string{"it is damaged: "} + what + " at " + detail::hex(index) + " does not end in its table");
        }
        return {all + index, length};
    }

    [[nodiscard]] std::vector<elf_symbol> read_symbols(std::uint64_t at, std::uint64_t count, std::uint64_t names,
                                                       std::uint64_t names_size) const {
        std::vector<elf_symbol> result;
        for (; count-- > 0; at += size_of<Elf64_Sym, Elf32_Sym>()) {
            read<Elf64_Sym, Elf32_Sym>(at, "a symbol", [&](const auto& from) {
                result.push_back({text_at(names, names_size, from.st_name, "a symbol's name"), from.st_value,
                                  from.st_shndx != SHN_UNDEF, from.st_size,
                                  static_cast<std::uint8_t>(ELF64_ST_TYPE(from.st_info)),
                                  static_cast<std::uint8_t>(ELF64_ST_BIND(from.st_info)), from.st_shndx});
            });
        }
        return result;
    }

    void read_relocations(std::vector<elf_relocation>& to, std::uint64_t at, std::uint64_t size, bool addends) const {
        const std::uint64_t each = addends ? size_of<Elf64_Rela, Elf32_Rela>() : size_of<Elf64_Rel, Elf32_Rel>();
        for (const std::uint64_t end = at + size; at + each <= end; at += each) {
            elf_relocation one{};
            std::uint64_t info = 0;
            const auto common = [&](const auto& from) {
                one.where = from.r_offset;
                info = from.r_info;
            };
            if (addends) {
                read<Elf64_Rela, Elf32_Rela>(at, "a relocation", [&](const auto& from) {
                    common(from);
                    one.addend = static_cast<std::uint64_t>(std::int64_t{from.r_addend});
                    one.has_addend = true;
                });
            } else {
                read<Elf64_Rel, Elf32_Rel>(at, "a relocation", common);
            }
            one.type = static_cast<std::uint32_t>(wide_ ? info & 0xffffffffU : info & 0xffU);
            one.symbol = wide_ ? info >> 32 : info >> 8;
            to.push_back(one);
        }
    }

    /// The value of a dynamic section's entry; 0 without such an entry.
    [[nodiscard]] std::uint64_t dynamic(std::int64_t tag) const { return dynamic_value(tag).value_or(0); }

    /// Where in the file the `size` bytes at an address are.
    [[nodiscard]] std::uint64_t offset_of(std::uint64_t address, std::uint64_t size, const char* what) const {
        for (const auto& segment : segments_) {
            if (segment.type == PT_LOAD && address >= segment.address &&
                address - segment.address <= segment.file_size &&
                size <= segment.file_size - (address - segment.address)) {
                return segment.offset + (address - segment.address);
            }
        }
        fail(std::string{"it is damaged: "} + what + " at address " + detail::hex(address) +
             " is in no segment of the file");
    }

    std::string path_;
    std::vector<char> bytes_;
    bool wide_{};
    std::uint16_t machine_{}, type_{};
    std::uint64_t segments_at_{}, sections_at_{}, names_{};
    std::vector<elf_segment> segments_{};
    std::vector<elf_section> sections_{};
};

} // namespace report
} // namespace inlay
