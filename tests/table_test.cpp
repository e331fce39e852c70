// SPDX-License-Identifier: BSL-1.0
//
// Tables made by hand, good and bad: decide()'s results, and the proof that a bad one changes no byte of text.
#include "made_image.hpp"

#include <inlay/override.hpp>
#include <inlay/platform/bare.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::address;
using inlay::error;
using inlay::table_kind;
namespace table = inlay::table;

template <std::size_t Length>
struct form_with_bytes {
    table::form head;
    std::array<std::uint8_t, Length> bytes;
};

/// Two alternatives of five bytes at text + 16 and text + 32, and one call at text + 64. The original is `mov eax, 0`.
/// If the feature is on, the form is `mov eax, 1`; if it is off, `e8 rel32` to text + 512.
struct tables_in_data {
    std::array<table::alternative_record, 2> alternatives;
    std::array<table::call_record, 1> calls;
    std::array<table::choice, 3> choices;
    form_with_bytes<8> original; // five bytes used
    form_with_bytes<8> on;
    form_with_bytes<8> off;
    std::array<table::predicate_node, 4> nodes; // feature, not feature, all, any
    table::feature_record feature;
    table::feature_cell cell;
    std::array<char, 8> name;
    table::callee callee;
    std::array<table::choice, 2> targets_choices;
    alignas(8) address target;
    std::array<address, 2> targets;
};

class Table : public testing::Test {
protected:
    Table() {
        image.text.fill(0xcc);
        image.data.fill(0);
        t = new (image.data.data()) tables_in_data{};
        made::refer(t->alternatives[0].site, &image.text[16]);
        made::refer(t->alternatives[1].site, &image.text[32]);
        for (auto& record : t->alternatives) {
            made::refer(record.choices, &t->choices[2]);
        }
        make(t->original, {0xb8, 0, 0, 0, 0}, table::no_operand);
        make(t->on, {0xb8, 1, 0, 0, 0}, table::no_operand);
        make(t->off, {0xe8, 0, 0, 0, 0}, 1);
        const auto distance =
            reinterpret_cast<std::intptr_t>(&image.text[512]) - reinterpret_cast<std::intptr_t>(&t->off.bytes[5]);
        const auto rel32 = static_cast<std::int32_t>(distance);
        std::memcpy(&t->off.bytes[1], &rel32, 4);
        for (std::uint8_t i = 0; i < 3; ++i) {
            t->choices[i].length = 5;
            t->choices[i].ordinal = i;
            made::refer(t->choices[i].name, t->name.data());
        }
        made::refer(t->choices[0].form, &t->original);
        made::refer(t->choices[1].form, &t->on);
        made::refer(t->choices[2].form, &t->off);
        made::refer(t->choices[1].otherwise, &t->choices[0]);
        made::refer(t->choices[2].otherwise, &t->choices[1]);
        made::refer(t->choices[1].predicate, &t->nodes[3]);
        made::refer(t->choices[2].predicate, &t->nodes[1]);
        using op = table::predicate_op;
        t->nodes[0].op = op::feature;
        t->nodes[1].op = op::not_feature;
        t->nodes[2].op = op::all;
        t->nodes[3].op = op::any;
        made::refer(t->nodes[0].a, &t->feature);
        made::refer(t->nodes[1].a, &t->feature);
        made::refer(t->nodes[2].a, &t->nodes[0]);
        made::refer(t->nodes[2].b, &t->nodes[0]);
        made::refer(t->nodes[3].a, &t->nodes[2]);
        made::refer(t->nodes[3].b, &t->nodes[0]);
        made::refer(t->feature.cell, &t->cell);
        made::refer(t->feature.name, t->name.data());
        std::memcpy(t->name.data(), "made.on", 8);
        made::refer(t->calls[0].site, &image.text[64]);
        made::refer(t->calls[0].callee, &t->callee);
        made::refer(t->callee.name, t->name.data());
        made::refer(t->callee.trampoline, &image.text[256]);
        made::refer(t->callee.target, &t->target);
        made::refer(t->callee.targets, t->targets.data());
        made::refer(t->callee.choices, &t->targets_choices[1]);
        t->targets_choices[1].ordinal = 1;
        made::refer(t->targets_choices[1].otherwise, &t->targets_choices[0]);
        made::refer(t->targets_choices[1].predicate, &t->nodes[0]);
        t->targets = {reinterpret_cast<address>(&image.text[300]), reinterpret_cast<address>(&image.text[400])};
        t->target = t->targets[0];
        put_call(70, 256);
        put_original(16);
        put_original(32);
    }

    /// The bytes that a compiler leaves at the site.
    void put_original(std::size_t at) { std::memcpy(&image.text[at], t->original.bytes.data(), 5); }

    template <std::size_t Length>
    static void make(form_with_bytes<Length>& form, const std::array<std::uint8_t, 5>& bytes, std::uint8_t operand) {
        form.head = {
            5, table::form_kind::plain, {}, {operand, table::no_operand, table::no_operand, table::no_operand}};
        std::memcpy(form.bytes.data(), bytes.data(), 5);
    }

    /// `call to` at `at`, both offsets in text.
    void put_call(std::size_t at, std::size_t to) {
        image.text[at] = 0xe8;
        const auto rel32 = static_cast<std::int32_t>(to) - static_cast<std::int32_t>(at) - 5;
        std::memcpy(&image.text[at + 1], &rel32, 4);
    }

    [[nodiscard]] inlay::table::tables tables() const {
        return {{t->alternatives.data(), sizeof(t->alternatives)}, {t->calls.data(), sizeof(t->calls)}};
    }
    inlay::outcome apply() { return inlay::apply(tables(), platform); }
    inlay::outcome apply(const inlay::table::tables& some) { return inlay::apply(some, platform); }

    [[nodiscard]] std::string bytes_at(std::size_t at, std::size_t size) const {
        return {reinterpret_cast<const char*>(&image.text[at]), size};
    }

    /// Expects an error about record `index` of `where`, and unchanged text.
    void refused(const inlay::outcome& done, error what, table_kind where, std::uint32_t index, const auto& before) {
        EXPECT_FALSE(done);
        EXPECT_EQ(done.error(), what) << inlay::message(done.error());
        EXPECT_EQ(done.record().table, where);
        EXPECT_EQ(done.record().index, index);
        EXPECT_EQ(platform.writes, 0U);
        EXPECT_TRUE(image.text == before) << "text changed";
    }
    void refused(error what, table_kind where = table_kind::alternatives, std::uint32_t index = 0) {
        const auto before = image.text;
        refused(apply(), what, where, index, before);
    }

    /// The same where earlier runs have written.
    void refused_now(error what, table_kind where = table_kind::alternatives) {
        platform.writes = 0;
        refused(what, where);
    }

    /// Calls are decided first: a bad reference in their predicate is found there.
    [[nodiscard]] table_kind first_to_meet(const table::reference* bad) const {
        return bad == &t->nodes[0].a || bad == &t->feature.cell ? table_kind::calls : table_kind::alternatives;
    }

    made::memory image{};
    made::platform platform{image};
    tables_in_data* t{};
};

constexpr auto quiet = table::no_operand;

TEST_F(Table, GoodOnesAreApplied) {
    t->cell.by_hand = 1;
    auto done = apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(done.sites, 2U);
    EXPECT_EQ(done.written, 2U);
    EXPECT_EQ(done.calls_direct, 1U);
    EXPECT_EQ(bytes_at(16, 5), std::string("\xb8\x01\0\0\0", 5));
    EXPECT_EQ(bytes_at(32, 5), std::string("\xb8\x01\0\0\0", 5));
    EXPECT_EQ(t->target, t->targets[1]);
    EXPECT_EQ(bytes_at(70, 5), std::string("\xe8\x45\x01\0\0", 5)) << "400 - 75";
    EXPECT_TRUE(platform.finished);

    t->cell.by_hand = 0;
    done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(bytes_at(16, 5), std::string("\xe8\xeb\x01\0\0", 5)) << "512 - 21";
    EXPECT_EQ(bytes_at(32, 5), std::string("\xe8\xdb\x01\0\0", 5)) << "512 - 37";
    EXPECT_EQ(bytes_at(70, 5), std::string("\xe8\xe1\0\0\0", 5)) << "found again although it went elsewhere: 300 - 75";
    EXPECT_EQ(t->target, t->targets[0]);

    platform.writes = 0;
    done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(platform.writes, 0U) << "nothing to do the second time";
}

TEST_F(Table, DecideIsPureAndSaysWhatApplyWrites) {
    const auto before = image;
    for (const bool on : {false, true}) {
        inlay::patch bytes{};
        const auto feature = [on](const table::feature_record& /*feature*/) noexcept { return on; };
        ASSERT_EQ(inlay::decide(platform, t->alternatives[1], feature, bytes), error::no_error);
        EXPECT_EQ(std::memcmp(&image, &before, sizeof(image)), 0);
        t->cell.by_hand = on ? 1 : 0;
        ASSERT_TRUE(apply());
        EXPECT_EQ(bytes.length, 5);
        EXPECT_EQ(std::memcmp(bytes.bytes, &image.text[32], 5), 0);
        image = before;
    }
}

TEST_F(Table, EmptyOnesAreFine) {
    const auto done = apply(table::tables{{nullptr, 0}, {nullptr, 0}});
    EXPECT_TRUE(done);
    EXPECT_EQ(done.sites + done.calls, 0U);
}

TEST_F(Table, Truncated) {
    auto some = tables();
    const auto before = image.text;
    some.alternatives.bytes -= 3;
    refused(apply(some), error::table_truncated, table_kind::alternatives, 1, before);
    some = tables();
    some.calls.bytes -= 4;
    refused(apply(some), error::table_truncated, table_kind::calls, 0, before);
}

TEST_F(Table, SiteOutsideText) {
    made::refer(t->alternatives[1].site, image.data.data() + 2000);
    refused(error::site_outside_text, table_kind::alternatives, 1);
    made::refer(t->alternatives[1].site, image.text.data() - 2);
    refused(error::site_outside_text, table_kind::alternatives, 1);
    made::refer(t->alternatives[1].site, image.text.data() + made::text_size - 4);
    refused(error::site_outside_text, table_kind::alternatives, 1);
    made::refer(t->alternatives[1].site, image.text.data() + made::text_size - 5);
    put_original(made::text_size - 5);
    EXPECT_TRUE(apply());
}

TEST_F(Table, SiteLength) {
    t->choices[2].length = 0;
    refused(error::site_empty);
    t->choices[2].length = 65;
    refused(error::site_too_long);
    t->choices[2].length = 4;
    refused(error::form_too_long);
}

TEST_F(Table, FormsAreCheckedEvenIfNotChosen) {
    t->cell.by_hand = 1; // chooses `on`
    t->original.head.length = 6;
    refused(error::form_too_long);
    t->original.head.length = 5;
    t->original.head.kind = static_cast<table::form_kind>(7);
    refused(error::form_unknown);
    t->original.head.kind = table::form_kind::plain;
    t->original.head.relative[0] = 2;
    refused(error::form_operand_outside);
    t->original.head.relative[0] = quiet;
    EXPECT_TRUE(apply());
}

TEST_F(Table, ReferencesOutsideTheImage) {
    for (table::reference* const each :
         {&t->alternatives[0].choices, &t->choices[0].form, &t->choices[2].form, &t->choices[1].predicate,
          &t->choices[1].otherwise, &t->nodes[3].a, &t->nodes[3].b, &t->nodes[0].a, &t->feature.cell}) {
        const auto good = *each;
        for (const std::int32_t bad : {0x40000000, -0x40000000, good.distance + 1, 1 << 20}) {
            each->distance = bad;
            refused(error::reference_outside, first_to_meet(each));
        }
        *each = good;
    }
    made::refer(t->feature.cell, image.text.data() + 128);
    refused(error::reference_outside, table_kind::calls);
}

TEST_F(Table, UnknownPredicateAndProbe) {
    t->nodes[3].op = static_cast<table::predicate_op>(99);
    refused(error::predicate_unknown);
    t->nodes[3].op = static_cast<table::predicate_op>(0);
    refused(error::predicate_unknown);
    t->nodes[3].op = table::predicate_op::any;
    t->feature.kind = static_cast<table::probe_kind>(9);
    refused(error::feature_unknown, table_kind::calls);
}

TEST_F(Table, EndlessDescriptions) {
    made::refer(t->choices[0].otherwise, &t->choices[2]);
    refused(error::description_endless);
    t->choices[0].otherwise.distance = 0;
    made::refer(t->nodes[2].a, &t->nodes[3]);
    refused(error::description_endless);
    made::refer(t->nodes[2].a, &t->nodes[0]);
    made::refer(t->choices[0].predicate, &t->nodes[0]); // the list ends, but nothing need hold
    made::refer(t->choices[1].predicate, &t->nodes[0]);
    made::refer(t->choices[2].predicate, &t->nodes[0]);
    refused(error::description_endless);
}

TEST_F(Table, CircularPredicatesEndSoon) {
    // Without a memo, a node that is both its own sides takes 2^depth steps, as does a chain that ends.
    const auto feature = [](const table::feature_record& /*feature*/) noexcept { return true; };
    auto* const chain = new (image.data.data() + 1024) std::array<table::predicate_node, 101>{};
    for (std::size_t i = 0; i < 100; ++i) {
        (*chain)[i].op = table::predicate_op::all;
        made::refer((*chain)[i].a, &(*chain)[i + 1]);
        made::refer((*chain)[i].b, &(*chain)[i + 1]);
    }
    (*chain)[100].op = table::predicate_op::always;
    made::refer(t->choices[2].predicate, chain->data());
    inlay::patch bytes{};
    EXPECT_EQ(inlay::decide(platform, t->alternatives[0], feature, bytes), error::description_endless);
    EXPECT_TRUE(apply()) << "each node is evaluated once";
    EXPECT_EQ(bytes_at(16, 1), "\xe8");
    unsigned visited = 0;
    inlay::for_each_used_feature(tables(), platform, [&](const table::feature_record&) noexcept { ++visited; });
    EXPECT_NE(visited, 0U);
    made::refer((*chain)[0].a, chain->data());
    made::refer((*chain)[0].b, chain->data());
    EXPECT_EQ(inlay::decide(platform, t->alternatives[0], feature, bytes), error::description_endless);
    refused_now(error::description_endless);
    inlay::for_each_used_feature(tables(), platform, [&](const table::feature_record&) noexcept { ++visited; });
}

TEST_F(Table, WhatOneRunFoundOutIsNoNewsToALaterOne) {
    // However many tables are patched in between, by whichever of the two functions, in this image or by another's
    // code.
    for (const unsigned between : {0U, 1U, 253U, 254U, 255U, 256U, 509U, 65535U}) {
        t->cell.by_hand = 1;
        ASSERT_TRUE(apply());
        ASSERT_EQ(bytes_at(16, 2), std::string("\xb8\x01", 2));
        for (unsigned i = 0; i < between; ++i) {
            ASSERT_TRUE(i % 2 == 0 ? apply(table::tables{}) : inlay::apply_alternatives({}, platform));
        }
        t->cell.by_hand = 0;
        ASSERT_TRUE(between % 2 == 0 ? apply() : inlay::apply_alternatives(tables().alternatives, platform));
        ASSERT_EQ(bytes_at(16, 1), "\xe8") << between;
    }
    EXPECT_EQ(t->cell.memo.before, 0);
    for (const auto& each : t->nodes) {
        EXPECT_EQ(each.memo.before, 0) << "nothing is remembered between runs";
    }
    t->choices[0].length = 0; // also after one that failed
    t->choices[2].length = 0;
    EXPECT_FALSE(apply());
    EXPECT_EQ(t->cell.memo.before, 0);
}

TEST_F(Table, OverlappingSites) {
    for (const int shift : {-4, -1, 1, 4}) {
        std::fill_n(&image.text[11], 15, std::uint8_t{0x90}); // both hold bytes that they may hold: nops
        t->original.head.length = 1;
        t->original.bytes[0] = 0x90;
        made::refer(t->alternatives[1].site, &image.text[static_cast<std::size_t>(16 + shift)]);
        refused(error::sites_overlap, table_kind::alternatives, 1);
    }
    for (const int shift : {-5, 5}) {
        made::refer(t->alternatives[1].site, &image.text[static_cast<std::size_t>(16 + shift)]);
        std::fill_n(&image.text[11], 15, std::uint8_t{0x90});
        EXPECT_TRUE(apply()) << shift;
    }
}

TEST_F(Table, TargetOutOfRange) {
    if constexpr (!inlay::x86::is_64_bit) {
        GTEST_SKIP() << "in 32-bit mode all distances fit";
    }
    t->off.bytes[4] = 0x7f; // as far as it goes from the form; the site lies before it, so further
    t->off.bytes[3] = t->off.bytes[2] = t->off.bytes[1] = 0xff;
    refused(error::target_out_of_range);
}

TEST_F(Table, StackedRecordsAreOneGroupOfTheLongestLength) {
    // The second record is at the same address but longer: seven bytes; its original states five of them.
    t->alternatives[1].site.distance = 0;
    made::refer(t->alternatives[1].site, &image.text[16]);
    std::array<table::choice, 2> longer{};
    auto* const copy = new (image.data.data() + 2048) std::array<table::choice, 2>(longer);
    (*copy)[0].length = (*copy)[1].length = 7;
    (*copy)[1].ordinal = 1;
    made::refer((*copy)[0].form, &t->original);
    made::refer((*copy)[1].form, &t->off);
    made::refer((*copy)[1].predicate, &t->nodes[0]);
    made::refer((*copy)[1].otherwise, &(*copy)[0]);
    made::refer(t->alternatives[1].choices, &(*copy)[1]);
    const std::string nop = inlay::x86::is_64_bit ? "\x66\x90" : "\x89\xf6";
    image.text[21] = image.text[22] = 0x90; // as an assembler pads the longer one
    t->cell.by_hand = 1;                    // first record: `on`; second: `off`; the last one wins
    ASSERT_TRUE(apply());
    EXPECT_EQ(bytes_at(16, 8), std::string("\xe8\xeb\x01\0\0", 5) + nop + "\xcc");
    t->cell.by_hand = 0; // first record: `off`; second: its original gives way
    ASSERT_TRUE(apply());
    EXPECT_EQ(bytes_at(16, 8), std::string("\xe8\xeb\x01\0\0", 5) + nop + "\xcc");
    made::refer((*copy)[1].predicate, &t->nodes[1]);
    made::refer(t->choices[2].predicate, &t->nodes[0]);
    t->cell.by_hand = 1;
    made::refer(t->choices[2].form, &t->on);
    ASSERT_TRUE(apply());
    EXPECT_EQ(bytes_at(16, 8), std::string("\xb8\x01\0\0\0", 5) + nop + "\xcc");
}

TEST_F(Table, BadCalls) {
    const auto good = t->callee;
    t->calls[0].callee.distance = 0x40000000;
    refused(error::reference_outside, table_kind::calls);
    made::refer(t->calls[0].callee, &t->callee);
    made::refer(t->callee.target, image.text.data());
    refused(error::reference_outside, table_kind::calls);
    t->callee.target = good.target;
    made::refer(t->callee.trampoline, image.data.data());
    refused(error::reference_outside, table_kind::calls);
    t->callee.trampoline = good.trampoline;
    t->callee.choices.distance = 2;
    refused(error::reference_outside, table_kind::calls);
    t->callee.choices = good.choices;
    made::refer(t->callee.targets, image.data.data() + made::data_size - sizeof(address));
    t->cell.by_hand = 1;
    refused(error::ordinal_outside, table_kind::calls);
    t->callee.targets = good.targets;
    made::refer(t->calls[0].site, image.text.data() + made::text_size);
    refused(error::site_outside_text, table_kind::calls);
    EXPECT_EQ(t->target, t->targets[0]) << "the pointer changes only with the text";
}

TEST_F(Table, CallsThatAreNotFoundOrOutOfReachGoThroughTheTrampoline) {
    t->cell.by_hand = 1;
    image.text[70] = 0x90; // no call any more
    auto done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(done.calls_kept(), 1U);
    EXPECT_EQ(t->target, t->targets[1]) << "the trampoline still goes to the right place";

    if constexpr (!inlay::x86::is_64_bit) {
        return; // all targets are in reach
    }
    put_call(70, 256);
    t->targets[1] = t->targets[0] + static_cast<address>(0x1'0000'0000);
    done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(done.calls_kept(), 1U);
    EXPECT_EQ(t->target, t->targets[1]);
    EXPECT_EQ(bytes_at(70, 5), std::string("\xe8\xb5\0\0\0", 5)) << "256 - 75";
}

TEST_F(Table, ConditionalTailCallIsRedirected) {
    t->cell.by_hand = 1;
    image.text[70] = 0xb8; // mov eax, imm32
    image.text[80] = 0x0f;
    image.text[81] = 0x85; // jne
    const std::int32_t rel32 = 256 - 86;
    std::memcpy(&image.text[82], &rel32, 4);
    ASSERT_TRUE(apply());
    EXPECT_EQ(bytes_at(80, 6), std::string("\x0f\x85\x3a\x01\0\0", 6)) << "400 - 86";
}

/// A call through a pointer at text + 96, to the value of `target`.
class CallThroughPointer : public Table {
protected:
    struct call_in_data {
        table::form head;
        std::array<std::uint8_t, 8> bytes; // six used
        table::indirect_call call;
    };
    struct more_data {
        call_in_data form;
        table::choice choice;
        std::array<table::alternative_record, 3> records; // the call, an alternative at the same site, the call again
        alignas(8) address pointer;
        std::array<std::uint8_t, 8> functions;
    };

    CallThroughPointer() {
        m = new (&image.data[2048]) more_data{};
        m->form.head = {6, table::form_kind::indirect_call, {}, {2, 255, 255, 255}};
        m->form.bytes = {0xff, 0x15};
        const auto distance =
            reinterpret_cast<std::intptr_t>(&m->pointer) - reinterpret_cast<std::intptr_t>(&m->form.bytes[6]);
        const auto rel32 = static_cast<std::int32_t>(distance);
        std::memcpy(&m->form.bytes[2], &rel32, 4);
        made::refer(m->form.call.pointer, &m->pointer);
        made::refer(m->form.call.nothing, &image.text[600]);
        made::refer(m->form.call.missing, &image.text[610]);
        m->choice.length = 6;
        made::refer(m->choice.form, &m->form.head);
        for (auto& record : m->records) {
            made::refer(record.site, &image.text[96]);
            made::refer(record.choices, &m->choice);
        }
        made::refer(m->records[1].choices, &t->choices[2]);
        m->pointer = reinterpret_cast<address>(&image.text[500]);
        const auto there =
            reinterpret_cast<std::intptr_t>(&m->pointer) - reinterpret_cast<std::intptr_t>(&image.text[102]);
        const auto original = static_cast<std::int32_t>(there);
        image.text[96] = 0xff;
        image.text[97] = 0x15;
        std::memcpy(&image.text[98], &original, 4);
    }

    [[nodiscard]] inlay::table::tables calls(std::size_t first, std::size_t count) const {
        return {{&m->records[first], count * sizeof(m->records[0])}, {}, {}, {}, nullptr};
    }
    [[nodiscard]] std::string call_of(std::size_t to) const {
        const auto rel32 = static_cast<std::int32_t>(to) - 96 - 5;
        std::string bytes = "\xe8    \x90";
        std::memcpy(&bytes[1], &rel32, 4);
        return bytes;
    }

    more_data* m{};
};

TEST_F(CallThroughPointer, BecomesDirectOrNothingOrTheReporter) {
    const auto all = calls(0, 1);
    ASSERT_TRUE(apply(all));
    EXPECT_EQ(bytes_at(96, 6), call_of(500));
    m->pointer = 0;
    ASSERT_TRUE(apply(all));
    EXPECT_EQ(bytes_at(96, 6), call_of(610));
    m->pointer = reinterpret_cast<address>(&image.text[600]);
    ASSERT_TRUE(apply(all));
    std::array<std::uint8_t, 6> nops{};
    inlay::arch::fill_nops(nops.data(), 6);
    EXPECT_EQ(bytes_at(96, 6), std::string(nops.begin(), nops.end()));
}

TEST_F(CallThroughPointer, OutOfReachStays) {
    if constexpr (sizeof(address) == 4) {
        GTEST_SKIP() << "in 32-bit mode everything is in reach";
    }
    m->pointer = static_cast<address>(std::uint64_t{1} << 46);
    ASSERT_TRUE(apply(calls(0, 1)));
    EXPECT_EQ(bytes_at(96, 2), "\xff\x15");
    std::int32_t distance = 0;
    std::memcpy(&distance, &image.text[98], 4);
    EXPECT_EQ(&image.text[102] + distance, reinterpret_cast<std::uint8_t*>(&m->pointer));
}

TEST_F(CallThroughPointer, AlternativeBehindItTakesItsPlace) {
    ASSERT_TRUE(apply(calls(0, 2)));
    std::string code = bytes_at(96, 6); // the feature is off: a call of text + 512
    EXPECT_EQ(code, call_of(512));
}

TEST_F(CallThroughPointer, InFrontOfTheAlternativeIsTheOnlyOrder) {
    // The call after the alternative would overwrite the alternative's form.
    const auto before = image.text;
    refused(apply(calls(1, 2)), error::call_behind_alternative, table_kind::alternatives, 1, before);
}

TEST_F(CallThroughPointer, TwiceTheSameIsOneSite) {
    // A linker that folds identical functions leaves the records of both.
    made::refer(m->records[1].choices, &m->choice);
    ASSERT_TRUE(apply(calls(0, 3)));
    EXPECT_EQ(bytes_at(96, 6), call_of(500));
}

TEST_F(CallThroughPointer, BadOnes) {
    const auto before = image.text;
    m->form.call.pointer.distance += 2; // not aligned
    refused(apply(calls(0, 1)), error::reference_outside, table_kind::alternatives, 0, before);
    m->form.call.pointer.distance = 1 << 20;
    refused(apply(calls(0, 1)), error::reference_outside, table_kind::alternatives, 0, before);
    made::refer(m->form.call.pointer, &m->pointer);
    m->form.head.length = 4; // the direct call would not fit
    m->form.head.relative[0] = table::no_operand;
    refused(apply(calls(0, 1)), error::form_too_long, table_kind::alternatives, 0, before);
    m->form.head.length = 6;
    m->form.head.kind = static_cast<table::form_kind>(4);
    refused(apply(calls(0, 1)), error::form_unknown, table_kind::alternatives, 0, before);
}

/// Fails once, when everything is written: the next writes take it back.
struct fails_to_finish : made::platform {
    bool failed{};
    bool finish() noexcept { return std::exchange(failed, true); }
};

TEST_F(CallThroughPointer, PlatformThatRefusesLeavesTheIndirectCall) {
    fails_to_finish refusing{{image}};
    EXPECT_EQ(inlay::apply(calls(0, 1), refusing).error(), error::text_not_writable);
    EXPECT_EQ(refusing.writes, 2U);
    EXPECT_EQ(bytes_at(96, 2), "\xff\x15");
    std::int32_t distance = 0;
    std::memcpy(&distance, &image.text[98], 4);
    EXPECT_EQ(&image.text[102] + distance, reinterpret_cast<std::uint8_t*>(&m->pointer));
}

TEST_F(Table, PlatformThatRefusesLeavesTheOriginals) {
    t->cell.by_hand = 1;
    platform.refuses = true;
    std::memcpy(&image.text[16], t->original.bytes.data(), 5);
    std::memcpy(&image.text[32], t->original.bytes.data(), 5);
    const auto before = image.text;
    const auto done = apply();
    EXPECT_EQ(done.error(), error::text_not_writable);
    EXPECT_TRUE(image.text == before);
    EXPECT_EQ(t->target, t->targets[1]) << "the pointer is data: calls go the right way, by their trampoline";
    EXPECT_EQ(done.calls_kept(), 1U);
}

TEST_F(Table, AlternativesAlone) {
    t->cell.by_hand = 1;
    t->calls[0].callee.distance = 0x40000000; // bad, but not read
    const auto done = inlay::apply_alternatives(tables().alternatives, platform);
    ASSERT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(done.sites, 2U);
    EXPECT_EQ(done.written, 2U);
    EXPECT_EQ(done.calls, 0U);
    EXPECT_EQ(bytes_at(16, 5), std::string("\xb8\x01\0\0\0", 5));
    EXPECT_EQ(bytes_at(32, 5), std::string("\xb8\x01\0\0\0", 5));
    EXPECT_EQ(bytes_at(70, 5), std::string("\xe8\xb5\0\0\0", 5)) << "the call is unchanged: 256 - 75";
    EXPECT_TRUE(platform.finished);

    platform.writes = 0;
    made::refer(t->alternatives[1].site, image.data.data() + 2000);
    const auto before = image.text;
    refused(inlay::apply_alternatives(tables().alternatives, platform), error::site_outside_text,
            table_kind::alternatives, 1, before);
}

/// More declarations than the patcher remembers, in runs and mixed, some sites in groups, some out of order. The test
/// compares apply() with the results of decide(), join() and place() for each record alone.
class Mixed : public testing::Test {
protected:
    static constexpr std::size_t sites = 40;
    static constexpr std::size_t kinds = 20;
    static constexpr std::size_t site_distance = 24;
    struct declaration {
        std::array<table::choice, 2> choices;
        std::array<form_with_bytes<24>, 2> forms;
    };
    struct mixed_data {
        std::array<table::alternative_record, sites> records;
        std::array<declaration, kinds> declarations;
        table::predicate_node node;
        table::feature_record feature;
        table::feature_cell cell;
    };

    explicit Mixed() : m{new(image.data.data()) mixed_data{}} {
        m->node.op = table::predicate_op::feature;
        made::refer(m->node.a, &m->feature);
        made::refer(m->feature.cell, &m->cell);
    }

    unsigned below(unsigned limit) { return static_cast<unsigned>(random() % limit); }

    /// Plain or twofold, with no, one or two relative operands.
    void make(form_with_bytes<24>& form, unsigned length, bool twice) {
        form.head = {static_cast<std::uint8_t>(length), table::form_kind::plain, {}, {255, 255, 255, 255}};
        for (auto& each : form.bytes) {
            each = static_cast<std::uint8_t>(random());
        }
        for (unsigned i = 0, at = 1; i < 2 && at + 4 <= length && below(3) == 0; ++i, at += 5) {
            const auto distance = static_cast<std::int32_t>(below(5000)) - 2500;
            std::memcpy(&form.bytes[at], &distance, 4);
            form.head.relative[3 - i] = static_cast<std::uint8_t>(at); // in any order
        }
        if (twice) {
            form.head.kind = table::form_kind::twice;
            std::copy_n(form.bytes.begin(), length, form.bytes.begin() + length);
            for (auto& at : form.head.relative) {
                if (at != table::no_operand) {
                    std::int32_t distance = 0; // of the second copy, `length` bytes further
                    std::memcpy(&distance, &form.bytes[at], 4);
                    distance -= static_cast<std::int32_t>(length);
                    std::memcpy(&form.bytes[length + at], &distance, 4);
                    at = table::no_operand;
                }
            }
        }
    }

    [[nodiscard]] bool in_group(std::size_t i) const {
        const address site = m->records[i].site.target();
        return (i > 0 && m->records[i - 1].site.target() == site) ||
               (i + 1 < sites && m->records[i + 1].site.target() == site);
    }

    void make_all(unsigned seed) {
        random.seed(seed);
        for (auto& each : m->declarations) {
            const unsigned length = 1 + below(below(4) == 0 ? 24 : 9);
            for (std::uint8_t i = 0; i < 2; ++i) {
                table::choice& choice = each.choices[i];
                choice = {};
                choice.length = static_cast<std::uint8_t>(length);
                choice.ordinal = i;
                make(each.forms[i], 1 + below(length), length <= 12 && below(2) == 0);
                made::refer(choice.form, &each.forms[i]);
            }
            made::refer(each.choices[1].predicate, &m->node);
            made::refer(each.choices[1].otherwise, &each.choices[0]);
        }
        std::size_t place = 0;
        std::size_t kind = 0;
        for (auto& record : m->records) {
            place += &record != m->records.data() && below(6) == 0 ? 0 : 1; // at the same address, sometimes
            kind = below(3) == 0 ? below(kinds) : kind;
            made::refer(record.site, &image.text[site_distance * place]);
            made::refer(record.choices, &m->declarations[kind].choices[1]);
        }
        for (unsigned moved = below(4); moved > 0; --moved) { // as the sites in a cold section
            const std::size_t i = below(sites - 1);
            if (in_group(i) || in_group(i + 1)) {
                continue;
            }
            std::swap(m->records[i].choices.distance, m->records[i + 1].choices.distance);
            const auto site = m->records[i].site.target();
            made::refer(m->records[i].site, reinterpret_cast<void*>(m->records[i + 1].site.target()));
            made::refer(m->records[i + 1].site, reinterpret_cast<void*>(site));
            m->records[i].choices.distance += 8; // they count from the record
            m->records[i + 1].choices.distance -= 8;
        }
    }

    /// The same, and text that holds the originals.
    void make_text(unsigned seed) {
        image.text.fill(0xcc);
        make_all(seed);
        image.text = expected(false, true);
    }

    /// The text as it must be, with the feature on or off; or with the originals everywhere.
    std::array<std::uint8_t, made::text_size> expected(bool on, bool originals = false) {
        auto text = image.text;
        inlay::decision group{};
        for (std::size_t i = 0; i < sites; ++i) {
            const address site = m->records[i].site.target();
            inlay::reader<made::platform> from{platform};
            inlay::decision one{};
            inlay::decide(from, m->records[i], [on](const table::feature_record&) noexcept { return on; }, one);
            inlay::join(group, one, i == 0 || m->records[i - 1].site.target() != site);
            inlay::patch bytes{};
            const auto& form = originals ? *group.original : *group.form;
            EXPECT_EQ(inlay::place(form, site, group.length, bytes), error::no_error);
            std::copy_n(bytes.bytes, bytes.length, &text[site - reinterpret_cast<address>(image.text.data())]);
        }
        return text;
    }

    inlay::outcome apply() { return inlay::apply({{m->records.data(), sizeof(m->records)}}, platform); }

    std::mt19937 random;
    made::memory image{};
    made::platform platform{image};
    mixed_data* m;
};

TEST_F(Mixed, AllSitesAreAsDecided) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        make_text(seed);
        for (const bool on : {true, false, true}) {
            m->cell.by_hand = on ? 1 : 0;
            const auto text = expected(on);
            const auto done = apply();
            ASSERT_TRUE(done) << seed << ": " << inlay::message(done.error());
            ASSERT_TRUE(image.text == text) << seed << ": text is not as decided";
            platform.writes = 0;
            ASSERT_TRUE(apply());
            ASSERT_EQ(platform.writes, 0U) << seed << ": nothing to do the second time";
        }
    }
}

TEST_F(Mixed, AnErrorAnywhereChangesNothing) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        make_text(seed);
        const std::size_t bad = below(sites);
        table::alternative_record& record = m->records[bad];
        const address site = record.site.target();
        // A group is looked at with its last record.
        std::size_t last = bad;
        while (last + 1 < sites && m->records[last + 1].site.target() == site) {
            ++last;
        }
        error what = error::reference_outside;
        switch (below(4)) {
        case 0:
            record.choices.distance = 0x40000000;
            last = bad;
            break;
        case 1:
            record.choices.distance += 2;
            last = bad;
            break;
        case 2:
            made::refer(record.site, image.data.data() + made::data_size - 64);
            what = error::site_outside_text;
            last = bad;
            break;
        default: // one byte into the site before it
            if (bad == 0 || m->records[bad - 1].site.target() >= site || (bad + 1 < sites && last != bad) ||
                reinterpret_cast<const table::choice*>(m->records[bad - 1].choices.target())->length < 2) {
                continue;
            }
            made::refer(record.site, reinterpret_cast<void*>(m->records[bad - 1].site.target() + 1));
            what = error::sites_overlap;
        }
        platform.writes = 0;
        const auto text = image.text;
        const auto done = apply();
        ASSERT_EQ(done.error(), what) << seed << ": " << inlay::message(done.error());
        ASSERT_EQ(done.refused() == done.record().site, what != error::reference_outside) << seed;
        ASSERT_EQ(done.record().index, last) << seed;
        ASSERT_EQ(done.record().site, m->records[last].site.target()) << seed;
        ASSERT_EQ(platform.writes, 0U) << seed;
        ASSERT_TRUE(image.text == text) << seed << ": text changed";
    }
}

TEST_F(Mixed, TextEndsBetweenSites) {
    make_all(1);
    const auto& choices = m->declarations[0].choices;
    for (std::size_t length = 1; length <= 24; ++length) {
        for (std::size_t i = 0; i < 2; ++i) {
            m->declarations[0].choices[i].length = static_cast<std::uint8_t>(length);
            make(m->declarations[0].forms[i], 1, false);
            m->declarations[0].forms[i].bytes[0] = 0x90;
        }
        for (const std::size_t inside : {1U, 2U, 9U, 31U, 38U}) { // sites; the others are in data, after the text
            for (const std::size_t short_by : {std::size_t{1}, length}) {
                image.text.fill(m->declarations[0].forms[0].bytes[0]);
                auto* const first = image.text.data() + made::text_size - site_distance * inside - length + short_by;
                for (std::size_t i = 0; i < sites; ++i) {
                    made::refer(m->records[i].site, first + site_distance * i);
                    made::refer(m->records[i].choices, &choices[1]);
                }
                const auto text = image.text;
                const auto done = apply();
                ASSERT_EQ(done.error(), error::site_outside_text);
                ASSERT_EQ(done.record().index, inside);
                ASSERT_EQ(platform.writes, 0U);
                ASSERT_TRUE(image.text == text);
            }
        }
    }
}

TEST_F(Mixed, AWriteThatIsRefusedTakesAllBack) {
    struct : made::platform {
        unsigned left{};
        bool write(address at, const std::uint8_t* bytes, std::size_t size) noexcept {
            refuses = left == 0;
            left -= refuses ? 0U : 1U;
            const bool written = made::platform::write(at, bytes, size);
            left = refuses ? 1000 : left; // refuses once
            return written;
        }
    } refusing{{image}};
    for (unsigned seed = 0; seed < 500; ++seed) {
        make_text(seed);
        m->cell.by_hand = 1;
        refusing.left = below(sites / 2);
        const auto text = expected(true, true);
        const auto done = inlay::apply({{m->records.data(), sizeof(m->records)}}, refusing);
        ASSERT_EQ(done.error(), error::text_not_writable) << seed;
        ASSERT_TRUE(image.text == text) << seed << ": not the originals";
    }
}

TEST_F(Mixed, AnExchangeThatIsRefusedChangesNothing) {
    // Other processors run the text, and the instructions of one site cannot be exchanged beneath them.
    struct : made::platform {
        address site{};
        [[nodiscard]] bool exchanges(address at, const std::uint8_t* /*bytes*/, std::size_t /*size*/) const noexcept {
            return at != site;
        }
    } running{{image}};
    unsigned refusals = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        make_text(seed);
        m->cell.by_hand = 1;
        std::size_t last = below(sites);
        running.site = m->records[last].site.target();
        while (last + 1 < sites && m->records[last + 1].site.target() == running.site) {
            ++last; // a group is looked at with its last record
        }
        const auto before = image.text;
        const auto after = expected(true);
        const auto* const at = before.data() + (running.site - reinterpret_cast<address>(image.text.data()));
        running.writes = 0;
        const auto done = inlay::apply({{m->records.data(), sizeof(m->records)}}, running);
        if (std::equal(at, at + site_distance, after.data() + (at - before.data()))) {
            ASSERT_TRUE(done) << seed << ": the site has its bytes already: " << inlay::message(done.error());
            ASSERT_TRUE(image.text == after) << seed;
            continue;
        }
        ++refusals;
        ASSERT_EQ(done.error(), error::others_run) << seed << ": " << inlay::message(done.error());
        ASSERT_EQ(done.record().table, table_kind::alternatives) << seed;
        ASSERT_EQ(done.record().index, last) << seed;
        ASSERT_EQ(done.record().site, running.site) << seed;
        ASSERT_EQ(done.refused(), running.site) << seed;
        ASSERT_EQ(running.writes, 0U) << seed << ": the check comes before the first write";
        ASSERT_TRUE(image.text == before) << seed << ": text changed";
    }
    EXPECT_GT(refusals, 1500U) << "of 2000";
}

TEST_F(Mixed, TheSecondSiteOfADeclarationMayBeTooFar) {
    if constexpr (!inlay::x86::is_64_bit) {
        GTEST_SKIP() << "in 32-bit mode all distances fit";
    }
    make_all(1);
    // A form before its sites, with an operand that reaches as far back as it can from a place between them.
    auto* const form = new (image.text.data()) form_with_bytes<8>{};
    form->head = {5, table::form_kind::plain, {}, {1, 255, 255, 255}};
    auto& choice = m->declarations[0].choices[0];
    choice = {};
    choice.length = 5;
    made::refer(choice.form, form);
    for (std::size_t i = 0; i < sites; ++i) {
        made::refer(m->records[i].site, &image.text[site_distance * (i + 1)]);
        made::refer(m->records[i].choices, &choice);
    }
    for (const std::size_t good : {1U, 2U, 7U, 39U}) {
        const auto reach = static_cast<std::int32_t>(site_distance * good); // from the form to the last good one
        const std::int32_t distance = -0x7fffffff - 1 + reach - 8;
        std::memcpy(&form->bytes[1], &distance, 4);
        for (const auto& record : m->records) {
            inlay::patch bytes{};
            if (inlay::place(form->head, record.site.target(), 5, bytes) == error::no_error) {
                std::memcpy(reinterpret_cast<void*>(record.site.target()), bytes.bytes, 5);
            }
        }
        const auto text = image.text;
        platform.writes = 0;
        const auto done = apply();
        ASSERT_EQ(done.error(), error::target_out_of_range) << good;
        ASSERT_EQ(done.record().index, good) << "the first one beyond";
        ASSERT_EQ(platform.writes, 0U);
        ASSERT_TRUE(image.text == text);
    }
}

// ---- Bytes in text ---------------------------------------------------------------------------------

TEST_F(Table, AForeignByteAnywhereInASiteIsSeen) {
    // A debugger's breakpoint, say, on the first byte or any other: before the first apply() and after it.
    for (const bool on : {false, true}) {
        for (const std::size_t site : {16U, 32U}) {
            for (std::size_t i = 0; i < 5; ++i) {
                for (const std::uint8_t foreign : {std::uint8_t{0xcc}, std::uint8_t{0x55}}) {
                    const auto good = image.text;
                    image.text[site + i] = foreign;
                    platform.writes = 0;
                    const auto before = image.text;
                    const auto done = apply();
                    refused(done, error::site_changed, table_kind::alternatives, site == 16 ? 0 : 1, before);
                    EXPECT_EQ(done.refused(), reinterpret_cast<address>(&image.text[site]));
                    image.text = good;
                }
            }
        }
        t->cell.by_hand = on ? 1 : 0;
        ASSERT_TRUE(apply());
    }
}

TEST_F(Table, ABreakpointOnACallIsSeen) {
    image.text[70] = 0xcc; // its other bytes go to the trampoline
    refused(error::site_changed, table_kind::calls);
    image.text[70] = 0xe8;
    ASSERT_TRUE(apply());
    image.text[70] = 0xcc; // it was found
    refused_now(error::site_changed, table_kind::calls);
    image.text[70] = 0xe8;
    EXPECT_TRUE(apply());
}

TEST_F(Table, ABreakpointOnAConditionalTailCallIsSeen) {
    image.text[70] = 0xb8; // mov eax, imm32
    image.text[80] = 0xcc;
    image.text[81] = 0x85; // jne, except for its first byte
    const std::int32_t rel32 = 256 - 86;
    std::memcpy(&image.text[82], &rel32, 4);
    refused(error::site_changed, table_kind::calls);
}

TEST_F(CallThroughPointer, ABreakpointOnItIsSeen) {
    const auto all = calls(0, 1);
    for (const address to :
         {reinterpret_cast<address>(&image.text[500]), reinterpret_cast<address>(&image.text[600])}) {
        const std::uint8_t first = image.text[96];
        image.text[96] = 0xcc;
        platform.writes = 0;
        const auto before = image.text;
        refused(apply(all), error::site_changed, table_kind::alternatives, 0, before);
        image.text[96] = first;
        m->pointer = to; // another than the text may say
        ASSERT_TRUE(apply(all));
    }
}

TEST_F(Mixed, AForeignByteAnywhereIsSeen) {
    unsigned forms = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        make_text(seed);
        m->cell.by_hand = below(2) != 0 ? 1 : 0;
        if (below(2) != 0) {
            ASSERT_TRUE(apply());
            m->cell.by_hand ^= 1U;
        }
        const std::size_t record = below(sites);
        const address site = m->records[record].site.target();
        image.text[site - reinterpret_cast<address>(image.text.data())] ^= 0x80U;
        const auto text = image.text;
        platform.writes = 0;
        const auto done = apply();
        if (done) { // by chance it is another of its forms now
            ++forms;
            continue;
        }
        ASSERT_EQ(done.error(), error::site_changed) << seed;
        ASSERT_EQ(done.refused(), site) << seed;
        ASSERT_EQ(done.record().site, site) << seed;
        ASSERT_EQ(platform.writes, 0U);
        ASSERT_TRUE(image.text == text);
    }
    EXPECT_LT(forms, 40U) << "of 2000";
}

// ---- The platform ----------------------------------------------------------------------------------

void do_nothing() noexcept {}
using bare = inlay::platform::bare<&do_nothing>;

/// Says that it has written, and has not.
struct idle : made::platform {
    static bool write(address /*at*/, const std::uint8_t* /*bytes*/, std::size_t /*size*/) noexcept { return true; }
};

TEST_F(Table, WhatIsWrittenMustBeWhatIsFetched) {
    t->cell.by_hand = 1;
    idle doing_nothing{{image}};
    const auto done = inlay::apply(tables(), doing_nothing);
    EXPECT_EQ(done.error(), error::write_ineffective);
    EXPECT_EQ(done.record().table, table_kind::alternatives);
    EXPECT_EQ(done.record().index, 1U) << "the last one";
    EXPECT_EQ(done.refused(), reinterpret_cast<address>(&image.text[32]));
}

TEST_F(Table, AWrongAliasIsRefused) {
    t->cell.by_hand = 1;
    static std::array<std::uint8_t, made::text_size> elsewhere{};
    const auto begin = reinterpret_cast<address>(&image);
    bare wrong{{begin, begin + made::text_size},
               {begin, begin + sizeof(image)},
               reinterpret_cast<address>(elsewhere.data()) - begin};
    const auto before = image.text;
    auto done = inlay::apply(tables(), wrong);
    EXPECT_EQ(done.error(), error::write_ineffective);
    EXPECT_EQ(done.record().table, table_kind::calls);
    EXPECT_EQ(done.refused(), reinterpret_cast<address>(&image.text[70]));
    EXPECT_TRUE(image.text == before);
    EXPECT_EQ(std::count(elsewhere.begin(), elsewhere.end(), 0), std::ptrdiff_t{made::text_size})
        << "nothing is written there either";
    elsewhere = image.text; // a copy: its bytes look right, but do not change the text
    done = inlay::apply(tables(), wrong);
    EXPECT_EQ(done.error(), error::write_ineffective);
    EXPECT_TRUE(image.text == before);
}

TEST_F(Table, SuccessIsAboutNoRecord) {
    const auto done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(done.record().table, table_kind::no_table);
    EXPECT_EQ(done.refused(), 0U);
}

// ---- Out of order ----------------------------------------------------------------------------------

/// Sites of three bytes in any order, as sections sorted by a list come out.
class OutOfOrder : public testing::Test {
protected:
    static constexpr std::size_t count = 3000;
    static constexpr std::size_t step = 16;
    struct made_data {
        std::array<table::choice, 1> choices;
        form_with_bytes<8> form;
        std::array<table::alternative_record, count> records;
    };

    OutOfOrder() {
        data->form.head = {1, table::form_kind::plain, {}, {255, 255, 255, 255}};
        data->form.bytes[0] = 0x90;
        data->choices[0].length = 3;
        made::refer(data->choices[0].form, &data->form);
        std::vector<std::size_t> places(count);
        for (std::size_t i = 0; i < count; ++i) {
            places[i] = step * i;
        }
        std::shuffle(places.begin(), places.end(), std::mt19937{1});
        for (std::size_t i = 0; i < count; ++i) {
            made::refer(data->records[i].site, &text[places[i]]);
            made::refer(data->records[i].choices, data->choices.data());
        }
    }

    inlay::outcome apply() {
        const auto begin = reinterpret_cast<address>(text);
        const auto rest = reinterpret_cast<address>(data.get());
        platform.text = {begin, begin + count * step};
        platform.image = {std::min(begin, rest), std::max(begin + count * step, rest + sizeof(made_data))};
        return inlay::apply_alternatives({data->records.data(), sizeof(data->records)}, platform);
    }

    std::unique_ptr<std::array<std::uint8_t, count * step + sizeof(made_data)>> memory = [] {
        auto made = std::make_unique<std::array<std::uint8_t, count * step + sizeof(made_data)>>();
        made->fill(0x90);
        return made;
    }();
    std::uint8_t* text = memory->data();
    struct in_place {
        made_data* at;
        made_data* operator->() const { return at; }
        [[nodiscard]] made_data* get() const { return at; }
    } data{new (memory->data() + count * step) made_data{}};
    bare platform{};
};

TEST_F(OutOfOrder, SitesApartAreFine) {
    const auto done = apply();
    EXPECT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(done.sites, count);
}

TEST_F(OutOfOrder, TheFirstThatOverlapsOneBeforeItIsNamed) {
    std::mt19937 random{2};
    for (int round = 0; round < 60; ++round) {
        const std::size_t a = random() % count;
        const std::size_t b = random() % count;
        const std::size_t later = std::max(a, b);
        const address kept = data->records[a].site.target();
        const auto shift = static_cast<std::intptr_t>(random() % 7) - 3; // -3 and 3 meet it, no more; 0 is a group
        const address moved = data->records[b].site.target() + static_cast<address>(shift);
        if (a == b || moved < reinterpret_cast<address>(text) || moved + 3 > reinterpret_cast<address>(data.get())) {
            continue;
        }
        made::refer(data->records[a].site, reinterpret_cast<void*>(moved));
        std::fill_n(text, count * step, std::uint8_t{0x90});
        const auto done = apply();
        const bool overlaps = shift != 0 && shift > -3 && shift < 3;
        EXPECT_EQ(done.error(), overlaps ? error::sites_overlap : error::no_error) << shift;
        if (overlaps) {
            EXPECT_EQ(done.record().index, later) << a << ' ' << b << ' ' << shift;
        }
        made::refer(data->records[a].site, reinterpret_cast<void*>(kept));
    }
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
