// SPDX-License-Identifier: BSL-1.0
//
// The checks of the matrix program: short, without a test framework, so that it builds in any mode.
#include "shared.hpp"

#include <cstdio>
#include <cstring>

namespace matrix {

static long add_two(long x) { return x + 2; } // NOLINT(misc-use-anonymous-namespace)
static int helper() noexcept { return 40; }   // NOLINT(misc-use-anonymous-namespace): the linkage is the point
inline constexpr auto with_internal = inlay::alternative<call<&helper>(), when<a, mov(eax, 41)>>{}.returns<rax, int>();

inline constexpr auto barrier =
    inlay::alternative<mfence(), when<inlay::cpu.sse2, lfence()>, when<inlay::cpu.sse2 && !a, lock_add()>>{};

namespace {

constinit long variable = 7;

long popcount_in_software(unsigned long x) noexcept {
    long count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}

constexpr auto hweight =
    inlay::alternative<call<&popcount_in_software>(), when<a, popcnt(rax, rdi)>>{}.takes<rdi>().returns<rax, long>();
constexpr auto read_variable =
    inlay::alternative<mov(rax, 0), when<a, mov(rax, rip<&variable>)>>{}.returns<rax, long>();

int failures = 0;

void expect(bool good, const char* what, unsigned mask) {
    if (!good) {
        ++failures;
        std::printf("FAIL: %s (mask %u)\n", what, mask);
    }
}

/// Decides with no feature at all: the original.
bool nothing(const inlay::table::feature_record& /*feature*/) noexcept { return false; }

/// Before the first apply() each record must describe the bytes at its site.
void check_records(int dead) {
    const auto tables = inlay::this_image();
    const inlay::platform::process self;
    int shared = 0;
    int dead_found = 0;
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        inlay::patch bytes{};
        inlay::reader<inlay::platform::process> from{self};
        inlay::decision chosen{};
        inlay::decide(from, record, nothing, chosen);
        auto trouble = from.trouble;
        if (trouble == inlay::error::no_error) {
            trouble = inlay::place(*chosen.original, record.site.target(), chosen.length, bytes, false);
        }
        expect(trouble == inlay::error::no_error, inlay::message(trouble), 0);
        expect(self.executable(record.site.target(), bytes.length), "a site is outside text", 0);
        expect(std::memcmp(reinterpret_cast<const void*>(record.site.target()), bytes.bytes, bytes.length) == 0,
               "a stale record: its site is not the original", 0);
        const auto* const choices = reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        shared += std::strcmp(inlay::name_at(self, choices->name), "shared") == 0 ? 1 : 0;
        dead_found += std::strcmp(inlay::name_at(self, choices->name), "dead") == 0 ? 1 : 0;
    }
    int dead_keys = 0;
    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        const auto& record = tables.keys.records[i];
        inlay::reader<inlay::platform::process> from{self};
        const auto& named = inlay::detail::named_of(from, tables, record.key);
        inlay::patch bytes{};
        inlay::decide(from, record, inlay::detail::cell_of(named).value, bytes);
        expect(from.trouble == inlay::error::no_error, inlay::message(from.trouble), 0);
        expect(inlay::arch::jump_target(record.site.target()) != 0, "a key's site begins as a jump", 0);
        dead_keys += std::strcmp(inlay::name_at(self, named.name), "matrix.dead") == 0 ? 1 : 0;
    }
    expect(dead < 0 || dead_keys == dead, "keys of dead functions", 0);
    expect(shared == 2, "shared_function and shared_template<int> have one record each", 0);
    if (dead >= 0 && dead_found != dead) {
        ++failures;
        std::printf("FAIL: %d records of dead functions, expected %d\n", dead_found, dead);
    }
}

[[gnu::noinline]] const char* caught() {
    try {
        (void)chosen(-1.0, "thrown");
    } catch (const char* text) {
        return text;
    }
    return "";
}

[[gnu::noinline]] const char* caught_from_call() {
    try {
        (void)called(-1.0, "thrown");
    } catch (const char* text) {
        return text;
    }
    return "";
}
[[gnu::noinline]] double in_tail_position(double x) { return called(x, "tail"); }
[[gnu::noinline]] const char* caught_from_tail() {
    try {
        (void)in_tail_position(-1.0);
    } catch (const char* text) {
        return text;
    }
    return "";
}
void add_five(int& x) { x += 5; }

/// Sets everything that has a name, and looks from each unit.
void check_names(unsigned mask) {
    static constexpr double factors[] = {1, 2, 4};
    static constexpr double (*targets[])(double, const char*) = {&plain, &fast, &faster};
    for (unsigned i = 0; i < 6; ++i) {
        const bool x = i % 2 != 0;
        const bool y = i % 3 != 0;
        const unsigned z = i == 5 ? 3 : (i * 7 + 2) % 20;
        const auto factor = static_cast<unsigned>(factors[i % 3]);
        expect(inlay::set(off, x) && inlay::set(on, y) && inlay::set(way, z), "set", mask);
        expect(bool{inlay::update(called, targets[i % 3])}, "update", mask);
        const unsigned keys = (x ? 1U : 0U) + (y ? 2U : 0U);
        const unsigned all = keys + 4 * z + 10000 * keys + 1000 * factor;
        expect(keys_in_unit_b() == all, "keys in unit b", mask);
        expect(keys_in_unit_c() == all, "keys in unit c", mask);
        expect(shared_call(2.0) == 2.0 * factor, "static call", mask);
        expect(std::strcmp(caught_from_call(), "thrown") == 0, "an exception through a static call", mask);
        expect(std::strcmp(caught_from_tail(), "tail") == 0, "an exception through a tail call", mask);
        expect(bool{x ? inlay::update(noted, &add_five) : inlay::update(noted, nullptr)}, "update", mask);
        expect(shared_note(10) == (x ? 15 : 10), "a target that may be null", mask);
    }
    expect(inlay::set(off, false) && inlay::set(on, true) && inlay::set(way, 3) && inlay::update(called, &plain) &&
               inlay::update(noted, nullptr),
           "set back", mask);
}

void check_values(unsigned mask, bool applied) {
    const bool has_a = applied && (mask & 1) != 0;
    const bool has_b = applied && (mask & 2) != 0;
    const bool has_c = applied && (mask & 4) != 0;
    const int site = has_a && has_c ? 3 : has_b ? 2 : has_a ? 1 : 0;
    const double factor = has_b && has_c ? 4 : has_a ? 2 : 1;
    expect(shared_function() == site, "shared_function", mask);
    expect(in_unit_b(10) == 10 + 2 * site + static_cast<int>(factor), "unit b", mask);
    expect(in_unit_c(10) == 10 + 2 * site + (has_a ? 31 : 30), "unit c, with its own static function", mask);
    expect(with_internal() == (has_a ? 41 : 40), "this unit's static function of the same name", mask);
    expect(chosen(2.5, "x") == 2.5 * factor, "dispatch", mask);
    expect(std::strcmp(caught(), "thrown") == 0, "an exception through a dispatch", mask);
    expect(hweight(0xf0f0UL) == 8, "popcount", mask);
    const long more_kept = applied && (mask & 2) != 0 ? 2 : 1;
    const long more_code = has_a ? 2 : 1;
    const long operations_sum = 101 + 100 * (100 + more_kept) + 10000 * (100 + more_code);
    expect(shared_operations(100) == operations_sum, "paravirt operations", mask);
    expect(operations_in_unit_b(100) == operations_sum + 101000000, "paravirt operations in unit b", mask);
    expect(read_variable() == (has_a ? 7 : 0), "a RIP-relative operand", mask);
    barrier();
}

} // namespace

int run_checks(int dead) {
    check_records(dead);
    check_values(0, false);
    check_names(0);
    for (unsigned mask = 0; mask < 8; ++mask) {
        inlay::set(a, (mask & 1) != 0);
        inlay::set(b, (mask & 2) != 0);
        inlay::set(c, (mask & 4) != 0);
        operations = {};
        if ((mask & 2) != 0) {
            operations.kept = inlay::callee_save<&add_two>;
        }
        if ((mask & 1) != 0) {
            operations.code = inlay::callee_save<&add_two>;
        }
        const auto done = inlay::apply();
        expect(static_cast<bool>(done), inlay::message(done.error()), mask);
        check_values(mask, true);
        const auto again = inlay::apply();
        expect(again && again.written == 0, "the second apply() has nothing to do", mask);
#ifdef __OPTIMIZE__
#ifndef __OPTIMIZE_SIZE__
#ifndef THROUGH_TABLES // of control-flow integrity
        expect(done.calls_kept() == 0, "every call is direct", mask);
#endif
#endif
        expect(done.keys_direct == done.keys, "every key is direct", mask);

#endif
        check_names(mask);
    }
    return failures;
}

} // namespace matrix
