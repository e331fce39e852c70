// SPDX-License-Identifier: BSL-1.0
//
// spelling: a row of the list in words: the kind, the type, and the values of a name.
//
//     detail::name_speller speller{list};
//     speller.spell(0, [](const name_entry& each) { ... });
//
// How it works. Where the program has them, __cxa_demangle() and dladdr() make types and targets readable.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/names/entry.hpp"
#include "inlay/names/list.hpp"
#include "inlay/names/type.hpp"
#include "inlay/table.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace [[gnu::visibility("hidden")]] inlay {

namespace detail {
inline namespace INLAY_TARGET {

/// A short text, made of parts.
template <std::size_t Size>
class short_text {
public:
    short_text& add(std::string_view part) noexcept {
        for (std::size_t i = 0; i < part.size() && size_ + 1 < Size; ++i) {
            text_[size_++] = part[i];
        }
        return *this;
    }
    short_text& add(address number, unsigned base = 10) noexcept {
        char digits[3 * sizeof(number)]; // NOLINT(*-member-init): filled from its end
        std::size_t at = sizeof(digits);
        do {
            digits[--at] = "0123456789abcdef"[number % base];
            number /= base;
        } while (number != 0);
        return add({digits + at, sizeof(digits) - at});
    }
    [[nodiscard]] const char* get() noexcept {
        text_[size_] = '\0';
        return text_;
    }

private:
    char text_[Size]{};
    std::size_t size_{};
};

/// The demangled name, valid as long as this object; without a C++ library, the mangled name.
class readable {
public:
    explicit readable(const char* mangled) noexcept : text_{mangled} {
        int status = 0;
        if (&c::demangle != nullptr) {
            made_ = c::demangle(mangled, nullptr, nullptr, &status);
            text_ = made_ != nullptr ? made_ : mangled;
        }
    }
    readable(const readable&) = delete;
    readable(readable&&) = delete;
    readable& operator=(const readable&) = delete;
    readable& operator=(readable&&) = delete;
    ~readable() { c::free(made_); }

    [[nodiscard]] const char* get() const noexcept { return text_; }

    /// Cut to the text between `begin` and the last `end`, if both exist.
    void cut(std::string_view begin, std::string_view end) noexcept {
        const std::string_view all{text_};
        const std::size_t from = all.find(begin);
        const std::size_t to = all.rfind(end);
        if (made_ != nullptr && from != std::string_view::npos && to != std::string_view::npos &&
            from + begin.size() <= to) {
            char* const start = made_ + (text_ - made_);
            start[to] = '\0';
            text_ = start + from + begin.size();
        }
    }

private:
    const char* text_;
    char* made_{};
};

/// Makes entries of rows.
class name_speller {
public:
    explicit name_speller(const name_list& list) noexcept : list_{list} {}

    /// Calls `function(const name_entry&)` for a row, unless the row is a target's.
    template <class Function>
    void spell(std::size_t index, Function& function) const {
        const name_row& row = list_[index];
        const type_text type = row.type();
        if (!type.known() || type.is_target()) {
            return;
        }
        readable of_type{row.signature};
        name_entry entry{row.name,
                         type.kind(),
                         "bool",
                         "",
                         "",
                         "on, off",
                         row.setting.value,
                         type.ways(),
                         row.setting.enabled,
                         row.setting.changed != 0,
                         has_namesake(index),
                         row.images,
                         row.sites,
                         row.patched};
        short_text<32> value;
        short_text<32> initial;
        short_text<32> values;
        if (type.kind() == name_kind::static_key) {
            entry.value = on_or_off(row.setting.value);
            entry.initial = on_or_off(type.initial());
            function(static_cast<const name_entry&>(entry));
        } else if (type.kind() == name_kind::static_switch) {
            cut_unit(of_type);
            of_type.cut("switch_of<", ", "); // before the initial value
            of_type.cut("", ", ");           // before the ways
            entry.type = of_type.get();
            entry.value = value.add(row.setting.value).get();
            entry.initial = initial.add(type.initial()).get();
            entry.values = values.add("0 to ").add(type.ways() - 1).get();
            function(static_cast<const name_entry&>(entry));
        } else {
            cut_unit(of_type);
            of_type.cut("<", ">::value");
            if (type.kind() == name_kind::hook) {
                of_type.cut("hook_of<", ">");
            }
            entry.type = of_type.get();
            entry.number = table::has_target(row.setting.mode) ? row.setting.value : 0;
            entry.values = list_targets(row, type);
            entry.initial = name_of_default(row);
            const char* const target = name_of_target(row, row.setting);
            const readable symbol{target == nullptr && entry.number != 0 ? symbol_at(entry.number) : ""};
            entry.value = target != nullptr       ? target
                          : entry.number == 0     ? "null"
                          : *symbol.get() != '\0' ? symbol.get()
                                                  : value.add("0x").add(entry.number, 16).get();
            function(static_cast<const name_entry&>(entry));
        }
    }

private:
    [[nodiscard]] static const char* on_or_off(address value) noexcept { return value != 0 ? "on" : "off"; }

    /// Leaves the unit out of a type that belongs to a unit.
    static void cut_unit(readable& type) noexcept {
        if (std::string_view{type.get()}.find("signature_in<") != std::string_view::npos) {
            type.cut("signature_in<", ", ");
        }
    }

    [[nodiscard]] bool has_namesake(std::size_t index) const noexcept {
        const auto same = [&](std::size_t other) noexcept {
            return !list_[other].type().is_target() && same_text(list_[other].name, list_[index].name, '\0');
        };
        return (index != 0 && same(index - 1)) || (index + 1 < list_.size() && same(index + 1));
    }

    [[nodiscard]] static bool same_target(const table::setting& a, const table::setting& b) noexcept {
        return a.mode == b.mode && (!table::has_target(a.mode) || a.value == b.value);
    }

    /// Calls `function(target, row)` for the named targets of a call until that returns true.
    template <class Function>
    void each_target(const name_row& call, const Function& function) const noexcept {
        for (std::size_t i = 0; i < list_.size(); ++i) {
            const std::string_view target = name_list::target_of(call, list_[i]);
            if (!target.empty() && function(target, list_[i])) {
                return;
            }
        }
    }

    /// The name of the target that a call has; "default" only if it has no other; a null pointer if it has none.
    [[nodiscard]] const char* name_of_target(const name_row& call, const table::setting& setting) const noexcept {
        if (!table::has_target(setting.mode)) {
            return "null";
        }
        const char* found = nullptr;
        each_target(call, [&](std::string_view target, const name_row& row) noexcept {
            const bool same = same_target(row.setting, setting);
            found = same ? target.data() : found;
            return same && target != "default";
        });
        return found;
    }

    [[nodiscard]] const char* name_of_default(const name_row& call) const noexcept {
        const char* found = nullptr;
        each_target(call, [&](std::string_view target, const name_row& row) noexcept {
            found = target == "default" ? name_of_target(call, row.setting) : nullptr;
            return found != nullptr;
        });
        return found != nullptr ? found : "";
    }

    /// "jiffies, tsc, default, null", in the scratch memory.
    [[nodiscard]] const char* list_targets(const name_row& call, const type_text& type) const noexcept {
        char* next = list_.scratch();
        bool has_null = false;
        const auto add = [&](std::string_view target) noexcept {
            if (next != list_.scratch()) {
                *next++ = ',';
                *next++ = ' ';
            }
            for (const char each : target) {
                *next++ = each;
            }
        };
        each_target(call, [&](std::string_view target, const name_row& /*row*/) noexcept {
            if (target == "null") {
                has_null = true;
            } else if (target != "default") {
                add(target);
            }
            return false;
        });
        each_target(call, [&](std::string_view target, const name_row& /*row*/) noexcept {
            if (target == "default") {
                add(target);
            }
            return target == "default";
        });
        if (has_null || type.may_be_null()) {
            add("null");
        }
        *next = '\0';
        return list_.scratch();
    }

    /// The symbol of the function that begins there, or "".
    [[nodiscard]] static const char* symbol_at(address at) noexcept {
        c::symbol_info info{};
        const bool found = &c::dladdr != nullptr && c::dladdr(reinterpret_cast<const void*>(at), &info) != 0 &&
                           info.symbol != nullptr && reinterpret_cast<address>(info.at) == at;
        return found ? info.symbol : "";
    }

    const name_list& list_;
};

} // namespace INLAY_TARGET
} // namespace detail
} // namespace inlay
