// SPDX-License-Identifier: BSL-1.0
//
// names: all keys, switches and static calls of a process, listed and set by text.
//
//     inlay::for_each_name([](const inlay::name_entry& each) { std::printf("%s=%s\n", each.name, each.value); });
//     auto done = inlay::set_by_name("app.trace", "on");
//     if (!done) inlay::explain(done, "app.trace", "on", write);           // a sentence, and the names that exist
//     inlay::print_names(stdout);
//
//     inlay::name_targets(sched_clock, inlay::target<"tsc", &tsc_clock>, inlay::target<"jiffies", &jiffies_clock>);
//     inlay::set_by_name("sched_clock", "tsc");                            // a static call, by the name of a target
//
// How it works. A name's kind, values and initial value are read from its type's text, which all images have. The name
// of a target is a name of the process as well, "sched_clock=tsc": a record without sites, whose cell holds the target.
// So it comes and goes with its image, and other images find it in the tree of all names (images.hpp).
//
// A list is a copy: the lock is held while names, values and sites are copied, and no longer when the user's function
// runs. The copy is in pages of its own, so that nothing is allocated under the lock. Nothing here needs the C++
// library, Zydis or libdw; where the program has them, __cxa_demangle() and dladdr() make types and targets readable.
//
// All functions are thread-safe, work before apply() and after, and are not for signal handlers, as set() is not.
#pragma once

#include "inlay/arch/target.hpp"
#include "inlay/process.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <type_traits>

namespace [[gnu::visibility("hidden")]] inlay {

// ---- Names for targets -----------------------------------------------------------------------------

namespace detail {

/// Whether a character may be in the name of a control or a target: others separate settings in a text.
[[nodiscard]] constexpr bool may_be_in_setting(char c) noexcept {
    return c != ',' && c != '=' && c != '#' && (static_cast<unsigned char>(c) > ' ') && c != '\x7f';
}
template <std::size_t Size>
[[nodiscard]] consteval bool may_be_setting(const name<Size>& text) noexcept {
    for (std::size_t i = 0; i + 1 < Size; ++i) {
        if (!may_be_in_setting(text.text[i])) {
            return false;
        }
    }
    return Size > 1;
}

/// "call=target"
template <name Call, name Target>
[[nodiscard]] consteval auto target_name() noexcept {
    char text[sizeof(Call.text) + sizeof(Target.text)]{}; // NOLINT(*-avoid-c-arrays): as in a name
    std::size_t length = 0;
    for (std::size_t i = 0; i + 1 < sizeof(Call.text); ++i) {
        text[length++] = Call.text[i];
    }
    text[length++] = '=';
    for (std::size_t i = 0; i + 1 < sizeof(Target.text); ++i) {
        text[length++] = Target.text[i];
    }
    return name{text};
}

/// A target as text names it: a function, or what `target_of_type` knows.
template <class Function, auto Target>
struct target_as : target_of_type<std::remove_cv_t<decltype(Target)>> {};
template <class Function, auto Target>
    requires std::is_null_pointer_v<std::remove_cv_t<decltype(Target)>>
struct target_as<Function, Target> : null_target<Function> {};

/// Whether a call of type `Function` can go to the target.
template <class Function, auto Target>
inline constexpr bool fits_call = []() consteval {
    using kind = target_as<Function, Target>;
    if constexpr (kind::known) {
        if constexpr (kind::mode == table::call_mode::function) {
            return std::is_convertible_v<typename kind::function*, Function*>;
        } else {
            return std::is_same_v<typename kind::function, Function> && may_be_zero<Function>;
        }
    }
    return false;
}();

/// What the cell of a named target holds: what a static call with this default would.
template <class Function, auto Target>
struct target_cell {
    using kind = target_as<Function, Target>;
    static constexpr auto* pointer = kind::template pointer<Target>;
};
template <class Function, auto Target>
    requires(target_as<Function, Target>::mode == table::call_mode::function)
struct target_cell<Function, Target> {
    static constexpr Function* pointer = target_as<Function, Target>::template pointer<Target>;
};

/// The name of a target of a call, as a name of the process. It has no trampoline: that tells it from a call.
template <name Call, class Function, name Name, auto Target>
struct named_target {
    using cell = target_cell<Function, Target>;

    [[gnu::visibility(
        "hidden")]] static inline constinit call_cell<std::remove_pointer_t<std::remove_cv_t<decltype(cell::pointer)>>>
        state{.target = cell::pointer, .state = {.mode = target_as<Function, Target>::mode}};

    [[gnu::always_inline]] static inline void describe() noexcept {
        describe_named<named_target, target_name<Call, Name>(), Function>();
    }
};

} // namespace detail

/// A name for a target of a static call: `target<"tsc", &tsc_clock>`. `Target` is what update() takes: a function, a
/// lambda without captures, nullptr, no_target<R(A...)> or returns_zero<R(A...)>.
template <name Name, auto Target>
struct target_t {
    static_assert(detail::may_be_setting(Name),
                  "inlay: the name of a target is not empty, and has no blank, comma, '=' or '#' in it");
    static_assert(Name != name{"default"} && Name != name{"null"},
                  "inlay: \"default\" and \"null\" are targets of each static call already: use another name");
};
template <name Name, auto Target>
inline constexpr target_t<Name, Target> target{};

namespace detail {

/// Names a target, and keeps the name where a linker drops what nothing refers to.
template <name Call, class Function, name Name, auto Target>
[[gnu::always_inline]] inline void name_target() noexcept {
    static_assert(
        fits_call<Function, Target>,
        "inlay: a target of a static call is a function of exactly the call's signature (it may be noexcept); "
        "or a lambda without captures, nullptr, no_target<R(A...)>, returns_zero<R(A...)>");
    if constexpr (fits_call<Function, Target>) {
        (void)described<named_target<Call, Function, Name, Target>>();
    }
}

template <name... Names>
inline constexpr bool are_different = true;
template <name First, name... Others>
inline constexpr bool are_different<First, Others...> = ((First != Others) && ...) && are_different<Others...>;

} // namespace detail

/// Gives names to targets of a static call, for this image and all others while it is loaded; "default" is the target
/// of the declaration, and "null" is none. Names nothing while it runs: it may run often, in any function that the
/// program keeps, and need not run at all.
template <name Call, auto Default, name... Names, auto... Targets>
[[gnu::always_inline]] inline void name_targets(const static_call<Call, Default>& /*call*/,
                                                const target_t<Names, Targets>&... /*targets*/) noexcept {
    static_assert(detail::are_different<Names...>, "inlay: two targets of a static call have one name");
    using function = typename static_call<Call, Default>::function;
    (detail::name_target<Call, function, Names, Targets>(), ...);
    detail::name_target<Call, function, name{"default"}, Default>();
    if constexpr (detail::may_be_zero<function>) {
        detail::name_target<Call, function, name{"null"}, nullptr>();
    }
}

// ---- Names as text ---------------------------------------------------------------------------------

enum class name_kind : std::uint8_t { static_key, static_switch, static_call };

/// One name of the process. Texts are valid while the function runs that is called with it.
struct name_entry {
    const char* name;      ///< a null in it is written as the bytes C0 80
    name_kind kind;        ///< of the name
    const char* type;      ///< "bool", "codec", "unsigned long ()"; mangled where no C++ library is linked
    const char* value;     ///< "on", "2", "tsc", "null"; a call's target without a name: its symbol, or "0x401136"
    const char* initial;   ///< as `value`: what the declaration says; "" where that is not known (of a call)
    const char* values;    ///< "on, off", "0 to 3", "tsc, jiffies, null"; "" where none is known
    address number;        ///< the value as a number: 0 or 1, a way, the address of the target
    unsigned ways;         ///< how many values a key or a switch has; 0: a call
    std::int32_t enabled;  ///< of a key: calls of enable() that no disable() has answered
    bool changed;          ///< it was set, or updated
    bool clashes;          ///< another image, or unit, has another type under this name; each type is an entry
    std::uint32_t images;  ///< how many images have it
    std::uint32_t sites;   ///< in all of them
    std::uint32_t patched; ///< those that read no memory; others are in images without apply(), or out of reach
};

namespace detail {

namespace c {
[[gnu::visibility("default"), gnu::weak]] char* demangle(const char* mangled, char* buffer, std::size_t* size,
                                                         int* status) noexcept __asm__("__cxa_demangle");
[[gnu::visibility("default")]] void free(void* memory) noexcept __asm__("free");

/// As Dl_info.
struct symbol_info {
    const char* file;
    void* base;
    const char* symbol;
    void* at;
};
[[gnu::visibility("default"), gnu::weak]] int dladdr(const void* at, symbol_info* info) noexcept __asm__("dladdr");
} // namespace c

inline namespace INLAY_TARGET {

[[nodiscard]] inline std::size_t smaller(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }

/// As substr(), which may throw and so needs the C++ library.
[[nodiscard]] inline std::string_view part_of(std::string_view text, std::size_t from,
                                              std::size_t size = std::string_view::npos) noexcept {
    from = smaller(from, text.size());
    return {text.data() + from, smaller(size, text.size() - from)};
}

/// A name as a user spells it: "sched_clock", or the name of a target.
struct asked_name {
    std::string_view name;
    std::string_view target{};
    bool is_target{};

    /// Calls `function(char)` for each byte as the tables have it, until that returns false; whether none did.
    template <class Function>
    [[nodiscard]] bool each_byte(const Function& function) const noexcept {
        const auto all = [&](std::string_view text) noexcept {
            for (const char each : text) {
                if (each == '\0' ? !function('\xc0') || !function('\x80') : !function(each)) {
                    return false;
                }
            }
            return true;
        };
        return all(name) && (!is_target || (function('=') && all(target)));
    }

    [[nodiscard]] std::uint32_t hash() const noexcept {
        std::uint32_t result = hash_of("");
        (void)each_byte([&](char each) noexcept {
            result = (result ^ static_cast<std::uint8_t>(each)) * 16777619U; // as hash_of()
            return true;
        });
        return result;
    }
    [[nodiscard]] bool is(const char* text) const noexcept {
        const bool begins = each_byte([&](char each) noexcept {
            const bool same = each == *text;
            ++text;
            return same;
        });
        return begins && *text == '\0';
    }
};

/// The first name of a tree that is spelled so, or null.
[[nodiscard]] inline const table::named* find_name(const table::named* root, const asked_name& text) noexcept {
    const std::uint32_t hash = text.hash();
    while (root != nullptr) {
        const table::cell_state& state = cell_of(*root).state;
        if (state.hash == hash && text.is(text_at(root->name))) {
            break;
        }
        root = state.under[hash >= state.hash ? 1 : 0];
    }
    return root;
}

/// Calls `function(const table::named&)` for each name of a tree, and those that hang on it.
template <class Function>
void for_each_in_tree(const table::named* root, const Function& function) noexcept {
    while (root != nullptr) {
        const table::cell_state& state = cell_of(*root).state;
        for_each_in_tree(state.under[0], function);
        for (const table::named* each = root; each != nullptr; each = cell_of(*each).state.under[2]) {
            function(*each);
        }
        root = state.under[1];
    }
}

// ---- What a type says ------------------------------------------------------------------------------

/// Reads the mangled name of a `signature`.
class type_text {
public:
    type_text(const char* signature, bool has_trampoline) noexcept : all_{signature}, has_trampoline_{has_trampoline} {
        const std::string_view mangled = part_of(all_, 0, all_.find('.'));
        for (const std::string_view start : {"_ZN5inlay6detail9signatureI", "_ZN5inlay6detail12signature_inI"}) {
            if (part_of(mangled, 0, start.size()) == start) {
                read(part_of(mangled, start.size()));
            }
        }
    }

    [[nodiscard]] bool known() const noexcept { return known_; }
    [[nodiscard]] name_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_target() const noexcept { return kind_ == name_kind::static_call && !has_trampoline_; }
    [[nodiscard]] unsigned ways() const noexcept { return ways_; }
    [[nodiscard]] unsigned initial() const noexcept { return initial_; }
    /// Whether a call may have a null target, as far as its result's type says so without being declared.
    [[nodiscard]] bool may_be_null() const noexcept { return may_be_null_; }
    [[nodiscard]] table::call_mode null_mode() const noexcept { return null_mode_; }

private:
    static constexpr std::string_view of_key{"NS0_3keyILb"};
    static constexpr std::string_view of_switch{"NS0_9switch_ofI"};

    void read(std::string_view type) noexcept {
        if (part_of(type, 0, of_key.size()) == of_key && type.size() > of_key.size()) {
            known_ = true;
            kind_ = name_kind::static_key;
            ways_ = 2;
            initial_ = type[of_key.size()] == '1' ? 1 : 0;
        } else if (part_of(type, 0, of_switch.size()) == of_switch) {
            kind_ = name_kind::static_switch;
            for (std::size_t at = of_switch.size(); at < type.size() && !known_; ++at) {
                known_ = ends_switch(part_of(type, at));
            }
        } else {
            type.remove_prefix(part_of(type, 0, 2) == "Do" ? 2 : 0); // noexcept
            known_ = type.size() > 1 && type[0] == 'F';
            kind_ = name_kind::static_call;
            if (known_) {
                read_result(part_of(type, 1));
            }
        }
    }

    /// "Lj<number>E": takes it away.
    [[nodiscard]] static bool take_number(std::string_view& text, char type, unsigned long long& number) noexcept {
        if (text.size() < 3 || text[0] != 'L' || text[1] != type) {
            return false;
        }
        std::size_t at = 2;
        for (number = 0; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
            number = number * 10 + static_cast<unsigned>(text[at] - '0');
        }
        if (at == 2 || at == text.size() || text[at] != 'E') {
            return false;
        }
        text.remove_prefix(at + 1);
        return true;
    }

    /// Whether `text` is all that follows the value's type in the name of a switch; reads it.
    [[nodiscard]] bool ends_switch(std::string_view text) noexcept {
        unsigned long long ways = 0;
        unsigned long long initial = 0;
        unsigned long long unit = 0;
        if (!take_number(text, 'j', ways) || !take_number(text, 'j', initial) || part_of(text, 0, 2) != "EE") {
            return false;
        }
        text.remove_prefix(2);
        (void)take_number(text, 'y', unit);
        ways_ = static_cast<unsigned>(ways);
        initial_ = static_cast<unsigned>(initial);
        return text == "E5valueE";
    }

    void read_result(std::string_view result) noexcept {
        constexpr std::string_view integers{"abchstijlmw"};
        constexpr std::string_view wide_integers{"xy"};
        const bool wide = wide_integers.find(result[0]) != std::string_view::npos;
        may_be_null_ = result[0] == 'v' || result[0] == 'P' || integers.find(result[0]) != std::string_view::npos ||
                       (wide && sizeof(long long) <= sizeof(address));
        null_mode_ = result[0] == 'v' ? table::call_mode::nothing : table::call_mode::zero;
    }

    std::string_view all_;
    bool has_trampoline_;
    bool known_{};
    name_kind kind_{};
    unsigned ways_{};
    unsigned initial_{};
    bool may_be_null_{};
    table::call_mode null_mode_{};
};

[[nodiscard]] inline type_text type_of(const table::named& named) noexcept {
    return {text_at(named.signature), static_cast<bool>(named.trampoline)};
}

// ---- Changes ---------------------------------------------------------------------------------------

/// A setting by text, and what is known of it while the lock is held.
struct assignment {
    std::string_view name;
    std::string_view value;
    const table::named* what{};
    change how{change_kind::value, 0};
    table::setting before{};
    table::setting after{};
};

/// Whether `text` is `word`, which is in lower case.
[[nodiscard]] inline bool is_word(std::string_view text, std::string_view word) noexcept {
    if (text.size() != word.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char each = text[i];
        if ((each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each) != word[i]) {
            return false;
        }
    }
    return true;
}

[[nodiscard]] inline error parse_key(std::string_view value, change& how) noexcept {
    for (const std::string_view on : {"on", "true", "1", "yes"}) {
        if (is_word(value, on)) {
            how = to_value(true);
            return error::no_error;
        }
    }
    for (const std::string_view off : {"off", "false", "0", "no"}) {
        if (is_word(value, off)) {
            how = to_value(false);
            return error::no_error;
        }
    }
    if (is_word(value, "enable") || is_word(value, "disable")) {
        how = is_word(value, "enable") ? enabling : disabling;
        return error::no_error;
    }
    return error::value_unknown;
}

[[nodiscard]] inline error parse_switch(std::string_view value, unsigned ways, change& how) noexcept {
    unsigned number = 0;
    for (const char each : value) {
        if (each < '0' || each > '9') {
            return error::value_unknown;
        }
        number = number < ways ? number * 10 + static_cast<unsigned>(each - '0') : number;
    }
    if (value.empty() || number >= ways) {
        return value.empty() ? error::value_unknown : error::value_outside;
    }
    how = to_number(number);
    return error::no_error;
}

/// By the name of a target; this image's is preferred.
[[nodiscard]] inline error parse_call(const table::shared& all, const assignment& one, const type_text& type,
                                      change& how) noexcept {
    const table::named* found = nullptr;
    for (const table::named* each = find_name(all.root, {one.name, one.value, true}); each != nullptr;
         each = cell_of(*each).state.under[2]) {
        if (type_of(*each).is_target() && same_type(*each, *one.what) &&
            (found == nullptr || cell_of(*each).state.owner == &own_image)) {
            found = each;
        }
    }
    if (found != nullptr) {
        const table::cell& cell = cell_of(*found);
        how = to_address(cell.value, cell.state.mode);
    } else if (one.value == "null" && type.may_be_null()) {
        how = to_address(0, type.null_mode());
    } else {
        return error::value_unknown;
    }
    return error::no_error;
}

/// Where a text begins, which may have no characters at all.
[[nodiscard]] inline const char* begin_of(std::string_view text) noexcept { return text.empty() ? "" : text.data(); }

/// Finds the name and what its value means.
inline void look_up(const table::shared& all, assignment& one, outcome& done) noexcept {
    const table::named* const first = find_name(all.root, {one.name});
    if (first == nullptr || type_of(*first).is_target() || !type_of(*first).known()) {
        done.fail(error::name_unknown, begin_of(one.name));
        return;
    }
    for (const table::named* each = first; each != nullptr; each = cell_of(*each).state.under[2]) {
        if (!same_type(*each, *first)) {
            done.fail(*each, *first, {table_kind::names, 0, 0});
            return;
        }
    }
    one.what = first;
    const type_text type = type_of(*first);
    const error trouble = type.kind() == name_kind::static_key      ? parse_key(one.value, one.how)
                          : type.kind() == name_kind::static_switch ? parse_switch(one.value, type.ways(), one.how)
                                                                    : parse_call(all, one, type, one.how);
    if (trouble != error::no_error) {
        done.fail(trouble, begin_of(one.value));
    }
}

/// Looks up one of the settings, and whether its change could be made after those before it.
inline void prepare(table::shared& all, assignment* settings, std::size_t index, outcome& done) noexcept {
    assignment& one = settings[index];
    look_up(all, one, done);
    if (!done) {
        return;
    }
    one.before = setting_of(cell_of(*one.what));
    one.after = one.before;
    for (std::size_t i = 0; i < index; ++i) { // a name may stand there twice; counts go on from the last one
        one.after = settings[i].what == one.what ? settings[i].after : one.after;
    }
    if (const error trouble = make_setting(one.how, one.after); trouble != error::no_error) {
        done.fail(trouble, begin_of(one.value));
        return;
    }
    for_each_cell(all, *one.what, [&](const table::named& named, const table::tables& tables, auto& platform) noexcept {
        image_change part{tables, platform};
        part.check(named, one.after, done);
    });
}

/// Makes the changes in their order, or none. `failed` becomes the index of the setting that the error is about.
[[gnu::noinline]] inline outcome assign(assignment* settings, std::size_t count, std::size_t& failed) noexcept {
    outcome done;
    failed = 0;
    const error trouble = exclusively([&](table::shared& all) noexcept {
        for (failed = 0; failed < count && done; failed += done ? 1 : 0) {
            prepare(all, settings, failed, done);
        }
        if (!done) {
            return;
        }
        std::uint32_t written = 0;
        const auto make = [&](const table::named& what, const change& how) noexcept {
            return make_change(what, how, [&](const auto& function) noexcept { for_each_cell(all, what, function); });
        };
        for (failed = 0; failed < count && done; failed += done ? 1 : 0) {
            settings[failed].before = setting_of(cell_of(*settings[failed].what));
            done = make(*settings[failed].what, settings[failed].how);
            written += done.written;
        }
        done.written = done ? written : 0;
        for (std::size_t i = failed; !done && i-- > 0;) {
            if (const outcome gone = make(*settings[i].what, back_to(settings[i].before)); !gone) {
                done.worsen(error::change_incomplete);
                done.system_error = gone.system_error;
            }
        }
    });
    done.fail(trouble, {table_kind::no_table, 0, 0});
    return done;
}

// ---- A copy of all names ---------------------------------------------------------------------------

/// Memory of its own pages.
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

/// A cell, and then a name: what is known of it.
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
    /// Copies them.
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
            // The texts, and as much again for lists of values: those are made of parts of the texts.
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

    /// Copies what fits; whether all does.
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

    /// A site of what `subject` refers to. It is patched if its image is, and if it `can_be`.
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

/// What a mangled name means, as long as this lives; itself where no C++ library is linked.
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

    /// Cut to what stands between `begin` and the last `end`, if both are there.
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

    /// Calls `function(const name_entry&)` for a row, unless it is that of a target.
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
            entry.type = of_type.get();
            entry.number = row.setting.mode == table::call_mode::function ? row.setting.value : 0;
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

    /// Of a type that belongs to a unit, leaves out the unit.
    static void cut_unit(readable& type) noexcept {
        if (std::string_view{type.get()}.find("signature_in<") != std::string_view::npos) {
            type.cut("signature_in", ", ");
        }
    }

    [[nodiscard]] bool has_namesake(std::size_t index) const noexcept {
        const auto same = [&](std::size_t other) noexcept {
            return !list_[other].type().is_target() && same_text(list_[other].name, list_[index].name, '\0');
        };
        return (index != 0 && same(index - 1)) || (index + 1 < list_.size() && same(index + 1));
    }

    [[nodiscard]] static bool same_target(const table::setting& a, const table::setting& b) noexcept {
        return a.mode == b.mode && (a.mode != table::call_mode::function || a.value == b.value);
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
        if (setting.mode != table::call_mode::function) {
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

// ---- Sentences -------------------------------------------------------------------------------------

/// How unlike two texts are: how many characters to change, add or leave out. Long texts are as unlike as can be.
[[nodiscard]] inline std::size_t distance_between(std::string_view a, std::string_view b) noexcept {
    constexpr std::size_t longest = 80;
    if (a.size() > longest || b.size() > longest) {
        return 2 * longest;
    }
    std::size_t row[longest + 1]{}; // of b's beginnings
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = smaller(changed, smaller(row[j], row[j + 1]) + 1);
        }
    }
    return row[b.size()];
}

/// How unlike what somebody wrote is to what exists; none if nobody could have meant it.
inline constexpr std::size_t too_unlike = 1000;
[[nodiscard]] inline std::size_t unlikeness(std::string_view written, std::string_view exists) noexcept {
    if (written.size() >= 3 && exists.find(written) != std::string_view::npos) {
        return 1;
    }
    const std::size_t distance = distance_between(written, exists);
    return distance <= 1 + (written.size() + 1) / 4 && distance < exists.size() ? distance : too_unlike;
}

/// The part of "a, b, c" that is the most like `written`, or "".
[[nodiscard]] inline std::string_view nearest_part(std::string_view parts, std::string_view written) noexcept {
    std::string_view best;
    std::size_t least = too_unlike;
    while (!parts.empty()) {
        const std::size_t end = smaller(parts.find(", "), parts.size());
        if (const std::size_t here = unlikeness(written, part_of(parts, 0, end)); here < least) {
            best = part_of(parts, 0, end);
            least = here;
        }
        parts.remove_prefix(smaller(end + 2, parts.size()));
    }
    return best;
}

/// Writes one entry as a line.
template <class Write>
void write_entry(const name_entry& entry, const Write& write) {
    const auto number = [&](address value, const char* one, const char* many) {
        short_text<32> text;
        write(std::string_view{text.add(value).get()});
        write(std::string_view{value == 1 ? one : many});
    };
    write(std::string_view{entry.name});
    write(" = ");
    write(std::string_view{entry.value});
    write(entry.kind == name_kind::static_key      ? " (key"
          : entry.kind == name_kind::static_switch ? " (switch"
                                                   : " (call");
    if (entry.kind != name_kind::static_key) {
        write(" of type ");
        write(std::string_view{entry.type});
    }
    if (*entry.values != '\0') {
        write(": ");
        write(std::string_view{entry.values});
    }
    if (*entry.initial != '\0') {
        write("; default ");
        write(std::string_view{entry.initial});
    }
    if (entry.enabled > 1) {
        write("; enabled ");
        number(static_cast<address>(entry.enabled), " time", " times");
    }
    write("; ");
    number(entry.sites, " site, ", " sites, ");
    number(entry.patched, " patched", " patched");
    if (entry.images > 1) {
        write("; in ");
        number(entry.images, " image", " images");
    }
    write(entry.clashes ? "; another type has this name)\n" : ")\n");
}

/// Calls `function(const name_entry&)` for the names of the process that `wanted(name)` holds for.
template <class Wanted, class Function>
outcome for_each_wanted(const Wanted& wanted, Function function) {
    outcome done;
    name_list list;
    done.fail(list.take(), {table_kind::no_table, 0, 0});
    if (done) {
        const name_speller speller{list};
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (wanted(std::string_view{list[i].name})) {
                speller.spell(i, function);
            }
        }
    }
    return done;
}

/// See explain(). Only names that `wanted(name)` holds for are listed; `sentence` begins it.
template <class Wanted, class Write>
void explain_to(const outcome& done, std::string_view name, std::string_view value, const char* sentence,
                const Wanted& wanted, const Write& write) {
    const asked_name asked{name};
    const auto say = [&](const char* before, std::string_view text, const char* after) {
        write(std::string_view{before});
        write(text);
        write(std::string_view{after});
    };
    write(std::string_view{sentence});
    if (done.error() == error::name_unknown) {
        std::size_t least = too_unlike;
        (void)for_each_wanted(wanted,
                              [&](const name_entry& each) { least = smaller(least, unlikeness(name, each.name)); });
        bool first = true;
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            if (least != too_unlike && unlikeness(name, each.name) == least) {
                say(first ? "; did you mean " : " or ", each.name, "");
                first = false;
            }
        });
        bool any = false;
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            say(any ? "" : first ? "; the names are:\n" : "? The names are:\n", "", "    ");
            any = true;
            write_entry(each, write);
        });
        say(any ? "" : "; there is none\n", "", "");
        return;
    }
    if (done.error() == error::name_clash) {
        say("; one type: ", readable{done.clash().type}.get(), "");
        say("; another: ", readable{done.clash().other_type}.get(), "\n");
        return;
    }
    if (*done.detail() != '\0' || done.error() == error::value_unknown) {
        (void)for_each_wanted(wanted, [&](const name_entry& each) {
            if (!asked.is(each.name)) {
                return;
            }
            if (*each.values == '\0') {
                say("; no target of ", each.name, " has a name: inlay::name_targets() gives names");
            } else {
                say("; ", each.name, " takes ");
                write(std::string_view{each.values});
            }
            if (const std::string_view near = nearest_part(each.values, value); !near.empty() && near != value) {
                say("; did you mean ", near, "?");
            }
            say("; it is ", each.value, "");
        });
    }
    write("\n");
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

/// Calls `function(const name_entry&)` for each key, switch and static call of all images of the process, in the order
/// of the names' bytes: once for each name and type. It may do anything: set names, load plugins, throw. The list is
/// that of the moment when for_each_name() was called. Names that no code of an image uses are in no table, and not
/// listed. error::no_memory, or what joining the process's images can say (image_unknown, change_nested, ...).
template <class Function>
[[gnu::visibility("hidden")]] outcome for_each_name(Function function) {
    return detail::for_each_wanted([&](std::string_view /*name*/) noexcept { return true; },
                                   [&](const name_entry& each) { function(each); });
}

/// Sets a key, a switch or a static call of any image, as set() and update() do.
///   a key      on, true, 1, yes; off, false, 0, no (as set(): a count of enable() becomes 1 or 0); enable, disable
///   a switch   a decimal number, less than its ways
///   a call     the name of a target (see name_targets()); default; null, where a null target is allowed
/// On an error nothing has changed: error::name_unknown, value_unknown, value_outside, not_enabled, with
/// `outcome::detail()` the place in `name` or `value`; name_clash if two types have the name; or what set() can say.
[[gnu::visibility("hidden")]] inline outcome set_by_name(std::string_view name, std::string_view value) noexcept {
    detail::assignment one{name, value};
    std::size_t failed = 0;
    return detail::assign(&one, 1, failed);
}

/// Writes what went wrong in set_by_name(name, value), in one sentence, by `write(std::string_view)`; for an unknown
/// name the nearest ones, and a line for each that exists; for an unknown value what the name takes. Ends with a line's
/// end.
template <class Write>
[[gnu::visibility("hidden")]] void explain(const outcome& done, std::string_view name, std::string_view value,
                                           const Write& write) {
    detail::explain_to(
        done, name, value, message(done.error()), [](std::string_view /*name*/) noexcept { return true; }, write);
}

/// Prints a line for each name of the process: value, kind, values, default, and how many sites.
[[gnu::visibility("hidden")]] inline outcome print_names(std::FILE* file) {
    return for_each_name([&](const name_entry& each) {
        detail::write_entry(each, [&](std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file); });
    });
}

} // namespace INLAY_TARGET

} // namespace inlay
