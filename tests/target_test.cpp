// SPDX-License-Identifier: BSL-1.0
//
// A made-up architecture: it needs only the dozen lines of `toy`. Then tables of its images are read, decided
// and reported on, here, where no toy ever ran.
#include <inlay/decide.hpp>
#include <inlay/report/collect.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::address;
using inlay::error;
namespace table = inlay::table;

/// Instructions of five bytes: an operation, and a distance from the instruction's own begin. Pointers have
/// four bytes. 0: nop; 1: call; 2: jump; 3: call of nothing; 4: breakpoint.
struct toy {
    static constexpr const char* name = "toy";
    static constexpr std::size_t pointer_size = 4, instruction_alignment = 1, longest_branch = 5, longest_jump = 5;
    static constexpr unsigned call_length = 5;
    static constexpr bool breakpoint_ends_walk = true;
    enum class branch_kind : std::uint8_t { call, jump };
    struct found_branch {
        address start, end;
        branch_kind kind;
        [[nodiscard]] address target() const noexcept { return jump_target(start); }
    };

    static std::uint8_t* at(address place) noexcept { return reinterpret_cast<std::uint8_t*>(place); }
    static unsigned instruction_length(const std::uint8_t*, std::size_t available) noexcept {
        return available < 5 ? 0 : 5;
    }
    static void fill_nops(std::uint8_t* bytes, unsigned count) noexcept { std::memset(bytes, 0, count); }
    static bool is_nops(const std::uint8_t* bytes, unsigned count) noexcept {
        return count == 0 || (*bytes == 0 && is_nops(bytes + 1, count - 1));
    }
    static std::int64_t distance(const std::uint8_t* field) noexcept {
        std::int32_t value = 0;
        std::memcpy(&value, field, sizeof value);
        return value;
    }
    static bool put(std::uint8_t* field, std::int64_t value) noexcept {
        const auto low = static_cast<std::int32_t>(value);
        std::memcpy(field, &low, sizeof low);
        return value == low;
    }
    static bool relocate(std::uint8_t* field, std::int64_t shift) noexcept {
        return put(field, distance(field) + shift);
    }
    static bool branch_at(address place, std::size_t size, found_branch& found) noexcept {
        found = {place, place + 5, size >= 5 && *at(place) == 1 ? branch_kind::call : branch_kind::jump};
        return size >= 5 && (*at(place) == 1 || *at(place) == 2);
    }
    static bool patched_branch_at(address place, std::size_t size, found_branch& found) noexcept {
        const bool nothing = size >= 5 && *at(place) == 3;
        found = {place, place + 5, branch_kind::call};
        return nothing || branch_at(place, size, found);
    }
    static bool encode(std::uint8_t operation, address from, address to, std::uint8_t* bytes) noexcept {
        bytes[0] = operation;
        return put(bytes + 1, static_cast<std::int64_t>(to - from));
    }
    static bool encode_call(address from, address to, std::uint8_t* bytes) noexcept {
        return encode(1, from, to, bytes);
    }
    static bool encode_jump(address from, address to, std::uint8_t* bytes) noexcept {
        return encode(2, from, to, bytes);
    }
    static bool encode_branch(const found_branch& branch, address to, table::call_mode mode,
                              std::uint8_t* bytes) noexcept {
        const bool nothing = branch.kind == branch_kind::call && mode == table::call_mode::nothing;
        return encode(nothing                            ? 3
                      : branch.kind == branch_kind::call ? 1
                                                         : 2,
                      branch.start, nothing ? branch.start : to, bytes);
    }
    static bool breakpoint_at(address place, std::size_t size, address) noexcept {
        return size != 0 && *at(place) == 4;
    }
    static unsigned jump_length(const std::uint8_t* bytes) noexcept { return *bytes == 2 || *bytes == 0 ? 5 : 0; }
    static address jump_target(address place) noexcept { return place + static_cast<address>(distance(at(place) + 1)); }
};

constexpr address base = 0x40000; ///< of the image, on its own machine

/// Text, tables and data.
struct memory {
    alignas(64) std::array<std::uint8_t, 256> text;
    std::array<table::alternative_record, 2> alternatives;
    std::array<table::call_record, 2> calls;
    std::array<table::key_record, 1> keys;
    std::array<table::named, 2> names;
    std::array<table::choice, 4> choices;
    struct form {
        table::form head;
        std::array<std::uint8_t, 12> bytes;
    };
    std::array<form, 4> forms;
    table::predicate_node holds;
    table::feature_record feature;
    table::feature_cell cell;
    table::callee callee;
    std::array<table::choice, 2> functions;
    std::array<std::uint32_t, 2> targets; ///< pointers of this machine
    std::uint32_t pointer;
    struct toy_cell {
        std::uint32_t value;
        std::array<std::uint8_t, 4> enabled;
        table::call_mode mode;
        std::array<std::uint8_t, 3> flags;
        std::uint32_t hash;
        std::array<std::uint8_t, 48> more;
    };
    std::array<toy_cell, 2> cells;
    std::array<char, 64> words;
};

struct image {
    using target = toy;
    memory& here;

    [[nodiscard]] bool within(address at, std::size_t size, std::size_t length) const noexcept {
        const address offset = at - reinterpret_cast<address>(&here);
        return offset <= length && size <= length - offset;
    }
    [[nodiscard]] bool readable(address at, std::size_t size) const noexcept {
        return within(at, size, sizeof(memory));
    }
    [[nodiscard]] bool writable(address at, std::size_t size) const noexcept { return readable(at, size); }
    [[nodiscard]] bool executable(address at, std::size_t size) const noexcept { return within(at, size, 256); }
    [[nodiscard]] address pointer_at(address at) const noexcept {
        std::uint32_t own = 0;
        std::memcpy(&own, reinterpret_cast<const void*>(at), sizeof own);
        return own == 0 ? 0 : own - base + reinterpret_cast<address>(&here);
    }
    [[nodiscard]] address shown(address at) const noexcept { return at - reinterpret_cast<address>(&here) + base; }
};

class Target : public testing::Test {
protected:
    static void refer(table::reference& from, const void* to) {
        from.distance =
            static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(&from));
    }
    void word(table::reference& from, std::size_t at, const char* text) {
        std::memcpy(&m->words[at], text, std::strlen(text) + 1);
        refer(from, &m->words[at]);
    }
    [[nodiscard]] std::uint32_t own(const void* at) const {
        return static_cast<std::uint32_t>(platform.shown(reinterpret_cast<address>(at)));
    }
    void put_form(std::size_t i, table::form_kind kind, std::uint8_t length, std::uint8_t operand) {
        m->forms[i].head = {length, kind, {}, {operand, 255, 255, 255}};
    }

    void SetUp() override {
        // Text: 0: the alternative; 16: a key; 32: a marker, then a call of the trampoline at 64; 42: the same, static, 68.
        ASSERT_TRUE(toy::encode_jump(text(16), text(20), &m->text[16]) &&
                    toy::encode_call(text(37), text(64), &m->text[37]) &&
                    toy::encode_call(text(42), text(68), &m->text[42]));
        word(m->feature.name, 0, "toy.fast");
        refer(m->feature.cell, &m->cell);
        m->feature.kind = table::probe_kind::cpu;
        m->holds.op = table::predicate_op::feature;
        refer(m->holds.a, &m->feature);

        // An alternative: nops, or a call of text + 100 whose operand is noted, or a jump there that is assembled twice.
        for (std::size_t i = 0; i < 2; ++i) {
            refer(m->alternatives[i].site, &m->text[8 * i]);
            auto* const choices = &m->choices[2 * i];
            refer(m->alternatives[i].choices, &choices[1]);
            choices[0].length = choices[1].length = 8;
            choices[1].ordinal = 1;
            refer(choices[0].form, &m->forms[2 * i]);
            refer(choices[1].form, &m->forms[2 * i + 1]);
            refer(choices[1].otherwise, &choices[0]);
            refer(choices[1].predicate, &m->holds);
            put_form(2 * i, table::form_kind::plain, 0, 255);
        }
        const auto in = [](const void* at) { return reinterpret_cast<address>(at); };
        put_form(1, table::form_kind::plain, 5, 1);
        ASSERT_TRUE(toy::encode_call(in(m->forms[1].bytes.data()), text(100), m->forms[1].bytes.data()));
        put_form(3, table::form_kind::twice, 5, 255);
        ASSERT_TRUE(toy::encode_jump(in(m->forms[3].bytes.data()), text(100), m->forms[3].bytes.data()));
        ASSERT_TRUE(toy::encode_jump(in(&m->forms[3].bytes[5]), text(100), &m->forms[3].bytes[5]));

        word(m->names[0].name, 10, "toy.key");
        word(m->names[1].name, 20, "toy.call");
        word(m->names[0].signature, 30, "f");
        word(m->names[1].signature, 30, "f");
        refer(m->names[0].cell, m->cells.data());
        refer(m->names[1].cell, &m->cells[1]);
        refer(m->names[1].trampoline, &m->text[68]);
        m->cells[0].hash = inlay::detail::hash_of("toy.key");
        m->cells[1].hash = inlay::detail::hash_of("toy.call");
        m->cells[0].value = 1;
        m->cells[1].value = own(&m->text[120]);
        refer(m->keys[0].site, &m->text[16]);
        refer(m->keys[0].targets, &m->text[80]);
        refer(m->keys[0].key, &m->names[0]);

        word(m->callee.name, 40, "toy.dispatch");
        refer(m->callee.trampoline, &m->text[64]);
        refer(m->callee.target, &m->pointer);
        refer(m->callee.targets, m->targets.data());
        refer(m->callee.choices, &m->functions[1]);
        refer(m->functions[1].otherwise, &m->functions[0]);
        refer(m->functions[1].predicate, &m->holds);
        m->functions[1].ordinal = 1;
        m->targets = {own(&m->text[130]), own(&m->text[140])};
        refer(m->calls[0].site, &m->text[32]);
        refer(m->calls[0].callee, &m->callee);
        refer(m->calls[1].site, &m->text[42]);
        refer(m->calls[1].callee, &m->names[1]);
    }

    [[nodiscard]] address text(std::size_t at) const { return reinterpret_cast<address>(m.get()) + at; }

    template <class Record, std::size_t Count>
    static table::section<Record> section(std::array<std::remove_const_t<Record>, Count>& records) {
        return {records.data(), sizeof(records)};
    }

    static std::vector<std::uint8_t> branch(std::uint8_t operation, int distance) {
        return {operation, static_cast<std::uint8_t>(distance), 0, 0, 0};
    }

    std::unique_ptr<memory> m = std::make_unique<memory>();
    image platform{*m};
    table::registry registry{};
    table::tables tables{section<const table::alternative_record>(m->alternatives),
                         section<table::call_record>(m->calls), section<table::key_record>(m->keys),
                         section<const table::named>(m->names), &registry};
};

TEST_F(Target, DecidesAnAlternative) {
    for (const bool fast : {false, true}) {
        for (std::size_t i = 0; i < 2; ++i) {
            inlay::patch bytes{};
            const auto features = [&](const table::feature_record&) noexcept { return fast; };
            ASSERT_EQ(inlay::decide(platform, m->alternatives[i], features, bytes), error::no_error);
            std::vector<std::uint8_t> expected(8);
            if (fast) {
                const auto there = i == 0 ? branch(1, 100) : branch(2, 100 - 8);
                std::copy(there.begin(), there.end(), expected.begin());
            }
            EXPECT_EQ(std::vector<std::uint8_t>(bytes.bytes, bytes.bytes + bytes.length), expected) << fast << i;
        }
    }
}

TEST_F(Target, DecidesAKey) {
    for (const address value : {address{0}, address{1}}) {
        inlay::reader<image> from{platform};
        inlay::patch bytes{};
        inlay::decide(from, m->keys[0], value, bytes);
        ASSERT_EQ(from.trouble, error::no_error);
        EXPECT_EQ(std::vector<std::uint8_t>(bytes.bytes, bytes.bytes + bytes.length),
                  value == 0 ? branch(0, 0) : branch(2, 64));
    }
}

TEST_F(Target, IsReportedOn) {
    for (const bool fast : {false, true}) {
        const auto model = inlay::report::cpu_model::parse<toy>(fast ? "none,+toy.fast" : "none", {"toy.fast"});
        const auto what = inlay::report::collect(tables, platform, model);
        EXPECT_EQ(what.trouble, "");
        ASSERT_EQ(what.sites.size(), 5U);
        EXPECT_EQ(what.summary.malformed, 0U);
        ASSERT_EQ(what.features.size(), 1U);
        EXPECT_EQ(what.features[0].found_by, "cpu 0x0 0x0 0x0");
        const auto& alternative = what.sites[0];
        EXPECT_EQ(alternative.where.at, base) << "an address of the image";
        EXPECT_EQ(alternative.choices[1].predicate, "toy.fast");
        EXPECT_EQ(alternative.after.bytes[0], fast ? 1 : 0);
        const auto& key = what.sites[2];
        EXPECT_EQ(key.name, "toy.key");
        EXPECT_EQ(key.value, 1U);
        EXPECT_EQ(key.after.bytes, branch(2, 64));
        const auto& dispatch = what.sites[3];
        EXPECT_EQ(dispatch.name, "toy.dispatch");
        EXPECT_EQ(dispatch.where.at, base + 37) << "the call is found after its marker";
        EXPECT_EQ(dispatch.choices[0].target, "0x40082");
        EXPECT_EQ(dispatch.before.bytes, branch(1, 64 - 37));
        EXPECT_EQ(dispatch.after.bytes, branch(1, (fast ? 140 : 130) - 37));
        const auto& call = what.sites[4];
        EXPECT_EQ(call.name, "toy.call");
        EXPECT_EQ(call.after.bytes, branch(1, 120 - 42));
        m->cells[1].mode = table::call_mode::nothing;
        EXPECT_EQ(inlay::report::collect(tables, platform, model).sites[4].after.bytes, branch(3, 0));
        m->cells[1].mode = table::call_mode::function;
    }
}

TEST_F(Target, AnotherMachinesCpuIsNotThisOne) {
    EXPECT_THROW((void)inlay::report::cpu_model::parse<toy>("this"), std::invalid_argument);
    EXPECT_THROW((void)inlay::report::cpu_model::parse<toy>("none,+avx2"), std::invalid_argument);
    EXPECT_THROW((void)inlay::report::cpu_model::parse<toy>("x86-64-v3"), std::invalid_argument);
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
