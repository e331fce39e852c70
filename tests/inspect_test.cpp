// SPDX-License-Identifier: BSL-1.0
//
// The results of inspect() for each kind of site: as compiled, after apply(), after changes, and with foreign text.
#include <inlay/inlay.hpp>
#include <inlay/inspect.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::x86::insn;
using inlay::standing, inlay::when;

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

inline constexpr inlay::feature<"inspect.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"inspect.y", inlay::by_hand{}> y;
inline constexpr auto site = inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>, when<y, xor_(eax, eax)>>{}
                                 .named<"inspect.site">()
                                 .returns<accumulator, int>();
int one(int value) { return value + 1; }
int two(int value) { return value + 2; }
inline constexpr inlay::dispatch<"inspect.dispatch", &one, when<x, &two>> dispatched;
inline constexpr inlay::static_call<"inspect.call", &one> call;
inline constexpr inlay::static_call<"inspect.tail", &one> tail;
int events = 0;
void event(int value) { events += value; }
inline constexpr inlay::static_call<"inspect.event", &event> note;
inline constexpr inlay::static_call<"inspect.last", &event> last_note;
inline constexpr inlay::static_key<"inspect.key"> key;
inline constexpr inlay::static_key<"inspect.inverted", true> inverted;
inline constexpr inlay::static_switch<"inspect.switch", 4> way;

[[gnu::noinline]] int run_site() { return site(); }
[[gnu::noinline]] int run_dispatch() { return dispatched(1) + 1; }
[[gnu::noinline]] int run_call() { return call(1) + 1; }
[[gnu::noinline]] int run_tail() { return tail(1); }
[[gnu::noinline]] int run_note() {
    note(1);
    return events;
}
[[gnu::noinline]] void run_last_note() { last_note(1); }
[[gnu::noinline]] int run_key() { return key ? 1 : 0; }
[[gnu::noinline]] int run_inverted() { return inverted ? 1 : 0; }
[[gnu::noinline]] int run_switch() {
    switch (way) {
    case 0:
        return 10;
    case 1:
        return one(20);
    case 2:
        return two(30);
    default:
        return 40;
    }
}

#ifdef __OPTIMIZE__
constexpr bool calls_are_found = true;
#else
constexpr bool calls_are_found = false; // the compiler calls through a register
#endif

const char* text(const inlay::table::reference& reference) { return reinterpret_cast<const char*>(reference.target()); }
const inlay::table::named& named(const inlay::table::reference& reference) {
    return *reinterpret_cast<const inlay::table::named*>(reference.target() & ~inlay::address{3});
}

/// The forms at all sites of the name.
std::vector<inlay::inspected> at(const std::string& name) {
    const inlay::platform::process image;
    const auto tables = inlay::this_image();
    std::vector<inlay::inspected> all;
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto& record = tables.alternatives.records[i];
        const auto& choice = *reinterpret_cast<const inlay::table::choice*>(record.choices.target());
        if (choice.name && name == text(choice.name)) {
            all.push_back(inlay::inspect(image, tables, record));
        }
    }
    for (std::size_t i = 0; i < tables.keys.size(); ++i) {
        if (name == text(named(tables.keys.records[i].key).name)) {
            all.push_back(inlay::inspect(image, tables, tables.keys.records[i]));
        }
    }
    for (std::size_t i = 0; i < tables.calls.size(); ++i) {
        const auto& callee = tables.calls.records[i].callee;
        const auto offset = callee.target() - reinterpret_cast<inlay::address>(tables.names.records);
        const bool is_name = offset < tables.names.bytes;
        const auto& dispatch = *reinterpret_cast<const inlay::table::callee*>(callee.target() & ~inlay::address{3});
        if (name == text(is_name ? named(callee).name : dispatch.name)) {
            all.push_back(inlay::inspect(image, tables, tables.calls.records[i]));
        }
    }
    return all;
}

/// The form at the one site of the name. At -O0, a call that was not found counts as found.
standing form(const std::string& name) {
    const auto all = at(name);
    EXPECT_EQ(all.size(), 1U) << name;
    return all.empty() ? standing::malformed : all[0].form;
}
constexpr standing of_call(standing wanted) { return calls_are_found ? wanted : standing::other; }

inlay::address address_of(int (*function)(int)) { return reinterpret_cast<inlay::address>(function); }

int run_all() {
    return run_site() + run_dispatch() + run_call() + run_tail() + run_key() + run_inverted() + run_switch();
}

TEST(Inspect, AsCompiled) {
    EXPECT_EQ(run_all(), 1 + 3 + 3 + 2 + 0 + 1 + 10);
    EXPECT_EQ(form("inspect.site"), standing::original);
    EXPECT_EQ(at("inspect.site").at(0).ordinal, 0);
    EXPECT_EQ(form("inspect.key"), standing::reads_memory);
    EXPECT_NE(at("inspect.key").at(0).target, 0U);
    EXPECT_EQ(form("inspect.inverted"), standing::reads_memory);
    for (const auto& each : at("inspect.switch")) {
        EXPECT_EQ(each.form, standing::reads_memory);
    }
    for (const char* const name : {"inspect.dispatch", "inspect.call", "inspect.tail"}) {
        EXPECT_EQ(form(name), of_call(standing::trampoline)) << name;
    }
}

TEST(Inspect, AfterApplyAndChanges) {
    inlay::set(x, true);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(form("inspect.site"), standing::when);
    EXPECT_EQ(at("inspect.site").at(0).ordinal, 1);
    EXPECT_EQ(at("inspect.site").at(0).length, 5);
    EXPECT_EQ(form("inspect.dispatch"), of_call(standing::direct));
    EXPECT_EQ(form("inspect.call"), of_call(standing::direct));
    if (calls_are_found) {
        EXPECT_EQ(at("inspect.dispatch").at(0).target, address_of(&two));
        EXPECT_EQ(at("inspect.call").at(0).target, address_of(&one));
    }
    inlay::set(y, true);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(at("inspect.site").at(0).ordinal, 2);
    inlay::set(x, false);
    inlay::set(y, false);
    ASSERT_TRUE(inlay::apply());
    EXPECT_EQ(form("inspect.site"), standing::original);

    ASSERT_TRUE(inlay::update(call, &two));
    ASSERT_TRUE(inlay::update(tail, &two));
    EXPECT_EQ(form("inspect.tail"), of_call(standing::direct));
    if (calls_are_found) {
        EXPECT_EQ(at("inspect.call").at(0).target, address_of(&two));
        EXPECT_EQ(at("inspect.tail").at(0).target, address_of(&two));
    }
    ASSERT_TRUE(inlay::update(call, inlay::returns_zero<int(int)>));
    ASSERT_TRUE(inlay::update(tail, inlay::returns_zero<int(int)>));
    EXPECT_EQ(form("inspect.call"), of_call(standing::zero));
    EXPECT_EQ(form("inspect.tail"), of_call(standing::zero));
    EXPECT_EQ(form("inspect.event"), of_call(standing::direct));
    ASSERT_TRUE(inlay::update(note, inlay::no_target<void(int)>));
    ASSERT_TRUE(inlay::update(last_note, inlay::no_target<void(int)>));
    EXPECT_EQ(form("inspect.event"), of_call(standing::nothing));
    EXPECT_EQ(form("inspect.last"), of_call(standing::nothing));
    const int before = events;
    run_last_note();
    EXPECT_EQ(run_note(), before);
}

TEST(Inspect, KeysAndSwitches) {
    ASSERT_TRUE(inlay::apply());
    for (const bool on : {true, false}) {
        ASSERT_TRUE(inlay::set(key, on));
        ASSERT_TRUE(inlay::set(inverted, on));
        EXPECT_EQ(run_key() + run_inverted(), on ? 2 : 0);
        for (const char* const name : {"inspect.key", "inspect.inverted"}) {
            const standing found = form(name);
            EXPECT_TRUE(found == standing::jump || found == standing::falls_through) << name;
        }
    }
    const auto off = form("inspect.key");
    ASSERT_TRUE(inlay::set(key, true));
    EXPECT_NE(form("inspect.key"), off);
    for (unsigned value = 0; value < 4; ++value) {
        ASSERT_TRUE(inlay::set(way, value));
        unsigned patched = 0;
        for (const auto& each : at("inspect.switch")) {
            patched += each.form == standing::jump || each.form == standing::falls_through ? 1U : 0U;
        }
        EXPECT_NE(patched, 0U) << value;
    }
}

// ---- Text in memory of our own ----------------------------------------------------------------------

/// An image that is one struct, where all may be read and the first bytes are text.
struct memory {
    alignas(16) std::uint8_t code[64]{};
    struct {
        inlay::table::form form;
        std::uint8_t bytes[8];
    } original{{5, inlay::table::form_kind::plain, {}, {255, 255, 255, 255}}, {0xb8, 1, 0, 0, 0}};
    inlay::table::choice choice{};
    inlay::table::alternative_record record{};

    [[nodiscard]] bool readable(inlay::address at, std::size_t size) const noexcept {
        const auto begin = reinterpret_cast<inlay::address>(this);
        return at >= begin && at + size <= begin + sizeof(*this);
    }
    [[nodiscard]] bool executable(inlay::address at, std::size_t size) const noexcept {
        return at >= reinterpret_cast<inlay::address>(code) &&
               at + size <= reinterpret_cast<inlay::address>(code) + sizeof(code);
    }

    static void refer(inlay::table::reference& from, const void* to) {
        const auto distance = reinterpret_cast<inlay::address>(to) - reinterpret_cast<inlay::address>(&from);
        const auto field = static_cast<std::int32_t>(distance);
        std::memcpy(static_cast<void*>(&from), &field, sizeof(field));
    }
    memory() {
        choice.length = 5;
        refer(choice.form, &original);
        refer(record.site, code);
        refer(record.choices, &choice);
    }
};

TEST(Inspect, WhatIsNotInlays) {
    memory image;
    const inlay::table::tables none;
    std::memcpy(image.code, image.original.bytes, 5);
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::original);
    image.code[0] = 0xcc;
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::other);
    const std::uint8_t jump[] = {0xe9, 0x0b, 0, 0, 0};
    std::memcpy(image.code, jump, sizeof(jump));
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::other);
    EXPECT_EQ(inlay::inspect(image, none, image.record).target, reinterpret_cast<inlay::address>(image.code + 16));
    image.choice.length = 65;
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::malformed);
    image.choice.length = 4;
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::malformed); // its form is longer
    image.choice.length = 5;
    image.original.form.kind = static_cast<inlay::table::form_kind>(9);
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::malformed);
    memory::refer(image.record.site, &image.choice);
    EXPECT_EQ(inlay::inspect(image, none, image.record).form, standing::malformed); // no text
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
