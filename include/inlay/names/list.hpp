// SPDX-License-Identifier: BSL-1.0
//
// list: a copy of the process's names, as they were at one moment.
//
//     detail::name_list list;
//     if (list.take() == error::no_error) ...
//
// How it works. Names, values and sites are copied under the lock, into pages of their own. Nothing is allocated, and
// the lock is not held when the user's function runs.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/error.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/names/type.hpp"
#include "inlay/process.hpp"
#include "inlay/registry.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// Memory in separate pages.
class pages {
public:
    pages() noexcept = default;
    pages(const pages&) = delete;
    pages(pages&&) = delete;
    pages& operator=(const pages&) = delete;
    pages& operator=(pages&&) = delete;
    ~pages() { drop(); }

    [[nodiscard]] bool get(std::size_t size) noexcept {
        drop();
        constexpr int read_and_write = 3;    // PROT_READ | PROT_WRITE
        constexpr int private_memory = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
        void* const at = c::mmap(nullptr, size, read_and_write, private_memory, -1, 0);
        at_ = reinterpret_cast<address>(at) == ~address{0} ? nullptr : at; // MAP_FAILED
        size_ = size;
        return at_ != nullptr;
    }
    [[nodiscard]] void* at() const noexcept { return at_; }

private:
    void drop() noexcept {
        if (at_ != nullptr) {
            c::munmap(at_, size_);
        }
    }
    void* at_{};
    std::size_t size_{};
};

/// The data of a cell, and then of a name.
struct name_row {
    const char* name{};
    const char* signature{};
    const table::cell* cell{};
    table::setting setting{};
    std::uint32_t images{};
    std::uint32_t sites{};
    std::uint32_t patched{};
    std::uint32_t hash{};
    bool has_trampoline{};
    bool own{};

    [[nodiscard]] type_text type() const noexcept { return {signature, has_trampoline}; }
};

/// The names of the process as they were at one moment, in the order of their bytes; namesakes of one type are one.
class name_list {
public:
    /// Copies the names.
    [[nodiscard]] error take() noexcept {
        std::size_t text = 0;
        std::size_t cells = 0;
        for (;;) {
            error trouble = exclusively([&](table::shared& all) noexcept { measure(all, cells, text); });
            if (trouble != error::no_error) {
                return trouble;
            }
            cells += cells / 4; // others may come meanwhile
            text += text / 4;
            // The texts, and as much again for lists of values, whose words are parts of the texts.
            if (!memory_.get(cells * sizeof(name_row) + 2 * text + scratch_for_words)) {
                return error::no_memory;
            }
            bool fits = false;
            trouble = exclusively([&](table::shared& all) noexcept { fits = copy(all, cells, text); });
            if (trouble != error::no_error) {
                return trouble;
            }
            if (fits) {
                break;
            }
        }
        merge();
        return error::no_error;
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] const name_row& operator[](std::size_t index) const noexcept { return rows_[index]; }
    [[nodiscard]] char* scratch() const noexcept { return scratch_; }

    /// The target that a row of a call names, or "" if the row is another's.
    [[nodiscard]] static std::string_view target_of(const name_row& call, const name_row& row) noexcept {
        const std::string_view name{call.name};
        const std::string_view text{row.name};
        const bool is = row.type().is_target() && text.size() > name.size() && text[name.size()] == '=' &&
                        part_of(text, 0, name.size()) == name && same_text(call.signature, row.signature, '.');
        return is ? part_of(text, name.size() + 1) : std::string_view{};
    }

private:
    static constexpr std::size_t scratch_for_words = 64;

    static void measure(const table::shared& all, std::size_t& cells, std::size_t& text) noexcept {
        cells = text = 0;
        for_each_in_tree(all.root, [&](const table::named& named) noexcept {
            ++cells;
            text +=
                std::string_view{text_at(named.name)}.size() + std::string_view{text_at(named.signature)}.size() + 3;
        });
    }

    /// Copies as many names as fit. True if all fit.
    [[nodiscard]] bool copy(const table::shared& all, std::size_t most_cells, std::size_t most_text) noexcept {
        std::size_t cells = 0;
        std::size_t text = 0;
        measure(all, cells, text);
        if (cells > most_cells || text > most_text) {
            return false;
        }
        rows_ = static_cast<name_row*>(memory_.at());
        char* next = reinterpret_cast<char*>(rows_ + most_cells);
        scratch_ = next + most_text;
        count_ = 0;
        const auto copied = [&](const char* from) noexcept {
            const char* const result = next;
            do { // with the null
                *next++ = *from;
            } while (*from++ != '\0');
            return result;
        };
        for_each_in_tree(all.root, [&](const table::named& named) noexcept {
            const table::cell& cell = cell_of(named);
            name_row& row = rows_[count_++];
            row.name = copied(text_at(named.name));
            row.signature = copied(text_at(named.signature));
            row.cell = &cell;
            row.hash = cell.state.hash;
            row.setting = setting_of(cell);
            row.images = 1;
            row.sites = row.patched = 0;
            row.has_trampoline = static_cast<bool>(named.trampoline);
            row.own = cell.state.owner == &own_image;
        });
        for (table::image* each = all.images; each != nullptr; each = each->registry.next) {
            const table::tables tables = tables_of(*each);
            for (std::size_t i = 0; i < tables.keys.size(); ++i) {
                count_site(tables, tables.keys.records[i].key, true);
            }
            for (std::size_t i = 0; i < tables.calls.size(); ++i) {
                const table::reference& callee = tables.calls.records[i].callee;
                count_site(tables, callee, (callee.target() & table::call_found) != 0);
            }
        }
        return true;
    }

    /// Counts a site of the name that `subject` refers to. It is patched if its image is patched, and if it `can_be`.
    void count_site(const table::tables& tables, const table::reference& subject, bool can_be) noexcept {
        const address at = subject.target() & ~spare_bits;
        const address offset = at - reinterpret_cast<address>(tables.names.records);
        if (offset >= tables.names.bytes || offset % sizeof(table::named) != 0) {
            return; // of a dispatch, or not in order
        }
        const table::cell* const cell = &cell_of(*reinterpret_cast<const table::named*>(at));
        // The tree gave the rows in the order of their hashes.
        std::size_t first = 0;
        for (std::size_t end = count_; first != end;) {
            const std::size_t middle = first + (end - first) / 2;
            (rows_[middle].hash < cell->state.hash ? first : end) =
                rows_[middle].hash < cell->state.hash ? middle + 1 : middle;
        }
        for (; first < count_ && rows_[first].hash == cell->state.hash; ++first) {
            if (rows_[first].cell == cell) {
                ++rows_[first].sites;
                rows_[first].patched += can_be && cell->state.sites != 0 ? 1 : 0;
            }
        }
    }

    /// For qsort(): a template of the C++ library's could be a symbol that the image exports.
    [[nodiscard]] static int order(const void* a, const void* b) noexcept {
        const auto& one = *static_cast<const name_row*>(a);
        const auto& other = *static_cast<const name_row*>(b);
        const int names = std::string_view{one.name}.compare(other.name);
        return names != 0                                   ? names
               : one.has_trampoline != other.has_trampoline ? (one.has_trampoline ? -1 : 1)
                                                            : std::string_view{one.signature}.compare(other.signature);
    }

    /// Puts the rows of one name and type together.
    void merge() noexcept {
        std::qsort(rows_, count_, sizeof(name_row), &order);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const name_row& one = rows_[i];
            name_row* const last = kept != 0 ? rows_ + kept - 1 : nullptr;
            if (last != nullptr && last->has_trampoline == one.has_trampoline &&
                same_text(last->name, one.name, '\0') && same_text(last->signature, one.signature, '.')) {
                if (one.own && !last->own) { // of targets, this image's counts
                    last->setting = one.setting;
                    last->own = true;
                }
                last->images += one.images;
                last->sites += one.sites;
                last->patched += one.patched;
            } else {
                rows_[kept++] = one;
            }
        }
        count_ = kept;
    }

    pages memory_{};
    name_row* rows_{};
    char* scratch_{};
    std::size_t count_{};
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
