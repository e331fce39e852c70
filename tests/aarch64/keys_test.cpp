// SPDX-License-Identifier: BSL-1.0
//
// Static keys, static switches and static calls on AArch64, run natively or under qemu-aarch64. A plain program, like
// alternative_test.cpp: it prints a line PASS or FAIL for each check and returns 1 if one failed.
#include <inlay/inlay.hpp>

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/mman.h>

// NOLINTBEGIN(*-avoid-magic-numbers, *-unnecessary-value-param): the test is about values

namespace {

using inlay::error;

int failed = 0;

void check(bool good, const std::string& what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}
void expect(long value, long expected, const std::string& what) {
    if (value != expected) {
        std::printf("%s: %ld, not %ld\n", what.c_str(), value, expected);
    }
    check(value == expected, what);
}
void done(const inlay::outcome& outcome, const std::string& what) {
    if (!outcome) {
        std::printf("%s: %s\n", what.c_str(), inlay::message(outcome.error()));
    }
    check(static_cast<bool>(outcome), what);
}

// QEMU does not see writes to /proc/self/mem. set() and update() replace pages in any case.
inlay::outcome apply_by_page() {
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    return inlay::apply(inlay::this_image(), self);
}

// ---- keys

inline constexpr inlay::static_key<"key.off", false> off;
inline constexpr inlay::static_key<"key.on", true> on;
inline constexpr inlay::static_key<"key.counted", false> counted;
inline constexpr inlay::static_key<"key.counted_on", true> counted_on;
inline constexpr inlay::static_key<"key.early", false> early;
inline constexpr inlay::static_key<"key.unused", false> unused; // no site: set() works as well

[[gnu::noinline]] int plain(int x) {
    if (off) {
        return x + 1;
    }
    return x;
}
[[gnu::noinline]] int plain_on(int x) {
    if (on) {
        return x + 1;
    }
    return x;
}
[[gnu::noinline]] int negated(int x) { return !off ? x : x + 1; }
[[gnu::noinline]] int laid_out_likely(int x) { return likely(off) ? x + 1 : x; }
[[gnu::noinline]] int laid_out_unlikely(int x) { return unlikely(off) ? x + 1 : x; }
[[gnu::noinline]] int on_likely(int x) { return likely(on) ? x + 1 : x; }
[[gnu::noinline]] int on_unlikely(int x) { return unlikely(on) ? x + 1 : x; }
[[gnu::noinline]] int both(int x) { return off && on ? x + 1 : x; }
[[gnu::noinline]] int as_a_value(int x) {
    const bool value = off;
    return x + static_cast<int>(value);
}
inline int in_an_inline_function(int x) { return off ? x + 1 : x; }
template <class T>
[[gnu::noinline]] T in_a_template(T x) {
    if (off) {
        x += 1;
    }
    return x;
}
constexpr auto in_a_lambda = [](int x) { return off ? x + 1 : x; };
[[gnu::noinline]] int in_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < x; ++i) {
        if (off) {
            sum += 100;
        }
        sum += on ? 1 : 10;
    }
    return sum;
}
[[gnu::noinline]] int with_exceptions(int x) {
    try {
        if (off) {
            throw x + 1;
        }
        return x;
    } catch (int thrown) {
        return thrown;
    }
}
[[gnu::noinline]] int by_count() { return counted ? 1 : 0; }
[[gnu::noinline]] int by_count_on() { return counted_on ? 1 : 0; }

void expect_keys(bool off_is, bool on_is, const std::string& when) {
    const int x = off_is ? 11 : 10;
    expect(plain(10), x, "a key that is off to begin with" + when);
    expect(negated(10), x, "!key" + when);
    expect(laid_out_likely(10), x, "likely(), off to begin with" + when);
    expect(laid_out_unlikely(10), x, "unlikely(), off to begin with" + when);
    expect(as_a_value(10), x, "a key as a value" + when);
    expect(in_an_inline_function(10), x, "in an inline function" + when);
    expect(in_a_template(10), x, "in a template" + when);
    expect(in_a_template(10L), x, "in another instance of it" + when);
    expect(in_a_lambda(10), x, "in a lambda" + when);
    expect(with_exceptions(10), x, "next to a throw" + when);
    const int y = on_is ? 11 : 10;
    expect(plain_on(10), y, "a key that is on to begin with" + when);
    expect(on_likely(10), y, "likely(), on to begin with" + when);
    expect(on_unlikely(10), y, "unlikely(), on to begin with" + when);
    expect(both(10), off_is && on_is ? 11 : 10, "key && key" + when);
    expect(in_a_loop(5), (off_is ? 500 : 0) + (on_is ? 5 : 50), "in a loop" + when);
}

void keys(const std::string& when) {
    for (int i = 0; i < 2; ++i) {
        expect_keys(false, true, when);
        done(inlay::set(off, true), "set off" + when);
        expect_keys(true, true, ", off is set" + when);
        done(inlay::set(on, false), "clear on" + when);
        expect_keys(true, false, ", both are other than they were" + when);
        done(inlay::set(off, false), "clear off" + when);
        expect_keys(false, false, ", both are off" + when);
        done(inlay::set(on, true), "set on" + when);
    }
    expect_keys(false, true, ", and back" + when);
    const auto again = inlay::set(off, false);
    check(again && again.written == 0, "to set what is set writes nothing" + when);
    done(inlay::set(unused, true), "a key without site" + when);
}

void counts(const std::string& when) {
    expect(by_count(), 0, "not enabled" + when);
    check(inlay::enable(counted) && inlay::enable(counted), "enabled twice" + when);
    expect(by_count(), 1, "it is on" + when);
    done(inlay::disable(counted), "disabled once" + when);
    expect(by_count(), 1, "one is left" + when);
    done(inlay::disable(counted), "disabled twice" + when);
    expect(by_count(), 0, "none is left" + when);
    check(inlay::disable(counted).error() == error::not_enabled, "disabled once more" + when);
    expect(by_count(), 0, "and nothing changes" + when);
    check(inlay::enable(counted) && inlay::enable(counted) && inlay::set(counted, true) && inlay::disable(counted),
          "set() forgets the count" + when);
    expect(by_count(), 0, "so that one disable() is enough" + when);
    expect(by_count_on(), 1, "on to begin with is enabled once" + when);
    check(inlay::enable(counted_on) && inlay::disable(counted_on), "enabled and disabled" + when);
    expect(by_count_on(), 1, "it is still on" + when);
    done(inlay::disable(counted_on), "disabled" + when);
    expect(by_count_on(), 0, "it is off" + when);
    done(inlay::enable(counted_on), "enabled" + when);
    expect(by_count_on(), 1, "it is on again" + when);
}

// ---- switches

enum class codec : std::uint8_t { none, fast, small };
inline constexpr inlay::static_switch<"switch.codec", 3, codec::fast> chosen;
inline constexpr inlay::static_switch<"switch.sixteen", 16, 15U> sixteen;
inline constexpr inlay::static_switch<"switch.forty", 40, 17U> forty;
inline constexpr inlay::static_switch<"switch.most", 64, 33U> most;
inline constexpr inlay::static_switch<"switch.early", 20, 1U> early_way;

[[gnu::noinline]] const char* by_codec() {
    switch (chosen) {
    case codec::none:
        return "none";
    case codec::fast:
        return "fast";
    case codec::small:
        return "small";
    }
    return "";
}
[[gnu::noinline]] unsigned value_of_sixteen() { return sixteen; }
[[gnu::noinline]] unsigned value_of_forty() { return forty; }
[[gnu::noinline]] unsigned value_of_most() { return most; }
[[gnu::noinline]] unsigned some_of_most() {
    switch (most) {
    case 0:
        return 1000;
    case 15:
        return 1015;
    case 16:
        return 1016;
    case 33:
        return 1033;
    case 63:
        return 1063;
    default:
        return 1000 + most;
    }
}

/// Up, down, to and fro; wrong values are counted, so that each switch has one line.
template <class Switch, class Ask>
void all_values(const Switch& which, const Ask& ask, const std::string& what) {
    constexpr unsigned ways = Switch::ways;
    long wrong = ask() == Switch::initial ? 0 : 1;
    for (unsigned i = 0; i < 3 * ways; ++i) {
        const unsigned value = i < ways ? i : i < 2 * ways ? 2 * ways - 1 - i : i * 7 % ways;
        const bool set = static_cast<bool>(inlay::set(which, static_cast<typename Switch::value_type>(value)));
        if (!set || ask() != value) {
            std::printf("%s: %u, not %u\n", what.c_str(), ask(), value);
            ++wrong;
        }
    }
    done(inlay::set(which, static_cast<typename Switch::value_type>(Switch::initial)), what + ": back");
    wrong += ask() == Switch::initial ? 0 : 1;
    expect(wrong, 0, what + ": wrong values");
}

void switches(const std::string& when) {
    all_values(chosen, [] { return *by_codec() == 'n' ? 0U : *by_codec() == 'f' ? 1U : 2U; }, "three ways" + when);
    all_values(sixteen, [] { return value_of_sixteen(); }, "sixteen ways" + when);
    all_values(forty, [] { return value_of_forty(); }, "forty ways" + when);
    all_values(most, [] { return value_of_most(); }, "sixty-four ways" + when);
    all_values(most, [] { return some_of_most() - 1000; }, "sixty-four ways, by cases" + when);
    check(inlay::set(forty, 40U).error() == error::value_outside && value_of_forty() == 17,
          "a value that is no way" + when);
}

// ---- static calls

struct noted_copies {
    static inline int copies = 0;
    static inline int moves = 0;
    int value = 7;
    noted_copies() = default;
    noted_copies(const noted_copies& other) : value{other.value} { ++copies; }
    noted_copies(noted_copies&& other) noexcept : value{other.value} { ++moves; }
    noted_copies& operator=(const noted_copies&) = delete;
    noted_copies& operator=(noted_copies&&) = delete;
    ~noted_copies() { value = 0; }
};
struct wide {
    double x, y, z;
    long n;
};

template <int Version>
std::string describe(std::string text, double number, const std::string& suffix) {
    if (number < 0) {
        throw std::runtime_error(text + " version " + std::to_string(Version));
    }
    return text + std::to_string(static_cast<int>(number)) + suffix + std::to_string(Version);
}
template <int Version>
double scale(double x) {
    return x * Version;
}
template <int Version>
wide widen(float x, double y, wide z, short n) noexcept {
    return {static_cast<double>(x) * Version, y * Version, z.z * Version, long{n} * Version};
}
template <int Version>
int copy(noted_copies by_value, noted_copies& by_reference) {
    return by_value.value * 100 + by_reference.value * 10 + Version;
}
template <int Version>
[[gnu::noinline]] int twice(int x) {
    return x * 2 + Version;
}
template <int Version>
[[gnu::noinline]] void thrower(int x) {
    if (x == Version) {
        throw x;
    }
}
template <int Version>
long many(int a, long b, short c, char d, long e, long f, long g, long h, double i, noted_copies j, long k) {
    return (a + b + c + d + e + f + g + h + static_cast<long>(i) + j.value + k) * Version; // k is on the stack
}
struct shape {
    int side;
    [[nodiscard]] int area(int times) const { return side * side * times; }
    [[nodiscard]] int border(int times) const { return side * 4 * times; }
    int grow(int by) noexcept { return side += by; }
    int shrink(int by) noexcept { return side -= by; }
};

inline constexpr inlay::static_call<"call.describe", &describe<0>> describes;
inline constexpr inlay::static_call<"call.scale", &scale<1>> scales;
inline constexpr inlay::static_call<"call.widen", &widen<1>> widens;
inline constexpr inlay::static_call<"call.copy", &copy<1>> copies;
inline constexpr inlay::static_call<"call.twice", &twice<0>> doubled;
inline constexpr inlay::static_call<"call.throw", &thrower<1>> throws;
inline constexpr inlay::static_call<"call.many", &many<1>> manies;
inline constexpr inlay::static_call<"call.lambda", [](int x) { return x + 5; }> lambda;
inline constexpr inlay::static_call<"call.area", &shape::area> area;
inline constexpr inlay::static_call<"call.grow", &shape::grow> grow;
inline constexpr inlay::static_call<"call.probe", inlay::no_target<void(int)>> probe;
inline constexpr inlay::static_call<"call.ask", inlay::no_target<long(int)>> ask;
inline constexpr inlay::static_call<"call.filter", inlay::returns_zero<int(int)>> filter;
inline constexpr inlay::static_call<"call.early", &twice<0>> early_call;

static_assert(noexcept(widens(1.0F, 2.0, wide{}, short{4})) && !noexcept(describes("", 1.0, "")));

[[gnu::noinline]] std::string caught(double number) {
    try {
        return describes("n", number, "v");
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}
[[gnu::noinline]] int nested(int x) { return doubled(doubled(x) + doubled(doubled(x))); }
[[gnu::noinline]] int tail(int x) { return doubled(x + 1); }
[[gnu::noinline]] int conditional_tail(int x) {
    if (x > 3) {
        return doubled(x);
    }
    return x;
}
[[gnu::noinline]] int two_tails(int x) { return x > 3 ? doubled(x) : doubled(-x); }
[[gnu::noinline]] int called_in_a_loop(int x) {
    int sum = 0;
    for (int i = 0; i < x; ++i) {
        sum += doubled(i);
    }
    return sum;
}
template <class T>
[[gnu::noinline]] int called_in_a_template(T x) {
    return doubled(static_cast<int>(x));
}
inline int called_in_an_inline_function(int x) { return doubled(x) + 1; }

[[gnu::noinline]] void throws_in_tail_position(int x) { throws(x); }
template <class Function>
[[gnu::noinline]] int caught_from(const Function& function, int x) {
    try {
        function(x);
    } catch (int thrown) {
        return thrown;
    }
    return 0;
}

int probed = 0;
void note(int x) { probed += x; }
long answer(int x) { return x * 3L; }
int is_odd(int x) { return x % 2; }
[[gnu::noinline]] void probe_twice(int x) {
    probe.maybe(x);
    probe.maybe(x + 1);
}
[[gnu::noinline]] void probe_in_tail_position(int x) { probe.maybe(x); }
[[gnu::noinline]] void probe_on_condition(int x) {
    if (x > 3) {
        probe.maybe(x);
    }
}
[[gnu::noinline]] long ask_and_add(int x) { return ask.maybe(x) + 1; }
[[gnu::noinline]] long ask_in_tail_position(int x) { return ask.maybe(x); }
[[gnu::noinline]] int filter_and_add(int x) { return filter(x) + 10; }
[[gnu::noinline]] int filter_in_tail_position(int x) { return filter(x); }

constexpr int twice_by(int version, int x) { return x * 2 + version; }

/// All calls through `doubled`; it adds `v`.
void expect_doubled(int v, const std::string& when) {
    const std::string what = ", version " + std::to_string(v) + when;
    expect(nested(3), twice_by(v, twice_by(v, 3) + twice_by(v, twice_by(v, 3))), "nested calls" + what);
    expect(tail(4), twice_by(v, 5), "a tail call" + what);
    expect(conditional_tail(4), twice_by(v, 4), "a conditional tail call" + what);
    expect(conditional_tail(2), 2, "no tail call" + what);
    expect(two_tails(4), twice_by(v, 4), "one of two tail calls" + what);
    expect(two_tails(2), twice_by(v, -2), "the other of them" + what);
    expect(called_in_a_loop(10), 90 + 10 * v, "called in a loop" + what);
    expect(called_in_a_template(3L), twice_by(v, 3), "called in a template" + what);
    expect(called_in_an_inline_function(3), twice_by(v, 3) + 1, "called in an inline function" + what);
}

template <int Version>
void update_signatures(const std::string& when) {
    done(inlay::update(describes, &describe<Version>), "update a call that returns an object" + when);
    check(caught(3) == "n3v" + std::to_string(Version), "objects as parameters and result" + when);
    check(caught(-3) == "n version " + std::to_string(Version), "an exception passes" + when);
    done(inlay::update(scales, &scale<Version>), "update a call of a double" + when);
    check(scales(1.5) == 1.5 * Version, "double" + when);
    done(inlay::update(widens, &widen<Version>), "update a call that returns through memory" + when);
    const wide result = widens(1.0F, 2.0, wide{0, 0, 3.0, 0}, short{4});
    check(result.x == 1.0 * Version && result.y == 2.0 * Version && result.z == 3.0 * Version &&
              result.n == 4L * Version,
          "a struct in memory" + when);
    done(inlay::update(copies, &copy<Version>), "update a call with copies" + when);
    noted_copies lvalue;
    noted_copies::copies = noted_copies::moves = 0;
    expect(copies(lvalue, lvalue), 770 + Version, "a copy" + when);
    expect(copies(noted_copies{}, lvalue), 770 + Version, "no copy" + when);
    noted_copies other;
    expect(copies(std::move(lvalue), other), 770 + Version, "a move" + when);
    check(noted_copies::copies == 1 && noted_copies::moves == 1, "copies as in a direct call" + when);
    done(inlay::update(manies, &many<Version>), "update a call of eleven parameters" + when);
    expect(manies(1, 2, 3, 4, 5, 6, 7, 8, 9.0, noted_copies{}, 10), 62L * Version, "eleven parameters" + when);
    done(inlay::update(throws, &thrower<Version>), "update a call that throws" + when);
    const auto direct = [](int x) { throws(x); };
    expect(caught_from(direct, Version), Version, "an exception is caught" + when);
    expect(caught_from(direct, 99), 0, "no exception" + when);
    expect(caught_from(throws_in_tail_position, Version), Version, "an exception through a tail call" + when);
    expect(caught_from(throws_in_tail_position, 99), 0, "none through it" + when);
}

void zero_targets(const std::string& when) {
    for (int i = 0; i < 2; ++i) {
        probed = 0;
        probe_twice(1);
        probe_in_tail_position(5);
        probe_on_condition(5);
        expect(probed, 0, "no target: nothing happens" + when);
        expect(ask_and_add(5), 1, "no target: zero" + when);
        expect(ask_in_tail_position(5), 0, "no target in tail position: zero" + when);
        expect(filter_and_add(3), 10, "returns_zero" + when);
        expect(filter_in_tail_position(3), 0, "returns_zero in tail position" + when);
        check(inlay::update(probe, &note) && inlay::update(ask, &answer) && inlay::update(filter, &is_odd),
              "update to functions" + when);
        probe_twice(1);
        expect(probed, 3, "two calls" + when);
        probe_in_tail_position(5);
        expect(probed, 8, "a tail call of a function" + when);
        probe_on_condition(3);
        expect(probed, 8, "a condition that does not hold" + when);
        probe_on_condition(4);
        expect(probed, 12, "one that does" + when);
        expect(ask_and_add(5), 16, "a function with a result" + when);
        expect(ask_in_tail_position(5), 15, "in tail position" + when);
        expect(filter_and_add(3), 11, "another" + when);
        expect(filter_in_tail_position(3), 1, "that in tail position" + when);
        check(inlay::update(probe, nullptr) && inlay::update(ask, inlay::no_target<long(int)>) &&
                  inlay::update(filter, inlay::returns_zero<int(int)>),
              "update to none" + when);
    }
    done(inlay::update(doubled, inlay::returns_zero<int(int)>), "update a call to zero" + when);
    check(nested(3) == 0 && tail(4) == 0 && conditional_tail(4) == 0 && two_tails(4) == 0 && two_tails(1) == 0 &&
              called_in_a_loop(10) == 0,
          "calls and tail calls return zero" + when);
    done(inlay::update(doubled, &twice<0>), "and back" + when);
    expect_doubled(0, ", after zero" + when);
    check(inlay::update(describes, nullptr).error() == error::target_null && caught(3) == "n3v1",
          "an object is no zero, and nothing changes" + when);
}

void calls(const std::string& when) {
    for (int i = 0; i < 2; ++i) {
        update_signatures<2>(when);
        update_signatures<1>(when);
        done(inlay::update(doubled, &twice<1>), "update" + when);
        expect_doubled(1, when);
        done(inlay::update(doubled, &twice<2>), "update again" + when);
        expect_doubled(2, when);
        done(inlay::update(doubled, &twice<0>), "update back" + when);
        expect_doubled(0, when);
    }
    expect(lambda(1), 6, "a lambda" + when);
    done(inlay::update(lambda, [](int x) { return x + 100; }), "update to a lambda" + when);
    expect(lambda(1), 101, "another lambda" + when);
    done(inlay::update(lambda, [](int x) { return x + 5; }), "update to the first one" + when);
    shape square{3};
    expect(area(square, 2), 18, "a member function" + when);
    done(inlay::update(area, inlay::member<&shape::border>), "update to a member function" + when);
    expect(area(square, 2), 24, "another member function" + when);
    done(inlay::update(area, inlay::member<&shape::area>), "update it back" + when);
    expect(grow(square, 2), 5, "one that changes the object" + when);
    done(inlay::update(grow, inlay::member<&shape::shrink>), "update that" + when);
    expect(grow(square, 2), 3, "one that changes it back" + when);
    done(inlay::update(grow, inlay::member<&shape::grow>), "update that back" + when);
    zero_targets(when);
}

/// A target that no b or bl reaches.
void out_of_reach(bool applied, const std::string& when) {
    const std::uint32_t code[] = {0xd503245f, 0x0b000000, 0x11002400, 0xd65f03c0}; // bti c; w0 + w0 + 9; ret
    constexpr std::uintptr_t far_away = std::uintptr_t{1} << 30;
    const auto here = reinterpret_cast<std::uintptr_t>(&tail) & ~std::uintptr_t{0xffff};
    void* const far = ::mmap(reinterpret_cast<void*>(here + far_away), 0x10000, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const auto at = reinterpret_cast<std::uintptr_t>(far);
    const std::uintptr_t distance = at > here ? at - here : here - at;
    check(far != MAP_FAILED && distance > (std::uintptr_t{128} << 20) + (std::uintptr_t{16} << 20),
          "memory that is far away" + when);
    std::memcpy(far, code, sizeof(code));
    check(::mprotect(far, 0x10000, PROT_READ | PROT_EXEC) == 0, "code that is far away" + when);
    const auto function = reinterpret_cast<int (*)(int)>(far);
    expect(function(1), 11, "it runs" + when);
    done(inlay::update(doubled, function), "a target out of reach" + when);
    expect_doubled(9, ", out of reach" + when);
    if (applied) {
        const auto again = apply_by_page();
        done(again, "apply() with a target out of reach");
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) // at -Os, calls of one trampoline may become one
        check(again.calls_missed() == 0 && again.calls_kept() >= 8, "calls that stay with their trampoline");
#endif
        expect_doubled(9, ", out of reach, applied again" + when);
    }
    done(inlay::update(doubled, &twice<3>), "a target in reach" + when);
    expect_doubled(3, ", in reach again" + when);
    done(inlay::update(doubled, function), "out of reach once more" + when);
    expect_doubled(9, ", out of reach once more" + when);
    done(inlay::update(doubled, &twice<0>), "in reach once more" + when);
    ::munmap(far, 0x10000);
    expect_doubled(0, ", without what was far away" + when);
}

// Set by static initialisers, before apply().
[[maybe_unused]] const bool early_set =
    static_cast<bool>(inlay::set(early, true)) && inlay::set(early_way, 19U) && inlay::update(early_call, &twice<7>);
const bool early_seen = early && early_way == 19 && early_call(1) == 9;

// ---- instructions

/// The words that patch.hpp makes, and recognises.
void words() {
    using namespace inlay::aarch64;
    using mode = inlay::table::call_mode;
    alignas(4) std::uint8_t text[4]{};
    std::uint8_t bytes[4]{};
    const auto at = reinterpret_cast<inlay::address>(text);
    found_branch found{};
    const auto is = [&](std::uint32_t word) {
        store32(text, word);
        return patched_branch_at(at, 4, found) && found.start == at && found.end == at + 4;
    };
    const auto becomes = [&](std::uint32_t word, std::uint32_t expected, mode how, inlay::address target) {
        return is(word) && encode_branch(found, target, how, bytes) && load32(bytes) == expected;
    };
    constexpr std::uint32_t call = 0x94000010;
    constexpr std::uint32_t jump = 0x14000010;
    constexpr std::uint32_t zero = 0xd2800000;
    constexpr std::uint32_t ret = 0xd65f03c0;
    check(is(call) && found.kind == branch_kind::call && found.target() == at + 64 && is(nop_word) &&
              found.kind == branch_kind::call && is(zero) && found.kind == branch_kind::call,
          "what a call may have become");
    check(is(jump) && found.kind == branch_kind::jump && found.target() == at + 64 && !is(ret) && !is(0xd2800001) &&
              !is(0xd65f03a0) && !is(0x54000000) && !is(0xd4200000),
          "a jump stays one, and there is nothing else");
    check(!patched_branch_at(at, 3, found), "no branch within three bytes");
    for (const std::uint32_t word : {call, nop_word, zero}) {
        check(becomes(word, 0x94000010, mode::function, at + 64) && becomes(word, nop_word, mode::nothing, at + 64) &&
                  becomes(word, zero, mode::zero, at + 64),
              "a call becomes any of its forms");
    }
    check(becomes(jump, 0x14000010, mode::function, at + 64) && becomes(jump, 0x14000011, mode::nothing, at + 68) &&
              becomes(jump, 0x17ffffff, mode::zero, at - 4),
          "a jump goes to the function that does nothing, or returns zero");
    constexpr inlay::address reach = inlay::address{1} << 27;
    check(becomes(call, 0x95ffffff, mode::function, at + reach - 4) &&
              becomes(call, 0x96000000, mode::function, at - reach) && becomes(call, nop_word, mode::nothing, 0),
          "the farthest targets, and no target");
    check(is(call) && !encode_branch(found, at + reach, mode::function, bytes) &&
              !encode_branch(found, at - reach - 4, mode::function, bytes) &&
              !encode_branch(found, at + 2, mode::function, bytes) && is(jump) &&
              !encode_branch(found, at + reach, mode::zero, bytes),
          "targets out of reach");
    const auto jumps = [&](std::uint32_t word, unsigned length, inlay::address target) {
        store32(text, word);
        return jump_length(text) == length && jump_target(at) == target;
    };
    check(jumps(jump, 4, at + 64) && jumps(0x17ffffff, 4, at - 4) && jumps(nop_word, 4, 0) && jumps(call, 0, 0) &&
              jumps(ret, 0, 0) && jumps(zero, 0, 0),
          "sites of keys");
    check(encode_jump(at, at + reach - 4, bytes) && load32(bytes) == 0x15ffffff && encode_jump(at, at - reach, bytes) &&
              load32(bytes) == 0x16000000 && !encode_jump(at, at + reach, bytes) &&
              !encode_jump(at, at - reach - 4, bytes),
          "jumps of keys");
    check(instruction_length(text, 4) == 4 && instruction_length(text, 100) == 4 && instruction_length(text, 3) == 0 &&
              instruction_length(text, 0) == 0,
          "the length of instructions");
}

/// The sites in text: a nop or b each, as the key is; and a breakpoint in place of one is refused.
void sites() {
    const auto records = inlay::this_image().keys;
    const inlay::table::key_record* record = nullptr;
    const auto begin = reinterpret_cast<inlay::address>(&plain);
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (record == nullptr || records.records[i].site.target() - begin < record->site.target() - begin) {
            record = &records.records[i];
        }
    }
    check(record != nullptr, "the first site of a function");
    if (record == nullptr) {
        return;
    }
    const auto at = record->site.target();
    const auto word = [&] { return inlay::aarch64::load32(reinterpret_cast<const std::uint8_t*>(at)); };
    check(word() == inlay::aarch64::nop_word, "off: a nop");
    done(inlay::set(off, true), "set for the sites");
    check(inlay::aarch64::jump_target(at) == record->targets.target(), "on: a b");
    done(inlay::set(off, false), "set back");
    check(word() == inlay::aarch64::nop_word, "off again: a nop");
    using inlay::platform::process;
    const auto put = [&](std::uint32_t value) {
        std::uint8_t bytes[4]; // NOLINT(*-avoid-c-arrays)
        inlay::aarch64::store32(bytes, value);
        process self{process::way::replace_page};
        return self.write(at, bytes, 4) && self.finish();
    };
    check(put(0xd4200000), "a brk");
    const auto refused = inlay::set(off, true);
    check(refused.error() == error::site_changed && refused.record().site == at, "is refused");
    check(in_a_lambda(10) == 10 && negated(10) == 10, "and nothing changes");
    check(put(inlay::aarch64::nop_word), "the nop");
    done(inlay::set(off, true), "and it can be set");
    expect_keys(true, true, ", without the brk");
    done(inlay::set(off, false), "and back");
}

} // namespace

int main() {
    check(early_seen, "set by static initialisers");
    words();
    keys(", before apply()");
    counts(", before apply()");
    switches(", before apply()");
    calls(", before apply()");
    out_of_reach(false, ", before apply()");
    done(inlay::set(off, true), "set before apply()");
    done(inlay::set(forty, 39U), "set a switch before apply()");
    done(inlay::update(doubled, &twice<4>), "update before apply()");
    auto outcome = apply_by_page();
    done(outcome, "apply()");
    check(early && early_way == 19 && early_call(1) == 9, "set by static initialisers, still so");
    expect_keys(true, true, ", set before apply()");
    expect(value_of_forty(), 39, "a switch set before apply()");
    expect_doubled(4, ", before apply()");
    check(inlay::set(off, false) && inlay::set(forty, 17U) && inlay::update(doubled, &twice<0>), "all back");
    expect(outcome.keys_direct, outcome.keys, "every site of a key is direct");
    check(outcome.keys >= 25, "sites of keys");
    check(outcome.calls >= 30, "calls");
    expect(outcome.calls_found + outcome.calls_missed(), outcome.calls, "calls are found or missed");
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__) // at -Os, calls of one trampoline may become one
    expect(outcome.calls_missed(), 0, "every call is found");
    expect(outcome.calls_kept(), 0, "every call that is found is direct");
#endif
    keys(", after apply()");
    counts(", after apply()");
    switches(", after apply()");
    calls(", after apply()");
    out_of_reach(true, ", after apply()");
    sites();
    outcome = apply_by_page();
    done(outcome, "apply() once more");
    expect(outcome.keys_direct, outcome.keys, "every site of a key is direct, still");
    keys(", after apply() once more");
    calls(", after apply() once more");
    switches(", after apply() once more");
    std::printf("%s\n", failed == 0 ? "all passed" : "some failed");
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers, *-unnecessary-value-param)
