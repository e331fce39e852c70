// SPDX-License-Identifier: BSL-1.0
//
// elf_file: reads ELF files with 32 and 64 bits for the tests, by libelf.
//
//     const elf_file file{"kernel.elf"};
//     if (file) { file.symbols().at("image_begin"); file.segments(); }
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

/// Not thread-safe. False if the file does not exist, or is no ELF file.
class elf_file {
public:
    /// A part that is loaded: its bytes in the file, valid as long as the elf_file.
    struct segment {
        std::uint64_t address;
        bool executable;
        std::span<const std::uint8_t> bytes;
    };

    explicit elf_file(const std::string& path) : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
        if (::elf_version(EV_CURRENT) != EV_NONE && descriptor_ >= 0) {
            elf_ = ::elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
        }
        if (elf_ != nullptr && ::gelf_getehdr(elf_, &header_) == nullptr) {
            ::elf_end(elf_);
            elf_ = nullptr;
        }
    }
    elf_file(const elf_file&) = delete;
    elf_file(elf_file&&) = delete;
    elf_file& operator=(const elf_file&) = delete;
    elf_file& operator=(elf_file&&) = delete;
    ~elf_file() {
        ::elf_end(elf_);
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    explicit operator bool() const { return elf_ != nullptr; }
    [[nodiscard]] unsigned machine() const { return header_.e_machine; } ///< EM_...

    [[nodiscard]] std::vector<segment> segments() const&& = delete;
    [[nodiscard]] std::vector<segment> segments() const& {
        std::vector<segment> result;
        std::size_t size = 0;
        const char* const whole = elf_ != nullptr ? ::elf_rawfile(elf_, &size) : nullptr;
        std::size_t count = 0;
        if (whole == nullptr || ::elf_getphdrnum(elf_, &count) != 0) {
            return result;
        }
        for (std::size_t i = 0; i < count; ++i) {
            GElf_Phdr each{};
            if (::gelf_getphdr(elf_, static_cast<int>(i), &each) != nullptr && each.p_type == PT_LOAD &&
                each.p_offset <= size && each.p_filesz <= size - each.p_offset) {
                result.push_back({each.p_vaddr,
                                  (each.p_flags & PF_X) != 0,
                                  {reinterpret_cast<const std::uint8_t*>(whole) + each.p_offset, each.p_filesz}});
            }
        }
        return result;
    }

    /// By name, of the symbol table.
    [[nodiscard]] std::map<std::string, std::uint64_t> symbols() const {
        std::map<std::string, std::uint64_t> result;
        for (Elf_Scn* section = nullptr; elf_ != nullptr && (section = ::elf_nextscn(elf_, section)) != nullptr;) {
            GElf_Shdr header{};
            Elf_Data* const data = ::elf_getdata(section, nullptr);
            if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB || data == nullptr) {
                continue;
            }
            GElf_Sym symbol{};
            for (int i = 0; ::gelf_getsym(data, i, &symbol) != nullptr; ++i) {
                if (const char* const name = ::elf_strptr(elf_, header.sh_link, symbol.st_name)) {
                    result[name] = symbol.st_value;
                }
            }
        }
        return result;
    }

private:
    int descriptor_;
    Elf* elf_{};
    GElf_Ehdr header_{};
};
