// SPDX-License-Identifier: BSL-1.0
//
// Text that is gone: a kernel frees its initialisation text. Changes, and another apply(), pass over sites in it and
// write nothing there; all other sites are changed.
#include "made_image.hpp"

#include <inlay/inlay.hpp>
#include <inlay/platform/bare.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <string>

// NOLINTBEGIN(*-avoid-magic-numbers)

extern "C" {
// The linker's names for the begin and the end of section `gone_text`.
[[gnu::visibility("hidden")]] extern const char __start_gone_text[], __stop_gone_text[]; // NOLINT
}

namespace {

using inlay::address;
using inlay::error;
using inlay::when;
using namespace inlay::x86::insn;
namespace table = inlay::table;

address address_of(const void* at) { return reinterpret_cast<address>(at); }

// ---- In this program -------------------------------------------------------------------------------

inline constexpr inlay::x86::address_register accumulator{0}; // rax, or eax in 32-bit mode

template <int Value>
int gives() {
    return Value;
}

inline constexpr inlay::static_key<"gone.key", false> key;
inline constexpr inlay::static_switch<"gone.way", 20, 0U> way;
inline constexpr inlay::static_call<"gone.call", &gives<10>> call;
inline constexpr inlay::feature<"gone.x", inlay::by_hand{}> x;
inline constexpr auto number = inlay::alternative<mov(eax, 1), when<x, mov(eax, 2)>>{}.returns<accumulator, int>();
inline constexpr inlay::dispatch<"gone.dispatch", &gives<1>, when<x, &gives<2>>> chosen;

// As in the initialisation of a kernel. (No code of it runs when it is "gone", although its bytes still exist.)
[[gnu::noinline, gnu::used, gnu::section("gone_text")]] int early_key() { return key ? 1 : 0; }
[[gnu::noinline, gnu::used, gnu::section("gone_text")]] unsigned early_way() { return way; }
[[gnu::noinline, gnu::used, gnu::section("gone_text")]] int early_call() { return call() + 1; }
[[gnu::noinline, gnu::used, gnu::section("gone_text")]] int early_number() { return number() * 10 + chosen(); }

[[gnu::noinline]] int late_key() { return key ? 1 : 0; }
[[gnu::noinline]] unsigned late_way() { return way; }
[[gnu::noinline]] int late_call() { return call() + 1; }
[[gnu::noinline]] int late_number() { return number() * 10 + chosen(); }

/// After start-up, the section gone_text is no longer executable.
class freeing : public inlay::platform::process {
public:
    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept {
        return process::executable(at, size) &&
               !(freed && at < address_of(__stop_gone_text) && address_of(__start_gone_text) < at + size);
    }
    bool freed{};
};

/// It also says which text is gone.
class telling : public freeing {
public:
    [[nodiscard]] bool gone(address at) const noexcept {
        return freed && at >= address_of(__start_gone_text) && at < address_of(__stop_gone_text);
    }
};

template <class Platform>
class GoneText : public testing::Test {
protected:
    GoneText() {
        inlay::set(x, false);
        all_of_it = inlay::set(key, false, platform) && inlay::set(way, 0, platform) &&
                    inlay::update(call, &gives<10>, platform) && inlay::apply(inlay::this_image(), platform);
    }
    [[nodiscard]] static std::string freed_bytes() { return {__start_gone_text, __stop_gone_text}; }

    Platform platform;
    bool all_of_it{};
};

using platforms = testing::Types<freeing, telling>;
TYPED_TEST_SUITE(GoneText, platforms);

TYPED_TEST(GoneText, ChangesLeaveItAlone) {
    ASSERT_TRUE(this->all_of_it);
    ASSERT_EQ(early_key() + late_key(), 0);
    ASSERT_EQ(early_way() + late_way(), 0U);
    ASSERT_EQ(early_call() + late_call(), 22);
    // Changes patch its sites while the text exists.
    const std::string first = this->freed_bytes();
    ASSERT_TRUE(inlay::set(key, true, this->platform));
    ASSERT_NE(this->freed_bytes(), first);
    ASSERT_EQ(early_key(), 1);
    ASSERT_TRUE(inlay::set(key, false, this->platform));
    ASSERT_EQ(this->freed_bytes(), first);

    this->platform.freed = true;
    for (int turn = 0; turn < 2; ++turn) {
        const auto on = inlay::set(key, true, this->platform);
        EXPECT_TRUE(on) << inlay::message(on.error());
        const auto level = inlay::set(way, 17, this->platform);
        EXPECT_TRUE(level) << inlay::message(level.error());
        const auto target = inlay::update(call, &gives<20>, this->platform);
        EXPECT_TRUE(target) << inlay::message(target.error());
        EXPECT_EQ(late_key(), 1);
        EXPECT_EQ(late_way(), 17U);
        EXPECT_EQ(late_call(), 21);
        EXPECT_EQ(this->freed_bytes(), first);
        EXPECT_TRUE(inlay::enable(key, this->platform));
        EXPECT_TRUE(inlay::disable(key, this->platform));
        EXPECT_TRUE(inlay::disable(key, this->platform));
        EXPECT_TRUE(inlay::set(way, 3, this->platform));
        EXPECT_TRUE(inlay::update(call, inlay::returns_zero<int()>, this->platform));
        EXPECT_EQ(late_key(), 0);
        EXPECT_EQ(late_way(), 3U);
        EXPECT_EQ(late_call(), 1);
        EXPECT_EQ(this->freed_bytes(), first);
    }
}

TYPED_TEST(GoneText, AnotherApplyPassesOverItIfThePlatformTells) {
    ASSERT_TRUE(this->all_of_it);
    ASSERT_EQ(early_number(), 11);
    ASSERT_EQ(late_number(), 11);
    const std::string first = this->freed_bytes();
    this->platform.freed = true;
    inlay::set(x, true);
    const auto done = inlay::apply(inlay::this_image(), this->platform);
    EXPECT_EQ(this->freed_bytes(), first);
    if constexpr (std::is_same_v<TypeParam, telling>) {
        EXPECT_TRUE(done) << inlay::message(done.error());
        EXPECT_EQ(late_number(), 22);
        EXPECT_TRUE(inlay::set(key, true, this->platform));
        EXPECT_TRUE(inlay::apply(inlay::this_image(), this->platform));
        EXPECT_EQ(late_key(), 1);
        EXPECT_EQ(this->freed_bytes(), first);
    } else {
        EXPECT_EQ(done.error(), error::site_outside_text);
        EXPECT_EQ(late_number(), 11) << "nothing was written";
    }
    inlay::set(x, false);
}

// ---- In memory that was made up --------------------------------------------------------------------

void synchronise() noexcept {}

struct ways {
    table::way_table head;
    std::array<table::reference, 4> to;
};
struct five_bytes {
    table::form head;
    std::array<std::uint8_t, 8> bytes;
};

struct tables_in_data {
    std::array<table::named, 3> names; // a key, a switch, a static call
    std::array<table::key_record, 4> keys;
    std::array<table::call_record, 2> calls;
    std::array<table::alternative_record, 6> alternatives;
    std::array<table::choice, 2> choices;
    five_bytes original;
    five_bytes other;
    table::predicate_node node;
    table::feature_record feature;
    table::feature_cell is_there;
    ways way;
    std::array<std::array<char, 8>, 3> texts;
    alignas(8) std::array<table::cell, 3> cells;
    table::registry registry;
};

/// Each kind of site lies at its offset in text that stays, and at the same offset in text that is freed.
constexpr std::size_t freed_begin = 256;
constexpr std::size_t freed_end = 512;
constexpr std::size_t key_at = 16;
constexpr std::size_t way_at = 32;
constexpr std::size_t call_at = 54; // after its marker, at 48
constexpr std::size_t slow = 700;
constexpr std::size_t yes = 720;
constexpr std::size_t first_way = 740;
constexpr std::size_t trampoline = 800;
constexpr std::size_t target = 820;
constexpr std::size_t other_target = 840;

class GoneMemory : public testing::Test {
protected:
    GoneMemory() {
        image.text.fill(0x90);
        image.data.fill(0);
        t = new (image.data.data()) tables_in_data{};
        for (std::size_t i = 0; i < 3; ++i) {
            t->texts[i] = {'n', 'a', 'm', 'e', static_cast<char>('0' + i)};
            made::refer(t->names[i].name, t->texts[i].data());
            made::refer(t->names[i].signature, t->texts[i].data());
            made::refer(t->names[i].cell, &t->cells[i]);
            t->cells[i].state.hash = inlay::detail::hash_of(t->texts[i].data());
        }
        made::refer(t->names[2].trampoline, &image.text[trampoline]);
        t->way.head = {4, 0, 0, 0};
        for (std::size_t i = 1; i < 4; ++i) {
            made::refer(t->way.to[i], &image.text[first_way + 10 * i]);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t base = i / 2 * freed_begin;
            const std::size_t at = base + (i % 2 == 0 ? key_at : way_at);
            put_jump(at, slow, 0xe9);
            made::refer(t->keys[i].site, &image.text[at]);
            made::refer(t->keys[i].targets, &image.text[yes]);
            made::refer(t->keys[i].key, &t->names[i % 2]);
            if (i % 2 == 1) {
                t->keys[i].key.distance += static_cast<std::int32_t>(table::many_ways);
                made::refer(t->keys[i].targets, &t->way);
            }
        }
        for (std::size_t i = 0; i < 2; ++i) {
            put_jump(i * freed_begin + call_at, trampoline, 0xe8);
            made::refer(t->calls[i].site, &image.text[i * freed_begin + call_at - 6]);
            made::refer(t->calls[i].callee, &t->names[2]);
        }
        t->cells[2].value = address_of(&image.text[target]);
        t->registry.nothing = reinterpret_cast<void (*)() noexcept>(&image.text[target]);
        t->registry.zero = reinterpret_cast<std::uintptr_t (*)() noexcept>(&image.text[target]);
        make_alternatives();
    }

    void make_alternatives() {
        const auto plain = [](five_bytes& form, std::uint8_t value) {
            form.head.length = 5;
            form.head.kind = table::form_kind::plain;
            std::fill(std::begin(form.head.relative), std::end(form.head.relative), table::no_operand);
            form.bytes = {0xb8, value, 0, 0, 0};
        };
        plain(t->original, 1);
        plain(t->other, 2);
        for (std::uint8_t i = 0; i < 2; ++i) {
            t->choices[i].length = 5;
            t->choices[i].ordinal = i;
        }
        made::refer(t->choices[0].form, &t->original);
        made::refer(t->choices[1].form, &t->other);
        made::refer(t->choices[1].otherwise, &t->choices[0]);
        made::refer(t->choices[1].predicate, &t->node);
        t->node.op = table::predicate_op::feature;
        made::refer(t->node.a, &t->feature);
        made::refer(t->feature.cell, &t->is_there);
        made::refer(t->feature.name, t->texts[0].data());
        for (std::size_t i = 0; i < t->alternatives.size(); ++i) {
            std::copy_n(t->original.bytes.begin(), 5, &image.text[place(i)]);
            made::refer(t->alternatives[i].site, &image.text[place(i)]);
            made::refer(t->alternatives[i].choices, &t->choices[1]);
        }
    }
    /// The places of the alternatives: two are in the freed text, a short distance after another one, since apply()
    /// asks about much text at once.
    static std::size_t place(std::size_t i) {
        return std::array<std::size_t, 6>{64, 230, freed_begin + 4, freed_begin + 24, 530, 600}[i];
    }

    void put_jump(std::size_t at, std::size_t to, std::uint8_t opcode) {
        const auto rel32 = static_cast<std::int32_t>(to) - static_cast<std::int32_t>(at) - 5;
        image.text[at] = opcode;
        std::memcpy(&image.text[at + 1], &rel32, 4);
    }

    /// Where the jump or call at `at` goes, as an offset in text; 0 if it is none.
    [[nodiscard]] std::size_t target_at(std::size_t at) const {
        std::int32_t rel32 = 0;
        std::memcpy(&rel32, &image.text[at + 1], 4);
        const bool goes = image.text[at] == 0xe8 || image.text[at] == 0xe9;
        return goes ? static_cast<std::size_t>(static_cast<std::int64_t>(at) + 5 + rel32) : 0;
    }

    [[nodiscard]] table::tables tables() const {
        return {{t->alternatives.data(), sizeof(t->alternatives)},
                {t->calls.data(), sizeof(t->calls)},
                {t->keys.data(), sizeof(t->keys)},
                {t->names.data(), sizeof(t->names)},
                &t->registry};
    }
    inlay::outcome apply() { return inlay::apply(tables(), kernel); }
    inlay::outcome set(std::size_t name, address value) {
        return inlay::detail::change_tables(tables(), t->names[name], inlay::detail::to_number(value), kernel);
    }
    inlay::outcome update(std::size_t to) {
        return inlay::detail::change_tables(tables(), t->names[2],
                                            inlay::detail::to_address(address_of(&image.text[to])), kernel);
    }

    void free_it() {
        kernel.freed = {address_of(&image.text[freed_begin]), address_of(&image.text[freed_end])};
        // Now another owner's bytes.
        std::fill(image.text.begin() + freed_begin, image.text.begin() + freed_end, std::uint8_t{0xa5});
    }
    [[nodiscard]] bool is_alone() const {
        return std::all_of(image.text.begin() + freed_begin, image.text.begin() + freed_end,
                           [](std::uint8_t each) { return each == 0xa5; });
    }

    made::memory image{};
    inlay::platform::bare<&synchronise> kernel{
        {address_of(image.text.data()), address_of(image.text.data()) + made::text_size},
        {address_of(&image), address_of(&image) + sizeof(image)}};
    tables_in_data* t{};
};
static_assert(sizeof(tables_in_data) <= made::data_size);

TEST_F(GoneMemory, ChangesLeaveItAlone) {
    const auto done = apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
    ASSERT_EQ(done.keys_direct, 4U);
    ASSERT_EQ(done.calls_direct, 2U);
    ASSERT_TRUE(set(0, 1));
    ASSERT_EQ(target_at(key_at), yes);
    ASSERT_EQ(target_at(freed_begin + key_at), yes);
    free_it();
    for (int turn = 0; turn < 2; ++turn) {
        EXPECT_TRUE(set(0, 0));
        EXPECT_EQ(target_at(key_at), 0U);
        EXPECT_TRUE(set(0, 1));
        EXPECT_EQ(target_at(key_at), yes);
        for (const std::size_t to : {3U, 1U}) {
            EXPECT_TRUE(set(1, to));
            EXPECT_EQ(target_at(way_at), first_way + 10 * to);
        }
        for (const std::size_t to : {other_target, target}) {
            EXPECT_TRUE(update(to));
            EXPECT_EQ(target_at(call_at), to);
        }
        EXPECT_TRUE(is_alone());
    }
}

// ---- Other processors that run (on x86, where a site is written in pieces, they always have to stop).

unsigned stops = 0;
unsigned goes = 0;
bool stoppable = true;
struct others {
    static bool stop() noexcept {
        ++stops;
        return stoppable;
    }
    static void go() noexcept { ++goes; }
};

TEST_F(GoneMemory, ChangesStopTheOthersOrAreRefused) {
    ASSERT_TRUE(apply());
    inlay::platform::bare<&synchronise, inlay::platform::nobody_stops> running{kernel.text, kernel.image};
    inlay::platform::bare<&synchronise, others> stopping{kernel.text, kernel.image};
    const auto change = [&](address value, auto& platform) {
        return inlay::detail::change_tables(tables(), t->names[0], inlay::detail::to_number(value), platform);
    };
    const made::memory before = image;
    const auto refused = change(1, running);
    EXPECT_EQ(refused.error(), inlay::error::others_run);
    EXPECT_EQ(refused.record().table, inlay::table_kind::keys);
    EXPECT_TRUE(before.text == image.text && before.data == image.data) << "nothing has changed";
    t->is_there.by_hand = 1;
    EXPECT_EQ(inlay::apply(tables(), running).error(), inlay::error::others_run);
    EXPECT_EQ(before.text, image.text);

    stoppable = true;
    EXPECT_TRUE(change(1, stopping));
    EXPECT_EQ(target_at(key_at), yes);
    EXPECT_GE(stops, 1U);
    EXPECT_GE(goes, 1U);
    stoppable = false;
    goes = 0;
    EXPECT_EQ(change(0, stopping).error(), inlay::error::text_not_writable);
    EXPECT_EQ(target_at(key_at), yes) << "they do not stop: nothing has changed";
    EXPECT_GE(goes, 1U) << "the stopped processors go on";
}

TEST_F(GoneMemory, AnotherApplyPassesOverIt) {
    ASSERT_TRUE(apply());
    ASSERT_TRUE(set(0, 1));
    free_it();
    for (const bool there : {true, false, true}) {
        t->is_there.by_hand = there ? 1 : 0;
        const auto done = apply();
        EXPECT_TRUE(done) << inlay::message(done.error());
        for (const std::size_t each : {0U, 1U, 4U, 5U}) {
            EXPECT_EQ(image.text[place(each) + 1], there ? 2 : 1) << each;
        }
        EXPECT_EQ(target_at(key_at), yes);
        EXPECT_EQ(target_at(call_at), target);
        EXPECT_TRUE(is_alone());
    }
    EXPECT_TRUE(set(0, 0)) << "after another apply(), too";
    EXPECT_EQ(target_at(key_at), 0U);
    EXPECT_TRUE(is_alone());
}

TEST_F(GoneMemory, TheFirstApplyPassesOverItToo) {
    free_it();
    t->is_there.by_hand = 1;
    const auto done = apply();
    EXPECT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(image.text[place(0) + 1], 2);
    EXPECT_EQ(image.text[place(5) + 1], 2);
    EXPECT_TRUE(set(0, 1));
    EXPECT_TRUE(set(1, 2));
    EXPECT_TRUE(update(other_target));
    EXPECT_EQ(target_at(key_at), yes);
    EXPECT_EQ(target_at(way_at), first_way + 20);
    EXPECT_EQ(target_at(call_at), other_target);
    EXPECT_TRUE(is_alone());
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
