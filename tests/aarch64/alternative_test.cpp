// SPDX-License-Identifier: BSL-1.0
//
// alternatives and dispatch on AArch64, run natively or under qemu-aarch64. A plain program: it prints a line PASS or
// FAIL for each check and returns 1 if one failed. With an argument, it ends through b.cond in place of b.
#include <inlay/inlay.hpp>

#include "../made_image.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;
using inlay::alternative, inlay::cpu, inlay::when;

int failed = 0;

void check(bool good, const char* what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what);
    failed += good ? 0 : 1;
}
void expect(std::uint64_t value, std::uint64_t expected, const std::string& what) {
    if (value != expected) {
        std::printf("%s: %llu, not %llu\n", what.c_str(), static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(expected));
    }
    check(value == expected, what.c_str());
}

inline constexpr inlay::feature<"test.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"test.b", inlay::by_hand{}> b;
inline constexpr inlay::feature<"test.c", inlay::by_hand{}> c;

// QEMU does not see writes to /proc/self/mem, and still runs its old translation. It does see the replacement of a
// page. The test tries the file last, on sites that have not run.
using way = inlay::platform::process::way;

inlay::outcome apply_with(unsigned mask, way how = way::replace_page) {
    inlay::set(a, (mask & 1) != 0);
    inlay::set(b, (mask & 2) != 0);
    inlay::set(c, (mask & 4) != 0);
    inlay::platform::process self{how};
    return inlay::apply(inlay::this_image(), self);
}

// ---- functions that are called from alternatives

extern "C" std::uint64_t trashing(std::uint64_t x); // changes every register that it may
asm(R"(
    .pushsection .text.trashing,"ax",@progbits
    .balign 4
    .globl trashing
    .hidden trashing
    .type trashing,@function
trashing:
    hint 34
    add x0, x0, #1000
    .irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18
    mov x\n, #0xdead
    .endr
    .irp n,0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    movi v\n\().2d, #0
    .endr
    ret
    .size trashing, . - trashing
    .popsection
)");
[[gnu::noinline]] std::uint64_t one(std::uint64_t x) { return x + 1; }
[[gnu::noinline]] std::uint64_t two(std::uint64_t x) { return x + 2; }
[[gnu::noinline]] std::uint64_t three(std::uint64_t x) { return x + 3; }
[[gnu::noinline]] std::uint64_t sum(std::uint64_t p, std::uint64_t q, std::uint64_t r, std::uint64_t s) {
    return p * 1000 + q * 100 + r * 10 + s;
}
std::uint64_t noted = 0;
[[gnu::noinline]] void note(std::uint64_t x) {
    noted = x;
    (void)trashing(x);
}

// ---- sites, each in a separate function

constexpr auto single_form = alternative<mov(x0, 1), when<a, mov(x0, 2)>>{}.returns<x0, int>();
[[gnu::noinline]] int single() { return single_form(); }

constexpr auto ternary_form =
    inlay::ternary<a, mov(x0, 10), mov(x0, 20), mov(x0, 30)>{}.named<"ternary">().returns<x0, unsigned>();
[[gnu::noinline]] unsigned ternary() { return ternary_form(); }

constexpr auto three_way_form = alternative<mov(x0, 0), when<a, mov(x0, 1)>, when<b && !c, movz(x0, 2) + nop() + nop()>,
                                            when<c || (a && b), movz(x0, 3) + movk(x0, 1, 16)>>{}
                                    .returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t three_way() { return three_way_form(); }
std::uint64_t three_way_expected(unsigned mask) {
    const bool has_a = (mask & 1) != 0;
    const bool has_b = (mask & 2) != 0;
    const bool has_c = (mask & 4) != 0;
    return has_c || (has_a && has_b) ? 0x10003 : has_b && !has_c ? 2 : has_a ? 1 : 0;
}

constexpr auto empty_original_form =
    alternative<inlay::none, when<a, add(x0, x0, 7) + add(x0, x0, 1)>>{}.takes<x0>().returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t empty_original(std::uint64_t x) { return empty_original_form(x); }
constexpr auto empty_form =
    alternative<add(x0, x0, 1), when<b, inlay::none>>{}.takes<x0>().returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t empty_replacement(std::uint64_t x) { return empty_form(x); }

/// The operand at word `Position` of both forms.
template <unsigned Position>
[[gnu::noinline]] std::uint64_t operand_at(std::uint64_t x) {
    constexpr auto form =
        alternative<
            nop(4 * Position) + call<&one>() + add(x0, x0, 16),
            when<a, nop(4 * Position) + call<&two>() + nop(4 * (5 - Position)) + call<&three>()>,
            when<b && !a, nop(4 * Position) + call<&three>() + call<&three>() + call<&three>() + call<&one>()>>{}
            .template takes<x0>()
            .template returns<x0, std::uint64_t>();
    return form(x);
}

constexpr auto clamp_form = alternative<cmp(x0, x1) + skip_if(condition::ls, mov(x0, x1) + nop()),
                                        when<a, cmp(x0, x1) + skip_if(condition::hi, mov(x0, x1))>,
                                        when<b, skip(mov(x0, 77) + call<&one>()) + skip_unless_zero(x1, mov(x0, 5))>>{}
                                .takes<x0, x1>()
                                .returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t clamp(std::uint64_t x, std::uint64_t limit) { return clamp_form(x, limit); }

constexpr auto called_form =
    alternative<call<&trashing>(), when<a, call<&sum>()>>{}.takes<x0, x1, x2, x3>().returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t called_with(std::uint64_t p, std::uint64_t q, std::uint64_t r, std::uint64_t s) {
    double kept = static_cast<double>(p) * 0.5;
    asm("" : "+w"(kept));
    const std::uint64_t result = called_form(p, q, r, s);
    asm("" : "+w"(kept));
    return result + static_cast<std::uint64_t>(kept * 2) * 1'000'000 + q * 0 + r * 0 + s * 0;
}

/// Registers around a site, by hand: the registers that a thunk keeps must be unchanged.
constexpr auto keeping_form = alternative<call<&trashing>(), when<b, call<&note>()>>{}.takes<x0>();
[[gnu::noinline]] std::uint64_t keeping() {
    register std::uint64_t r1 asm("x1") = 1;
    register std::uint64_t r5 asm("x5") = 5;
    register std::uint64_t r9 asm("x9") = 9;
    register std::uint64_t r15 asm("x15") = 15;
    asm volatile("" : "+r"(r1), "+r"(r5), "+r"(r9), "+r"(r15));
    std::uint64_t total = r1 + r5 * 10 + r9 * 100 + r15 * 1000;
    for (std::uint64_t i = 0; i < 3; ++i) {
        std::uint64_t live[8]; // NOLINT(*-avoid-c-arrays)
        for (std::uint64_t j = 0; j < 8; ++j) {
            live[j] = i * j;
            asm volatile("" : "+r"(live[j]));
        }
        keeping_form(i);
        for (std::uint64_t j = 0; j < 8; ++j) {
            total += live[j];
        }
    }
    return total;
}

/// blr: every register changes that a function may change, also x18 (Linux does not reserve it).
constexpr auto ordinary_form = alternative<adr<&trashing>(x9) + call(x9), when<a, adr<&two>(x17) + call(x17)>>{}
                                   .takes<x0>()
                                   .returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t ordinary(std::uint64_t x) {
    std::uint64_t live[24]; // NOLINT(*-avoid-c-arrays): more than a call keeps registers
    for (std::uint64_t j = 0; j < 24; ++j) {
        live[j] = x + j;
        asm volatile("" : "+r"(live[j]));
    }
    const std::uint64_t result = ordinary_form(x);
    std::uint64_t total = 0;
    for (std::uint64_t j = 0; j < 24; ++j) {
        asm volatile("" : "+r"(live[j]));
        total += live[j];
    }
    return result * 10000 + total;
}

constexpr auto six_form =
    alternative<inlay::none,
                when<a, lsl(x0, x0, 4) + orr(x0, x0, x1) + lsl(x0, x0, 4) + orr(x0, x0, x2) + lsl(x0, x0, 4) +
                            orr(x0, x0, x3) + lsl(x0, x0, 4) + orr(x0, x0, x4) + lsl(x0, x0, 4) + orr(x0, x0, x5)>>{}
        .takes<x0, x1, x2, x3, x4, x5>()
        .returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t six(std::uint64_t x) { return six_form(x, x + 1, 3, x + 3, 5U, std::uint8_t{6}); }
constexpr auto five_form =
    alternative<str(x4, ptr(x3)), when<a, str(x2, ptr(x3))>, when<b, str(x1, ptr(x3)) + str(x0, ptr(x3))>>{}
        .takes<x3, x4, x0, x2, x1>();
[[gnu::noinline]] std::uint64_t five(std::uint64_t x) {
    std::uint64_t stored = 0;
    five_form(&stored, x, x + 1, x + 2, x + 3);
    return stored;
}

/// Where main() ends: a branch goes there and does not come back.
[[noreturn]] void leave() {
    check(true, "a branch to a function");
    std::printf("%s\n", failed == 0 ? "all passed" : "some failed");
    std::exit(failed == 0 ? 0 : 1);
}
constexpr auto leaving_form =
    alternative<nop(8), when<a, nop() + jmp<&leave>()>, when<b, cmp(x0, x0) + b_cond<condition::eq, &leave>()>>{};
[[gnu::noinline]] void leaving() { leaving_form(); }

constexpr auto pushes_form =
    alternative<push(x1, x30) + mov(x1, 4) + add(x0, x0, x1) + pop(x1, x30),
                when<a, sub(sp, sp, 16) + str(x0, ptr(sp, 8)) + ldr(x0, ptr(sp, 8)) + add(sp, sp, 16)>>{}
        .takes<x0>()
        .returns<x0, std::uint64_t>();
[[gnu::noinline]] std::uint64_t pushes(std::uint64_t x) { return pushes_form(x); }

int object = 5;
constexpr auto address_form =
    alternative<adr<&object>(x0), when<a, nop() + nop() + adr<&object>(x0)>>{}.returns<x0, int*>();
[[gnu::noinline]] int* address_of_object() { return address_form(); }

constexpr auto crc_form =
    alternative<mov(x0, 0), when<cpu.crc32, crc32cx(w0, w0, x1)>>{}.takes<x0, x1>().returns<x0, std::uint32_t>();
[[gnu::noinline]] std::uint32_t crc(std::uint32_t before, std::uint64_t data) { return crc_form(before, data); }

std::uint32_t crc_by_bits(std::uint32_t sum, std::uint64_t data) {
    std::uint64_t value = data ^ sum;
    for (int i = 0; i < 64; ++i) {
        value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
    }
    return static_cast<std::uint32_t>(value);
}

constexpr auto counting_form =
    alternative<ldr(x2, ptr(x1)) + add(x2, x2, x0) + str(x2, ptr(x1)), when<cpu.atomics, ldaddal(x0, x2, x1)>>{}
        .takes<x0, x1, x2>();
[[gnu::noinline]] void count(std::uint64_t by, std::uint64_t& where) {
    counting_form.clobbers_all()(by, &where, std::uint64_t{0});
}

constexpr auto file_form = alternative<mov(x0, 3), when<c, mov(x0, 4)>>{}.named<"file">().returns<x0, int>();
[[gnu::noinline]] int through_file() { return file_form(); }

// ---- dispatch

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
wide widen(float x, double y, wide z, short n) noexcept {
    return {static_cast<double>(x) * Version, y * Version, z.z * Version, n * Version};
}
template <int Version>
std::unique_ptr<int> own(std::unique_ptr<int> pointer) {
    *pointer += Version;
    return pointer;
}
template <int Version>
int twice(int x) {
    return x * 2 + Version;
}
inline constexpr inlay::dispatch<"describe", &describe<0>, when<a, &describe<1>>, when<a && b, &describe<2>>> describes;
inline constexpr inlay::dispatch<"widen", &widen<1>, when<a, &widen<2>>> widens;
inline constexpr inlay::dispatch<"own", &own<1>, when<a, &own<10>>> owns;
inline constexpr inlay::dispatch<"twice", &twice<0>, when<a, &twice<1>>> doubled;

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
constexpr int twice_by(int version, int x) { return x * 2 + version; }

// ---- checks

void everything(unsigned mask, bool applied) {
    const std::string state = applied ? " with mask " + std::to_string(mask) : std::string{" before apply"};
    const bool has_a = applied && (mask & 1) != 0;
    const bool has_b = applied && (mask & 2) != 0;
    expect(static_cast<unsigned>(single()), has_a ? 2 : 1, "single" + state);
    expect(ternary(), !applied ? 30 : has_a ? 10 : 20, "ternary" + state);
    expect(three_way(), applied ? three_way_expected(mask) : 0, "three ways" + state);
    expect(empty_original(5), has_a ? 13 : 5, "empty original" + state);
    expect(empty_replacement(5), has_b ? 5 : 6, "empty replacement" + state);
    const std::uint64_t at = has_a ? 105 : has_b ? 110 : 117;
    expect(operand_at<0>(100), at, "relative operand at word 0" + state);
    expect(operand_at<1>(100), at, "relative operand at word 1" + state);
    expect(operand_at<2>(100), at, "relative operand at word 2" + state);
    expect(operand_at<3>(100), at, "relative operand at word 3" + state);
    expect(operand_at<4>(100), at, "relative operand at word 4" + state);
    expect(operand_at<5>(100), at, "relative operand at word 5" + state);
    expect(clamp(9, 4), has_b ? 9 : has_a ? 9 : 4, "a skip that is taken or not" + state);
    expect(clamp(3, 4), has_b ? 3 : has_a ? 4 : 3, "a skip that is not taken or is" + state);
    expect(clamp(3, 0), has_b ? 5 : has_a ? 3 : 0, "a skip by zero" + state);
    expect(called_with(2, 3, 4, 5), 2'000'000 + (has_a ? 2345U : 1002U), "operands and vector registers" + state);
    expect(keeping(), 1 + 50 + 900 + 15000 + 28 * 3, "a thunk keeps registers" + state);
    expect(noted, has_b ? 2 : noted, "a thunk for a function that returns nothing" + state);
    expect(ordinary(7), (has_a ? 9U : 1007U) * 10000 + 24 * 7 + 276, "an ordinary call" + state);
    expect(six(1), has_a ? 0x123456 : 1, "six operands" + state);
    expect(five(20), has_b ? 21 : has_a ? 22 : 20, "five operands in any order" + state);
    expect(pushes(6), has_a ? 6 : 10, "pushes and pops" + state);
    check(address_of_object() == &object, ("adr" + state).c_str());
    std::uint64_t counter = 40;
    count(2, counter);
    expect(counter, 42, "atomics" + state);
    if (applied && inlay::aarch64::has(cpu.crc32.probe().encode())) {
        expect(crc(0x12345678, 0x0123456789abcdef), crc_by_bits(0x12345678, 0x0123456789abcdef), "crc32cx" + state);
    }
    const int version = has_a ? (has_b ? 2 : 1) : 0;
    check(caught(3) == "n3v" + std::to_string(version), ("dispatch of objects" + state).c_str());
    check(caught(-3) == "n version " + std::to_string(version), ("exceptions through a dispatch" + state).c_str());
    const wide result = widens(1.0F, 2.0, wide{0, 0, 3.0, 0}, short{4});
    const int factor = has_a ? 2 : 1;
    check(result.x == 1.0 * factor && result.y == 2.0 * factor && result.z == 3.0 * factor && result.n == 4 * factor,
          ("dispatch of floating-point numbers and structs" + state).c_str());
    check(*owns(std::make_unique<int>(5)) == (has_a ? 15 : 6), ("dispatch moves" + state).c_str());
    const int v = has_a ? 1 : 0;
    check(nested(3) == twice_by(v, twice_by(v, 3) + twice_by(v, twice_by(v, 3))), ("nested calls" + state).c_str());
    check(tail(4) == twice_by(v, 5) && conditional_tail(4) == twice_by(v, 4) && conditional_tail(2) == 2,
          ("tail calls" + state).c_str());
}

/// Distances in instructions: relocate() and the branches that dispatch redirects.
void operands() {
    const auto moved = [](std::uint32_t word, std::int64_t shift, std::uint32_t expected) {
        std::uint8_t bytes[4]; // NOLINT(*-avoid-c-arrays)
        inlay::aarch64::store32(bytes, word);
        const bool fits = inlay::aarch64::relocate(bytes, shift);
        return fits ? inlay::aarch64::load32(bytes) == expected && expected != 0
                    : expected == 0 && inlay::aarch64::load32(bytes) == word;
    };
    check(moved(0x94000000, 4, 0x94000001) && moved(0x94000000, -4, 0x97ffffff) && moved(0x17ffffff, 4, 0x14000000) &&
              moved(0x95fffffe, 4, 0x95ffffff) && moved(0x95ffffff, 4, 0) && moved(0x96000000, -4, 0) &&
              moved(0x94000000, 2, 0),
          "relocate b and bl");
    check(moved(0x54000001, 4, 0x54000021) && moved(0x547fffe1, 4, 0) && moved(0x54000001, -4, 0x54ffffe1) &&
              moved(0xb4000003, 8, 0xb4000043) && moved(0x35000003, 8, 0x35000043) &&
              moved(0x58000003, 8, 0x58000043) && moved(0x36080003, 8, 0x36080043) && moved(0x3603ffe3, 4, 0),
          "relocate conditional branches and literals");
    check(moved(0x10000000, 1, 0x30000000) && moved(0x70ffffe0, 1, 0x10000000) && moved(0x707fffe0, 1, 0) &&
              moved(0x10000000, -1, 0x70ffffe0) && moved(0x10000000, std::int64_t{1} << 40, 0),
          "relocate adr");
    check(moved(0x90000000, 4096, 0) && moved(0xd503201f, 4, 0) && moved(0xd65f03c0, 4, 0),
          "relocate refuses other instructions");
    alignas(4) std::uint8_t text[8]{}; // NOLINT(*-avoid-c-arrays)
    inlay::aarch64::store32(text, 0x97fffffe);
    const auto at = reinterpret_cast<inlay::address>(text);
    inlay::aarch64::found_branch found{};
    std::uint8_t bytes[4]; // NOLINT(*-avoid-c-arrays)
    check(inlay::aarch64::branch_at(at, 4, found) && found.target() == at - 8 &&
              inlay::aarch64::retarget(found, at + 0x7fffffc, bytes) && inlay::aarch64::load32(bytes) == 0x95ffffff &&
              inlay::aarch64::retarget(found, at - 0x8000000, bytes) && inlay::aarch64::load32(bytes) == 0x96000000 &&
              !inlay::aarch64::retarget(found, at + 0x8000000, bytes) &&
              !inlay::aarch64::retarget(found, at + 2, bytes) && !inlay::aarch64::branch_at(at, 3, found) &&
              !inlay::aarch64::branch_at(at + 4, 4, found),
          "find and redirect a branch");
}

/// A form that is longer than its site, in an image made by hand: refused, and no byte changes.
void corrupt() {
    namespace table = inlay::table;
    struct tables {
        table::alternative_record records[2]; // NOLINT(*-avoid-c-arrays)
        table::choice choices[2];             // NOLINT(*-avoid-c-arrays)
        table::predicate_node always;
        struct {
            table::form head;
            std::uint8_t bytes[12]; // NOLINT(*-avoid-c-arrays)
        } good, other;
    };
    const auto memory = std::make_unique<made::memory>();
    inlay::aarch64::fill_nops(memory->text.data(), made::text_size);
    auto& in = *new (memory->data.data()) tables{};
    const auto form = [](auto& where, std::uint8_t length, std::uint32_t word) {
        where.head = {length, table::form_kind::plain, {0, 0}, {255, 255, 255, 255}};
        inlay::aarch64::store32(where.bytes, word);
    };
    form(in.good, 4, 0xd2800000);
    form(in.other, 4, 0xd2800020);
    for (unsigned i = 0; i < 2; ++i) {
        inlay::aarch64::store32(memory->text.data() + 16 * i, 0xd2800000);
        in.choices[i].length = 8;
        made::refer(in.records[i].site, memory->text.data() + 16 * i);
        made::refer(in.records[i].choices, &in.choices[1]);
    }
    in.choices[1].ordinal = 1;
    in.always.op = table::predicate_op::always;
    made::refer(in.choices[0].form, &in.good);
    made::refer(in.choices[1].form, &in.other);
    made::refer(in.choices[1].predicate, &in.always);
    made::refer(in.choices[1].otherwise, &in.choices[0]);
    const table::tables image{{in.records, sizeof(in.records)}, {}};
    const auto before = memory->text;
    in.other.head.length = 12;
    made::platform watched{*memory};
    auto done = inlay::apply(image, watched);
    check(!done && done.error() == inlay::error::form_too_long && watched.writes == 0 && memory->text == before,
          "a form too long is refused and nothing changes");
    in.other.head.length = 4;
    in.other.head.relative[0] = 0;
    done = inlay::apply(image, watched);
    check(!done && done.error() == inlay::error::target_out_of_range && memory->text == before,
          "a relative operand that is none is refused and nothing changes");
    in.other.head.relative[0] = 255;
    done = inlay::apply(image, watched);
    check(done && done.written == 2 && inlay::aarch64::load32(memory->text.data() + 16) == 0xd2800020 &&
              inlay::aarch64::load32(memory->text.data() + 20) == inlay::aarch64::nop_word,
          "the same image, whole, is patched");
    for (const std::size_t at : {16U, 20U}) { // a breakpoint on the instruction, and on the nop after it
        const auto good = memory->text;
        inlay::aarch64::store32(memory->text.data() + at, 0xd4200000);
        const auto now = memory->text;
        watched.writes = 0;
        done = inlay::apply(image, watched);
        check(done.error() == inlay::error::site_changed && done.record().index == 1 && watched.writes == 0 &&
                  memory->text == now,
              "a breakpoint is refused and nothing changes");
        memory->text = good;
    }
}

} // namespace

int main(int argc, char** /*argv*/) {
    leaving();
    everything(0, false);
    for (const unsigned mask : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 0U, 7U}) {
        const auto done = apply_with(mask);
        check(static_cast<bool>(done), inlay::message(done.error()));
        everything(mask, true);
        const auto again = apply_with(mask);
        expect(again.written, 0, "apply() twice writes nothing");
#ifdef __OPTIMIZE__
        expect(done.calls_direct, done.calls, "every call is direct");
#endif
        expect(again.calls_direct, done.calls_direct, "apply() twice finds the same calls");
    }
    const auto done = apply_with(3, way::memory_file);
    check(done && through_file() == 3, "text written through /proc/self/mem");
    operands();
    corrupt();
    const bool last = static_cast<bool>(apply_with(argc > 1 ? 2 : 1));
    check(last, "apply() for the branches");
    leaving();
    check(false, "a branch to a function");
    return 1;
}

// NOLINTEND(*-avoid-magic-numbers)
