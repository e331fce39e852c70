// SPDX-License-Identifier: BSL-1.0
//
// unwind_rows: the row of a file's unwind information for an address, from .eh_frame, else from .debug_frame.
//
//     unwind_rows rows{"program"};
//     const unwind_row* row = rows.find(0x1234);             // row->cfa.number, row->cfa.offset, row->registers[6]
//
// How it works. libdw runs the instructions of the entry (DWARF 5, section 6.4; the .eh_frame of the System V ABI's
// AMD64 supplement). For a register without a rule, libdw says that it is lost or unchanged; the reader adds the
// architecture's defaults. The last row is kept, since neighbouring questions have one answer.
#pragma once

#include "inlay/requirements.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace check {

/// One operation of a DWARF expression.
struct frame_operation {
    std::uint8_t atom{};
    std::uint64_t number{}, number2{};
    friend bool operator==(const frame_operation&, const frame_operation&) = default;
};

/// How a row finds a register of the caller, or the CFA.
struct frame_rule {
    enum class way : std::uint8_t {
        undefined,  ///< it is lost
        same,       ///< it is in the register
        saved,      ///< it is in memory at CFA + offset
        computed,   ///< it is CFA + offset; the CFA itself: register `number` + offset
        moved,      ///< it is in register `number`
        expression, ///< it is where `operations` say
    };
    frame_rule::way how{way::undefined};
    std::uint64_t number{};
    std::int64_t offset{};
    std::vector<frame_operation> operations{};
    friend bool operator==(const frame_rule&, const frame_rule&) = default;
};

/// The row that holds for the addresses from `begin` to `end`.
struct unwind_row {
    static constexpr unsigned columns = 35; ///< AArch64's state of return addresses is number 34

    std::uint64_t begin{}, end{};
    bool signal{}; ///< a frame that no call made: an unwinder looks at the address itself
    frame_rule cfa{};
    std::array<frame_rule, columns> registers{};
};

/// Addresses from `begin` to `end`.
struct code_range {
    std::uint64_t begin{}, end{};
};

/// Not thread-safe.
class unwind_rows {
public:
    /// A file that cannot be read has no row.
    explicit unwind_rows(const std::string& path) : file_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
        (void)elf_version(EV_CURRENT);
        elf_.reset(file_ >= 0 ? elf_begin(file_, ELF_C_READ_MMAP, nullptr) : nullptr);
        frames_.reset(elf_ ? dwarf_getcfi_elf(elf_.get()) : nullptr);
        debug_.reset(elf_ ? dwarf_begin_elf(elf_.get(), DWARF_C_READ, nullptr) : nullptr);
        // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): the file comes first
        debug_frames_ = debug_ ? dwarf_getcfi(debug_.get()) : nullptr;
    }
    unwind_rows(const unwind_rows&) = delete;
    unwind_rows(unwind_rows&&) = delete;
    unwind_rows& operator=(const unwind_rows&) = delete;
    unwind_rows& operator=(unwind_rows&&) = delete;
    ~unwind_rows() {
        debug_.reset();
        frames_.reset();
        elf_.reset();
        if (file_ >= 0) {
            ::close(file_);
        }
    }

    /// The addresses that the entry with `at` describes: mostly a function. Empty if no entry has it.
    [[nodiscard]] code_range entry_of(std::uint64_t at) {
        if (!entries_read_) {
            read_entries();
        }
        const auto after = std::upper_bound(entries_.begin(), entries_.end(), at,
                                            [](std::uint64_t a, const code_range& b) { return a < b.begin; });
        return after != entries_.begin() && at < std::prev(after)->end ? *std::prev(after) : code_range{};
    }

    /// All entries, by address.
    [[nodiscard]] const std::vector<code_range>& entries() {
        if (!entries_read_) {
            read_entries();
        }
        return entries_;
    }

    /// The row for the instruction at `at`, an address of the file. Null if the file has none. Valid until the next
    /// call.
    [[nodiscard]] const unwind_row* find(std::uint64_t at) {
        if (at >= row_.begin && at < row_.end) {
            return &row_;
        }
        Dwarf_Frame* found = nullptr;
        if ((frames_ == nullptr || dwarf_cfi_addrframe(frames_.get(), at, &found) != 0) &&
            (debug_frames_ == nullptr || dwarf_cfi_addrframe(debug_frames_, at, &found) != 0)) {
            return nullptr;
        }
        const std::unique_ptr<Dwarf_Frame, decltype(&std::free)> frame{found, &std::free};
        return read(frame.get()) ? &row_ : nullptr;
    }

private:
    struct ends {
        void operator()(Elf* each) const noexcept { elf_end(each); }
        void operator()(Dwarf_CFI* each) const noexcept { dwarf_cfi_end(each); }
        void operator()(Dwarf* each) const noexcept { dwarf_end(each); }
    };

    [[nodiscard]] bool read(Dwarf_Frame* frame) {
        row_ = {};
        Dwarf_Addr begin = 0;
        Dwarf_Addr end = 0;
        Dwarf_Op* operations = nullptr;
        std::size_t count = 0;
        if (dwarf_frame_info(frame, &begin, &end, &row_.signal) < 0 ||
            dwarf_frame_cfa(frame, &operations, &count) != 0) {
            return false;
        }
        row_.cfa = count == 0 ? frame_rule{} : rule_of_cfa(operations, count);
        for (unsigned i = 0; i < unwind_row::columns; ++i) {
            Dwarf_Op few[3]; // NOLINT(*-avoid-c-arrays, *-member-init): libdw fills it
            if (dwarf_frame_register(frame, static_cast<int>(i), few, &operations, &count) == 0) {
                row_.registers[i] = rule_of_register(few, operations, count);
            }
        }
        row_.begin = begin;
        row_.end = end;
        return true;
    }

    [[nodiscard]] static frame_rule rule_of_cfa(const Dwarf_Op* operations, std::size_t count) {
        if (count == 1 && operations->atom == DW_OP_bregx) {
            return {frame_rule::way::computed, operations->number, static_cast<std::int64_t>(operations->number2), {}};
        }
        if (count == 1 && operations->atom >= DW_OP_breg0 && operations->atom <= DW_OP_breg31) {
            return {frame_rule::way::computed,
                    std::uint64_t{operations->atom} - DW_OP_breg0,
                    static_cast<std::int64_t>(operations->number),
                    {}};
        }
        return expression(operations, count);
    }

    /// Reads the answer of dwarf_frame_register(). The comment in libdw.h explains each case.
    [[nodiscard]] static frame_rule rule_of_register(const Dwarf_Op* few, const Dwarf_Op* operations,
                                                     std::size_t count) {
        using way = frame_rule::way;
        if (count == 0) {
            return {operations == few ? way::undefined : way::same, 0, 0, {}};
        }
        if (count == 1 && operations->atom == DW_OP_regx) {
            return {way::moved, operations->number, 0, {}};
        }
        if (operations->atom == DW_OP_call_frame_cfa) {
            const bool plus = count > 1 && operations[1].atom == DW_OP_plus_uconst;
            const std::int64_t offset = plus ? static_cast<std::int64_t>(operations[1].number) : 0;
            const std::size_t used = plus ? 2 : 1;
            if (count == used) {
                return {way::saved, 0, offset, {}};
            }
            if (count == used + 1 && operations[used].atom == DW_OP_stack_value) {
                return {way::computed, 0, offset, {}};
            }
        }
        return expression(operations, count);
    }

    [[nodiscard]] static frame_rule expression(const Dwarf_Op* operations, std::size_t count) {
        frame_rule rule{frame_rule::way::expression, 0, 0, {}};
        for (std::size_t i = 0; i < count; ++i) {
            rule.operations.push_back({operations[i].atom, operations[i].number, operations[i].number2});
        }
        return rule;
    }

    // ---- The list of entries --------------------------------------------------------------------------

    /// libdw finds the entry of an address, but does not say where it ends.
    void read_entries() {
        entries_read_ = true;
        std::size_t names = 0;
        if (!elf_ || elf_getshdrstrndx(elf_.get(), &names) != 0) {
            return;
        }
        for (Elf_Scn* each = elf_nextscn(elf_.get(), nullptr); each != nullptr; each = elf_nextscn(elf_.get(), each)) {
            GElf_Shdr header;
            const char* const name =
                gelf_getshdr(each, &header) != nullptr ? elf_strptr(elf_.get(), names, header.sh_name) : nullptr;
            const std::string_view section = name != nullptr ? name : "";
            if ((section == ".eh_frame" || section == ".debug_frame") && header.sh_type != SHT_NOBITS) {
                read_entries(each, header.sh_addr, section == ".eh_frame");
            }
        }
        std::sort(entries_.begin(), entries_.end(),
                  [](const code_range& a, const code_range& b) { return a.begin < b.begin; });
    }

    void read_entries(Elf_Scn* section, std::uint64_t address, bool eh_frame) {
        Elf_Data* const data = elf_getdata(section, nullptr);
        const auto* const identification = reinterpret_cast<const unsigned char*>(elf_getident(elf_.get(), nullptr));
        if (data == nullptr || data->d_buf == nullptr || identification == nullptr) {
            return;
        }
        const unsigned pointer = identification[EI_CLASS] == ELFCLASS64 ? 8 : 4;
        std::map<Dwarf_Off, std::uint8_t> encodings; // of the common parts, by their offsets
        Dwarf_Off next = 0;
        for (Dwarf_Off at = 0;; at = next) {
            Dwarf_CFI_Entry entry;
            const int trouble = dwarf_next_cfi(identification, data, eh_frame, at, &next, &entry);
            if (trouble > 0 || next <= at) {
                return;
            }
            if (trouble < 0) {
                continue;
            }
            if (dwarf_cfi_cie_p(&entry)) {
                encodings[at] = eh_frame ? encoding_of(entry.cie, pointer) : std::uint8_t{DW_EH_PE_absptr};
            } else if (const auto found = encodings.find(entry.fde.CIE_pointer); found != encodings.end()) {
                const auto offset =
                    static_cast<std::uint64_t>(entry.fde.start - static_cast<const std::uint8_t*>(data->d_buf));
                add_entry(entry.fde, address + offset, found->second, pointer);
            }
        }
    }

    /// How the addresses of a common part's entries are written: the augmentation's letter R.
    [[nodiscard]] static std::uint8_t encoding_of(const Dwarf_CIE& common, unsigned pointer) {
        const std::uint8_t* at = common.augmentation_data;
        for (const char* letter = common.augmentation; letter != nullptr && at != nullptr && *letter != 0; ++letter) {
            if (*letter == 'R') {
                return *at;
            }
            if (*letter == 'L') {
                ++at;
            } else if (*letter == 'P') {
                at += 1 + size_of(*at, pointer);
            }
        }
        return DW_EH_PE_absptr;
    }

    [[nodiscard]] static unsigned size_of(std::uint8_t encoding, unsigned pointer) {
        switch (encoding & 7U) {
        case DW_EH_PE_udata2:
            return 2;
        case DW_EH_PE_udata4:
            return 4;
        case DW_EH_PE_udata8:
            return 8;
        default:
            return pointer;
        }
    }

    void add_entry(const Dwarf_FDE& entry, std::uint64_t place, std::uint8_t encoding, unsigned pointer) {
        const unsigned size = size_of(encoding, pointer);
        const unsigned base = encoding & 0x70U;
        if (entry.end - entry.start < std::ptrdiff_t{2} * size || (base != 0 && base != DW_EH_PE_pcrel)) {
            return;
        }
        const auto number = [&](unsigned index, bool extended) {
            std::uint64_t bits = 0;
            std::memcpy(&bits, entry.start + std::size_t{index} * size, size);
            const unsigned unused = 64 - 8 * size;
            return extended ? static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << unused) >> unused) : bits;
        };
        const std::uint64_t mask = pointer == 4 ? 0xffffffffU : ~std::uint64_t{0};
        const std::uint64_t begin =
            (number(0, base != 0 || (encoding & 8U) != 0) + (base == DW_EH_PE_pcrel ? place : 0)) & mask;
        if (const std::uint64_t length = number(1, false); length != 0 && begin + length > begin) {
            entries_.push_back({begin, begin + length});
        }
    }

    int file_;
    std::unique_ptr<Elf, ends> elf_{};
    std::unique_ptr<Dwarf_CFI, ends> frames_{};
    std::unique_ptr<Dwarf, ends> debug_{};
    Dwarf_CFI* debug_frames_{}; ///< belongs to debug_
    unwind_row row_{};
    bool entries_read_{};
    std::vector<code_range> entries_{};
};

} // namespace check
} // namespace inlay
