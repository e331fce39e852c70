// SPDX-License-Identifier: BSL-1.0
//
// kernel_file: the kernel's ELF file: its symbols, and the image that a loader makes of it.
//
//     const kernel_file file{"kernel.elf"};
//     if (file) { file.symbol("image_begin"); file.image(begin, size); }
//
// Without libelf, which a cross compiler does not have: 64 bits, little-endian, complete symbol table.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <elf.h>

class kernel_file {
public:
    explicit kernel_file(const std::string& path) {
        std::ifstream file{path, std::ios::binary};
        bytes_.assign(std::istreambuf_iterator<char>{file}, {});
        if (!copy(header_, 0) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 ||
            header_.e_ident[EI_CLASS] != ELFCLASS64) {
            header_ = {};
            return;
        }
        for (unsigned i = 0; i < header_.e_shnum; ++i) {
            Elf64_Shdr section{};
            Elf64_Shdr names{};
            if (!copy(section, header_.e_shoff + i * sizeof section) || section.sh_type != SHT_SYMTAB ||
                !copy(names, header_.e_shoff + section.sh_link * sizeof names)) {
                continue;
            }
            for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
                Elf64_Sym symbol{};
                if (copy(symbol, section.sh_offset + at) && names.sh_offset + symbol.st_name < bytes_.size()) {
                    symbols_.emplace(bytes_.data() + names.sh_offset + symbol.st_name, symbol.st_value);
                }
            }
        }
    }

    explicit operator bool() const { return header_.e_phnum != 0 && !symbols_.empty(); }

    /// Its value, or 0.
    [[nodiscard]] std::uint64_t symbol(const std::string& name) const {
        const auto found = symbols_.find(name);
        return found == symbols_.end() ? 0 : found->second;
    }

    /// What is at `size` bytes from `begin` once it is loaded.
    [[nodiscard]] std::vector<std::uint8_t> image(std::uint64_t begin, std::size_t size) const {
        std::vector<std::uint8_t> result(size);
        for (unsigned i = 0; i < header_.e_phnum; ++i) {
            Elf64_Phdr segment{};
            if (copy(segment, header_.e_phoff + i * sizeof segment) && segment.p_type == PT_LOAD &&
                segment.p_vaddr - begin < size && segment.p_offset + segment.p_filesz <= bytes_.size()) {
                const std::size_t at = segment.p_vaddr - begin;
                std::memcpy(result.data() + at, bytes_.data() + segment.p_offset,
                            std::min<std::size_t>(segment.p_filesz, size - at));
            }
        }
        return result;
    }

private:
    template <class T>
    [[nodiscard]] bool copy(T& to, std::size_t offset) const {
        if (offset > bytes_.size() || bytes_.size() - offset < sizeof to) {
            return false;
        }
        std::memcpy(&to, bytes_.data() + offset, sizeof to);
        return true;
    }

    std::vector<char> bytes_{};
    Elf64_Ehdr header_{};
    std::map<std::string, std::uint64_t> symbols_{};
};
