// SPDX-License-Identifier: BSL-1.0
//
// Tables of names, keys and static calls made by hand, good and bad: a bad one is named, and changes no byte of text.
#include "made_image.hpp"

#include <inlay/override.hpp>
#include <inlay/poke.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <random>
#include <string>
#include <vector>

#include <sys/mman.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::address;
using inlay::error;
using inlay::table_kind;
namespace table = inlay::table;

struct ways {
    table::way_table head;
    std::array<table::reference, 4> to;
};

/// A key with sites at text + 16 and text + 32. A switch of four ways with a site at text + 48. A static call with a
/// marker at text + 64 and a call at text + 70.
struct tables_in_data {
    std::array<table::named, 3> names;
    std::array<table::key_record, 3> keys;
    std::array<table::call_record, 1> calls;
    ways way;
    std::array<std::array<char, 16>, 3> texts;
    std::array<std::array<char, 16>, 3> types;
    alignas(8) table::cell key;
    table::cell level;
    table::cell call;
    table::registry registry;
};

enum : std::size_t { slow = 300, yes = 100, trampoline = 256, first_way = 200 };

class NameTable : public testing::Test {
protected:
    NameTable() {
        image.text.fill(0x90);
        image.data.fill(0);
        t = new (image.data.data()) tables_in_data{};
        make();
    }

    void make() {
        const std::array<const char*, 3> texts{"made.key", "made.level", "made.call"};
        const std::array<table::cell*, 3> cells{&t->key, &t->level, &t->call};
        for (std::size_t i = 0; i < 3; ++i) {
            std::strcpy(t->texts[i].data(), texts[i]);
            std::strcpy(t->types[i].data(), i == 2 ? "call_type" : "key_type");
            made::refer(t->names[i].name, t->texts[i].data());
            made::refer(t->names[i].signature, t->types[i].data());
            made::refer(t->names[i].cell, cells[i]);
            cells[i]->state.hash = inlay::detail::hash_of(texts[i]);
        }
        made::refer(t->names[2].trampoline, &image.text[trampoline]);
        for (std::size_t i = 0; i < 3; ++i) {
            made::refer(t->keys[i].site, &image.text[16 * (i + 1)]);
            made::refer(t->keys[i].targets, &image.text[yes]);
            made::refer(t->keys[i].key, &t->names[i == 2 ? 1 : 0]);
        }
        t->keys[2].key.distance += static_cast<std::int32_t>(table::many_ways);
        made::refer(t->keys[2].targets, &t->way);
        t->way.head = {4, 0, 0, 0};
        for (std::size_t i = 0; i < 4; ++i) {
            made::refer(t->way.to[i], &image.text[first_way + 10 * i]);
        }
        t->way.to[0].distance = 0; // falls through
        put_jump(16, slow);
        put_jump(32, slow);
        put_jump(48, slow);
        made::refer(t->calls[0].site, &image.text[64]);
        made::refer(t->calls[0].callee, &t->names[2]);
        put_jump(70, trampoline, 0xe8);
        t->call.value = reinterpret_cast<address>(&image.text[400]);
        t->registry.nothing = reinterpret_cast<void (*)() noexcept>(&image.text[500]);
        t->registry.zero = reinterpret_cast<std::uintptr_t (*)() noexcept>(&image.text[500]);
    }

    void put(std::size_t at, const std::vector<std::uint8_t>& bytes) {
        std::copy(bytes.begin(), bytes.end(), image.text.begin() + static_cast<std::ptrdiff_t>(at));
    }
    void put_jump(std::size_t at, std::size_t to, std::uint8_t opcode = 0xe9) {
        const auto rel32 = static_cast<std::int32_t>(to) - static_cast<std::int32_t>(at) - 5;
        image.text[at] = opcode;
        std::memcpy(&image.text[at + 1], &rel32, 4);
    }
    [[nodiscard]] std::vector<std::uint8_t> bytes_at(std::size_t at, std::size_t size) const {
        return {&image.text[at], &image.text[at] + size};
    }
    /// Where the jump or call at `at` goes, as an offset in text; 0 if it is none.
    [[nodiscard]] std::size_t target_at(std::size_t at) const {
        const auto place = reinterpret_cast<address>(&image.text[at]);
        const auto start = reinterpret_cast<address>(image.text.data());
        inlay::arch::found_branch branch{};
        if (inlay::arch::branch_at(place, made::text_size - at, branch)) {
            return branch.target() - start;
        }
        const address to = inlay::arch::jump_target(place);
        return to == 0 ? 0 : to - start;
    }

    [[nodiscard]] table::tables tables() {
        return {{nullptr, 0},
                {t->calls.data(), sizeof(t->calls)},
                {t->keys.data(), sizeof(t->keys)},
                {t->names.data(), sizeof(t->names)},
                &t->registry};
    }
    inlay::outcome apply() { return inlay::apply(tables(), platform); }

    /// The work of set() and update(), in this image.
    inlay::outcome change(std::size_t name, const inlay::detail::change& change) {
        return inlay::detail::change_tables(tables(), t->names[name], change, platform);
    }
    inlay::outcome set(std::size_t name, address value) { return change(name, inlay::detail::to_number(value)); }
    inlay::outcome update(std::size_t target, table::call_mode mode = table::call_mode::function) {
        return change(2, inlay::detail::to_address(reinterpret_cast<address>(&image.text[target]), mode));
    }

    void refused(error what, table_kind where, std::uint32_t index) {
        const auto before = image.text;
        const auto done = apply();
        EXPECT_EQ(done.error(), what) << inlay::message(done.error());
        EXPECT_EQ(done.record().table, where);
        EXPECT_EQ(done.record().index, index);
        EXPECT_EQ(platform.writes, 0U);
        EXPECT_TRUE(image.text == before) << "text changed";
        EXPECT_EQ(t->key.state.sites, 0U) << "no site counts as patched";
    }

    made::memory image{};
    made::platform platform{image};
    tables_in_data* t{};
};

using some_bytes = std::vector<std::uint8_t>;
const auto nop5 =
    inlay::x86::is_64_bit ? some_bytes{0x0f, 0x1f, 0x44, 0x00, 0x00} : some_bytes{0x3e, 0x8d, 0x74, 0x26, 0x00};
const auto zero5 =
    inlay::x86::is_64_bit ? some_bytes{0x66, 0x66, 0x48, 0x31, 0xc0} : some_bytes{0xb8, 0x00, 0x00, 0x00, 0x00};

TEST_F(NameTable, GoodOnesAreAppliedAndChanged) {
    const auto done = apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
    EXPECT_EQ(done.keys, 3U);
    EXPECT_EQ(done.keys_direct, 3U);
    EXPECT_EQ(done.calls_found, 1U);
    EXPECT_EQ(done.calls_direct, 1U);
    EXPECT_EQ(bytes_at(16, 5), nop5);
    EXPECT_EQ(bytes_at(32, 5), nop5);
    EXPECT_EQ(bytes_at(48, 5), nop5);
    EXPECT_EQ(target_at(70), 400U);

    ASSERT_TRUE(set(0, 1));
    EXPECT_EQ(target_at(16), std::size_t{yes});
    EXPECT_EQ(target_at(32), std::size_t{yes});
    EXPECT_EQ(bytes_at(48, 5), nop5) << "another key's site";
    ASSERT_TRUE(set(1, 3));
    EXPECT_EQ(target_at(48), first_way + 30U);
    ASSERT_TRUE(set(1, 0));
    EXPECT_EQ(bytes_at(48, 5), nop5);
    ASSERT_TRUE(set(0, 0));
    EXPECT_EQ(bytes_at(16, 5), nop5);

    ASSERT_TRUE(update(500));
    EXPECT_EQ(target_at(70), 500U);
    ASSERT_TRUE(update(500, table::call_mode::nothing));
    EXPECT_EQ(bytes_at(70, 5), nop5);
    ASSERT_TRUE(update(500, table::call_mode::zero));
    EXPECT_EQ(bytes_at(70, 5), zero5);
    ASSERT_TRUE(apply());
    EXPECT_EQ(bytes_at(70, 5), zero5) << "found again";
    ASSERT_TRUE(update(450));
    EXPECT_EQ(target_at(70), 450U);
}

TEST_F(NameTable, BeforeApplyOnlyTheCellsChange) {
    const auto before = image.text;
    ASSERT_TRUE(set(0, 1));
    ASSERT_TRUE(update(500));
    EXPECT_TRUE(image.text == before);
    EXPECT_EQ(t->key.value, 1U);
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(16), std::size_t{yes});
    EXPECT_EQ(target_at(70), 500U);
}

TEST_F(NameTable, ATailCallStaysOneJump) {
    // A thread may be anywhere while the site changes. At its place, an instruction must begin before and after the
    // change.
    t->registry.zero = reinterpret_cast<std::uintptr_t (*)() noexcept>(&image.text[510]);
    put_jump(70, trampoline, 0xe9);
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(70), 400U);
    ASSERT_TRUE(update(0, table::call_mode::nothing));
    EXPECT_EQ(bytes_at(70, 1)[0], 0xe9);
    EXPECT_EQ(target_at(70), 500U) << "the image's function that does nothing, for any value of the setting";
    ASSERT_TRUE(update(0, table::call_mode::zero));
    EXPECT_EQ(bytes_at(70, 1)[0], 0xe9);
    EXPECT_EQ(target_at(70), 510U);
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(70), 510U) << "found again";
    ASSERT_TRUE(update(450));
    EXPECT_EQ(target_at(70), 450U);
}

TEST_F(NameTable, EveryFormOfACallOrKeyIsOneInstruction) {
    // All forms of a site, for each kind of branch: each is one instruction of the site's length. So no form begins an
    // instruction inside another form.
    using inlay::arch::instruction_length;
    put_jump(70, trampoline, 0xe8);
    put_jump(80, trampoline, 0xe9);
    put(90, {0x0f, 0x84, 0x10, 0, 0, 0});
    for (const std::size_t at : {70U, 80U, 90U}) {
        inlay::arch::found_branch branch{};
        ASSERT_TRUE(inlay::arch::branch_at(reinterpret_cast<address>(&image.text[at]), 6, branch));
        const std::size_t length = branch.end - branch.start;
        for (const auto mode : {table::call_mode::function, table::call_mode::nothing, table::call_mode::zero}) {
            std::array<std::uint8_t, 16> bytes{};
            ASSERT_TRUE(
                inlay::arch::encode_branch(branch, reinterpret_cast<address>(&image.text[400]), mode, bytes.data()));
            EXPECT_EQ(instruction_length(bytes.data(), bytes.size()), length) << at << ' ' << int(mode);
            inlay::arch::found_branch again{}; // and is known again for the branch that it was
            put(700, {bytes.begin(), bytes.end()});
            ASSERT_TRUE(inlay::arch::patched_branch_at(reinterpret_cast<address>(&image.text[700]), 6, again));
            EXPECT_EQ(again.kind, branch.kind);
            EXPECT_EQ(again.end - again.start, length);
        }
    }
    std::array<std::uint8_t, 16> key{};
    inlay::arch::fill_nops(key.data(), inlay::arch::longest_jump);
    EXPECT_EQ(instruction_length(key.data(), key.size()), inlay::arch::longest_jump);
    EXPECT_EQ(inlay::arch::jump_length(key.data()), inlay::arch::longest_jump);
    const auto here = reinterpret_cast<address>(key.data());
    ASSERT_TRUE(inlay::arch::encode_jump(here, here + 100, key.data()));
    EXPECT_EQ(instruction_length(key.data(), key.size()), inlay::arch::longest_jump);
    EXPECT_EQ(inlay::arch::jump_target(here), here + 100);
}

TEST_F(NameTable, AConditionalTailCallStaysOne) {
    const std::int32_t rel32 = trampoline - 76;
    put(70, {0x0f, 0x85, 0, 0, 0, 0}); // jne
    std::memcpy(&image.text[72], &rel32, 4);
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(70), 400U);
    ASSERT_TRUE(update(500, table::call_mode::nothing));
    EXPECT_EQ(bytes_at(70, 2), (std::vector<std::uint8_t>{0x0f, 0x85}));
    EXPECT_EQ(target_at(70), 500U) << "to the function that does nothing";
}

TEST_F(NameTable, CallsAreFoundInstructionByInstruction) {
    // mov eax, imm32, whose operand looks like `call trampoline` up to the last byte; then the call.
    put(64, {0x48, 0xb8, 0xe8, 0, 0, 0, 0, 0, 0, 0}); // movabs rax, ...
    const std::int32_t rel32 = trampoline - (66 + 5);
    std::memcpy(&image.text[67], &rel32, 4);
    put_jump(80, trampoline, 0xe8);
    const auto before = bytes_at(64, 16);
    const auto done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(done.calls_found, 1U);
    EXPECT_EQ(bytes_at(64, 16), before) << "an operand is no call";
    EXPECT_EQ(target_at(80), 400U);
}

TEST_F(NameTable, AWalkEndsAtWhatIsNoInstruction) {
    put(66, {0x0f, 0x0a}); // no opcode in either mode
    const auto done = apply();
    ASSERT_TRUE(done);
    EXPECT_EQ(done.calls_missed(), 1U);
    EXPECT_EQ(target_at(70), std::size_t{trampoline});
    ASSERT_TRUE(update(500));
    EXPECT_EQ(target_at(70), std::size_t{trampoline}) << "it goes on through its trampoline";
    EXPECT_EQ(t->call.value, reinterpret_cast<address>(&image.text[500]));
    put(66, {0x90, 0x90});
    EXPECT_EQ(apply().calls_missed(), 1U) << "it is not looked for again: other calls may have moved since";
}

/// A page of data, a page of text, and one that must not be touched.
struct guarded_text {
    static constexpr std::size_t page = 4096;
    std::uint8_t* memory = static_cast<std::uint8_t*>(
        ::mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::uint8_t* end = memory + 2 * page; ///< of the text

    guarded_text() { ::mprotect(end, page, PROT_NONE); }
    guarded_text(const guarded_text&) = delete;
    guarded_text& operator=(const guarded_text&) = delete;
    ~guarded_text() { ::munmap(memory, 3 * page); }

    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept {
        return made::platform::within(memory + page, page, at, size);
    }
};

TEST(EndOfText, NothingIsReadBehindIt) {
    // The last instruction of the text is the call, jump or jcc; with its last byte cut off it is none.
    const guarded_text image;
    auto* const record = new (image.memory) table::call_record{};
    const address trampoline = reinterpret_cast<address>(image.memory + guarded_text::page);
    for (const std::vector<std::uint8_t>& opcode : {some_bytes{0xe8}, some_bytes{0xe9}, some_bytes{0x0f, 0x85}}) {
        const std::size_t length = opcode.size() + 4;
        for (const std::size_t missing : {0U, 1U, 3U, 4U}) {
            for (const std::size_t ahead : {0U, 1U, 100U, 2000U, 4000U}) { // nops between the marker and the call
                std::fill(image.memory + guarded_text::page, image.end, std::uint8_t{0x90});
                std::array<std::uint8_t, 6> bytes{};
                std::copy(opcode.begin(), opcode.end(), bytes.begin());
                std::uint8_t* const start = image.end + missing - length;
                const auto rel32 = static_cast<std::int32_t>(trampoline - reinterpret_cast<address>(start + length));
                std::memcpy(&bytes[opcode.size()], &rel32, 4);
                std::copy_n(bytes.begin(), length - missing, start);
                made::refer(record->site, start - ahead);
                record->callee.distance = 64;
                inlay::arch::found_branch branch{};
                EXPECT_EQ(inlay::detail::find_call(image, record, record + 1, trampoline, branch), missing == 0);
                EXPECT_TRUE(missing != 0 || branch.start == reinterpret_cast<address>(start));
            }
        }
    }
}

TEST_F(NameTable, SitesAtTheEndOfText) {
    // A call, jump or key that ends with the text is found, patched and changed like any other.
    for (const std::uint8_t opcode : {std::uint8_t{0xe8}, std::uint8_t{0xe9}}) {
        const std::size_t at = made::text_size - 5;
        *t = tables_in_data{};
        make();
        put_jump(at, trampoline, opcode);
        made::refer(t->calls[0].site, &image.text[at]);
        auto done = apply();
        ASSERT_TRUE(done) << inlay::message(done.error());
        EXPECT_EQ(done.calls_direct, 1U);
        EXPECT_EQ(target_at(at), 400U);
        ASSERT_TRUE(update(450));
        EXPECT_EQ(target_at(at), 450U);
        ASSERT_TRUE(update(0, table::call_mode::nothing));
        ASSERT_TRUE(apply());
        ASSERT_TRUE(update(450));
        EXPECT_EQ(target_at(at), 450U);

        *t = tables_in_data{};
        make();
        put_jump(at, slow);
        made::refer(t->keys[0].site, &image.text[at]);
        done = apply();
        ASSERT_TRUE(done) << inlay::message(done.error());
        ASSERT_TRUE(set(0, 1));
        EXPECT_EQ(target_at(at), std::size_t{yes});
    }
}

TEST_F(NameTable, AGroupOfASwitchStaysWhereTheValueIsNotInIt) {
    t->way.head.first = 16;
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(48), std::size_t{slow}) << "0 is none of 16 to 19: as it was";
    ASSERT_TRUE(set(1, 17));
    EXPECT_EQ(target_at(48), first_way + 10U);
    ASSERT_TRUE(set(1, 3));
    EXPECT_EQ(target_at(48), first_way + 10U);
    t->way.head.first = 0;
    t->way.head.shift = 4;
    ASSERT_TRUE(set(1, 2 * 16 + 5));
    EXPECT_EQ(target_at(48), first_way + 20U);
}

TEST_F(NameTable, RecordsAreSortedAndSurviveIt) {
    // Many records of two keys, mixed: after apply(), the records of one key stand together, and have the same meaning.
    auto* const many = new (image.data.data() + 1024) std::array<table::key_record, 50>{};
    std::mt19937 random{1};
    std::vector<std::pair<address, address>> expected;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < many->size(); ++i) {
        places.push_back(512 + 8 * i);
    }
    std::shuffle(places.begin(), places.end(), random);
    for (std::size_t i = 0; i < many->size(); ++i) {
        auto& record = (*many)[i];
        put_jump(places[i], slow);
        made::refer(record.site, &image.text[places[i]]);
        made::refer(record.targets, &image.text[yes + i]);
        made::refer(record.key, &t->names[random() % 2]);
        expected.emplace_back(record.site.target(), record.targets.target());
    }
    auto some = tables();
    some.keys = {many->data(), sizeof(*many)};
    ASSERT_TRUE(inlay::apply(some, platform));
    std::vector<std::pair<address, address>> found;
    unsigned changes = 0;
    for (std::size_t i = 0; i < many->size(); ++i) {
        found.emplace_back((*many)[i].site.target(), (*many)[i].targets.target());
        if (i > 0 && (*many)[i].key.target() == (*many)[i - 1].key.target()) {
            EXPECT_LT((*many)[i - 1].site.target(), (*many)[i].site.target());
        } else {
            ++changes;
        }
    }
    EXPECT_EQ(changes, 2U);
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
}

// ---- Bad ones --------------------------------------------------------------------------------------

TEST_F(NameTable, BadNames) {
    const auto good = t->names[1];
    const auto each = [&](auto change, error expected = error::reference_outside) {
        change(t->names[1]);
        refused(expected, table_kind::names, 1);
        t->names[1] = good;
    };
    each([&](table::named& name) { name.name.distance = 0x10000000; });
    each([&](table::named& name) { name.signature.distance = -0x10000000; });
    each([&](table::named& name) { made::refer(name.cell, image.text.data()); }); // not writable
    each([&](table::named& name) { name.cell.distance += sizeof(address) / 2; }); // not aligned
    each([&](table::named& name) { made::refer(name.cell, image.data.data() + made::data_size - 8); });
    each([&](table::named& name) { made::refer(name.trampoline, &t->way); }); // not executable
    image.data.back() = 'x';                                                  // a text without an end
    each([&](table::named& name) { made::refer(name.name, &image.data.back()); });
    each([&](table::named& name) { made::refer(name.cell, &t->key); }, error::cell_of_another);
    each([&](table::named& name) { made::refer(name.cell, &image.data[2048]); }, error::cell_of_another); // zeros
    each([&](table::named& name) { made::refer(name.name, t->texts[0].data()); }, error::cell_of_another);
    EXPECT_TRUE(apply());
}

// Nobody has called apply(): a change of such a name must not seem to work.
TEST_F(NameTable, AChangeOfABadNameFails) {
    const auto good = t->names[0];
    for (table::cell* const other : {&t->level, new (&image.data[2048]) table::cell{}}) {
        make();
        const auto before = *other;
        made::refer(t->names[0].cell, other);
        EXPECT_EQ(set(0, 1).error(), error::cell_of_another);
        EXPECT_EQ(other->value, before.value);
        EXPECT_EQ(other->state.changed, before.state.changed);
        EXPECT_EQ(other->state.self == &t->names[0], false);
        t->names[0] = good;
    }
}

TEST_F(NameTable, StaticCallsGoByNoFeature) {
    struct description {
        table::choice choice;
        table::predicate_node node;
        table::feature_record feature;
    };
    auto* const some = new (&image.data[2048]) description{};
    some->node.op = table::predicate_op::feature;
    made::refer(some->node.a, &some->feature);
    made::refer(some->choice.predicate, &some->node);
    made::refer(t->keys[0].site, &some->choice); // after the call's name, where a callee would have its choices
    int visited = 0;
    inlay::for_each_used_feature(tables(), platform, [&](const table::feature_record&) noexcept { ++visited; });
    EXPECT_EQ(visited, 0);
}

TEST_F(NameTable, TruncatedTables) {
    const auto before = image.text;
    const auto expect = [&](const table::tables& some, table_kind where, std::uint32_t index) {
        const auto done = inlay::apply(some, platform);
        EXPECT_EQ(done.error(), error::table_truncated);
        EXPECT_EQ(done.record().table, where);
        EXPECT_EQ(done.record().index, index);
        EXPECT_TRUE(image.text == before);
    };
    auto some = tables();
    some.names.bytes -= 1;
    expect(some, table_kind::names, 2);
    some = tables();
    some.keys.bytes -= 4;
    expect(some, table_kind::keys, 2);
    some = tables();
    some.registry = nullptr;
    EXPECT_EQ(inlay::apply(some, platform).error(), error::reference_outside) << "names without a registry";
}

TEST_F(NameTable, BadKeys) {
    const auto good = t->keys[0];
    const auto each = [&](error what, auto change) {
        change(t->keys[0]);
        refused(what, table_kind::keys, 0);
        t->keys[0] = good;
    };
    each(error::reference_outside, [&](table::key_record& record) { made::refer(record.key, &t->names[2]); }); // a call
    each(error::reference_outside, [&](table::key_record& record) { made::refer(record.key, &t->way); });
    each(error::reference_outside, [&](table::key_record& record) { record.key.distance += 4; });
    each(error::site_outside_text, [&](table::key_record& record) { made::refer(record.site, &t->way); });
    each(error::site_outside_text,
         [&](table::key_record& record) { made::refer(record.site, &image.text[made::text_size - 2]); });
    t->key.value = 1;
    each(error::reference_outside, [&](table::key_record& record) { made::refer(record.targets, &t->way); });
    each(error::reference_outside, [&](table::key_record& record) { record.targets.distance = 0x10000000; });
    put(16, {0xcc});
    refused(error::site_changed, table_kind::keys, 0);
    put_jump(16, slow);
    EXPECT_TRUE(apply());
}

TEST_F(NameTable, BadSwitches) {
    made::refer(t->keys[2].targets, &image.data[made::data_size - 4]); // a table of no ways
    refused(error::reference_outside, table_kind::keys, 2);
    image.data[made::data_size - 4] = 4; // and one that reaches over the end
    refused(error::reference_outside, table_kind::keys, 2);
    made::refer(t->keys[2].targets, &t->way);
    t->level.value = 2;
    made::refer(t->way.to[2], &t->way);
    refused(error::reference_outside, table_kind::keys, 2);
}

TEST_F(NameTable, BadCalls) {
    made::refer(t->calls[0].callee, &t->names[0]); // a key
    refused(error::reference_outside, table_kind::calls, 0);
    made::refer(t->calls[0].callee, &t->names[2]);
    t->calls[0].callee.distance += 4;
    refused(error::reference_outside, table_kind::calls, 0);
    made::refer(t->calls[0].callee, &t->names[2]);
    made::refer(t->calls[0].site, &t->way);
    refused(error::site_outside_text, table_kind::calls, 0);
}

TEST_F(NameTable, OneNameOfTwoTypesIsAClashThatNamesBoth) {
    std::strcpy(t->texts[1].data(), "made.call");
    t->level.state.hash = t->call.state.hash;
    const auto before = image.text;
    const auto done = apply();
    EXPECT_EQ(done.error(), error::name_clash);
    EXPECT_STREQ(done.clash().name, "made.call");
    EXPECT_STREQ(done.clash().type, "call_type");
    EXPECT_STREQ(done.clash().other_type, "key_type");
    EXPECT_EQ(done.record().table, table_kind::names);
    EXPECT_EQ(done.record().index, 2U);
    EXPECT_TRUE(image.text == before);
}

TEST_F(NameTable, TwoCellsOfOneNameAndTypeAreOneThing) {
    std::strcpy(t->texts[1].data(), "made.key");
    t->level.state.hash = t->key.state.hash;
    ASSERT_TRUE(apply());
    ASSERT_TRUE(set(0, 1));
    EXPECT_EQ(t->level.value, 1U);
    EXPECT_EQ(target_at(48), first_way + 10U);
    EXPECT_EQ(target_at(16), std::size_t{yes});
    ASSERT_TRUE(set(1, 0));
    EXPECT_EQ(t->key.value, 0U);
    EXPECT_EQ(bytes_at(16, 5), nop5);
}

TEST_F(NameTable, ARefusedChangeIsTakenBack) {
    ASSERT_TRUE(apply());
    const auto before = image.text;
    platform.refuses = true;
    const auto key = set(0, 1);
    EXPECT_EQ(key.error(), error::text_not_writable);
    EXPECT_EQ(key.record().table, table_kind::keys);
    EXPECT_EQ(t->key.value, 0U);
    EXPECT_EQ(t->key.state.enabled, 0);
    const auto call = update(500);
    EXPECT_EQ(call.error(), error::text_not_writable);
    EXPECT_EQ(t->call.value, reinterpret_cast<address>(&image.text[400]));
    EXPECT_TRUE(image.text == before);
}

TEST_F(NameTable, RefusedAtOnceSitesGoOnReadingMemory) {
    platform.refuses = true;
    const auto before = image.text;
    EXPECT_EQ(apply().error(), error::text_not_writable);
    EXPECT_TRUE(image.text == before);
    EXPECT_TRUE(set(0, 1)) << "no site is patched: there is nothing to write";
    EXPECT_TRUE(update(500));
    EXPECT_TRUE(image.text == before);
    EXPECT_EQ(t->key.value, 1U);
    platform.refuses = false;
    ASSERT_TRUE(apply());
    EXPECT_EQ(target_at(16), std::size_t{yes});
    EXPECT_EQ(target_at(70), 500U);
}

TEST_F(NameTable, RefusedHalfWayNoSiteSaysWhatItsKeyDoesNot) {
    struct tiring : made::platform {
        unsigned left;
        bool write(address at, const std::uint8_t* bytes, std::size_t size) noexcept {
            return left != 0 && left-- != 0 && made::platform::write(at, bytes, size);
        }
    };
    for (unsigned allowed = 1; allowed < 4; ++allowed) {
        SCOPED_TRACE(allowed);
        tiring some{platform, allowed};
        EXPECT_EQ(inlay::apply(tables(), some).error(), error::text_not_writable);
        platform.refuses = true;
        const auto done = set(0, 1);
        const bool key_is_patched = bytes_at(16, 5) == nop5;
        EXPECT_EQ(bool{done}, t->key.value == 1) << "it is set if it says so";
        EXPECT_TRUE(!key_is_patched || t->key.value == 0) << "a nop says that the key is off";
        platform.refuses = false;
        ASSERT_TRUE(set(0, 0));
        ASSERT_TRUE(apply());
        EXPECT_EQ(bytes_at(16, 5), nop5);
        put_jump(16, slow); // as it began
        put_jump(32, slow);
        put_jump(48, slow);
        put_jump(70, trampoline, 0xe8);
        t->key.state.sites = t->level.state.sites = t->call.state.sites = 0;
    }
}

TEST_F(NameTable, WhereTextIsNotLiveSitesGoOnReadingMemory) {
    struct dead : made::platform {
        static bool live() noexcept { return false; }
    } still{platform};
    const auto before = image.text;
    const auto done = inlay::apply(tables(), still);
    ASSERT_TRUE(done);
    EXPECT_EQ(done.keys_direct, 0U);
    EXPECT_EQ(done.calls_found, 1U);
    EXPECT_EQ(done.calls_direct, 0U);
    EXPECT_TRUE(image.text == before);
    ASSERT_TRUE(set(0, 1));
    ASSERT_TRUE(update(500));
    EXPECT_TRUE(image.text == before);
    EXPECT_EQ(t->key.value, 1U);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
