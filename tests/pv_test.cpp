// SPDX-License-Identifier: BSL-1.0
//
// Paravirt operations: every kind of target, patched and not, the instructions in place of calls, registers, the stack.
#include <inlay/inlay.hpp>
#include <inlay/pv/linux.hpp>
#include <inlay/pv_ops.hpp>

#include <gtest/gtest.h>

#include <Zydis/Zydis.h>
#include <sys/mman.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)

using namespace inlay::x86::insn;
using inlay::cpu;
using u64 = std::uint64_t;
using u32 = std::uint32_t;

extern "C" {
void call_with_pattern(inlay::address target, u64* registers);
bool leaves_junk();
u64 keeps_registers(u64 value);
bool changes_registers();
}

namespace {

// ---- A table with every kind of target --------------------------------------------------------------

// Native adds 1; the hypervisor's multiplies by 3.
u64 add_one(u64 value) { return value + 1; }
u64 triple(u64 value) { return value * 3; }
constexpr auto add_one_code = lea(rax, ptr(rdi, 1));
constexpr auto triple_code = lea(rax, ptr(rdi, rdi, 2));

struct every_kind {
    inlay::pv_op<u64(u64), &add_one> function;
    inlay::pv_op<u64(u64), inlay::native<add_one_code>> code;
    inlay::pv_op<u64(u64), inlay::callee_save<&add_one>> thunk;
    inlay::pv_op<u64(u64), inlay::callee_save<add_one_code>> callee_save_code;
};
inline constinit every_kind kinds;

inline constexpr inlay::feature<"pv.native", inlay::by_hand{}> is_native;

/// The call and the one with native code, of the operation at an index, from one function.
template <std::size_t Index>
[[gnu::noinline]] std::array<u64, 2> call_both(u64 value) {
    static constexpr inlay::pv_call<&kinds, Index> plain;
    static constexpr inlay::pv_alt_call<&kinds, Index, add_one_code, is_native> alt;
    return {plain(value), alt(value)};
}

enum class target { native, replaced, missing };

template <class Operation>
void assign(Operation& operation, target to) {
    if (to == target::native) {
        operation = Operation{};
    } else if (to == target::missing) {
        operation = nullptr;
    } else if constexpr (Operation::callee_save) {
        operation = inlay::callee_save<&triple>;
    } else {
        operation = &triple;
    }
}

std::vector<std::string> reports; // NOLINT(*-avoid-non-const-global-variables)

void expect_both(target to, bool inlined) {
    inlay::on_missing_operation([](const char* name) noexcept { reports.emplace_back(name); });
    inlay::for_each_operation(kinds, [to](auto& operation) { assign(operation, to); });
    const auto check = [&]<std::size_t Index>() {
        reports.clear();
        const auto results = call_both<Index>(7);
        const u64 called = to == target::native ? 8 : to == target::replaced ? 21 : 0;
        EXPECT_EQ(results[0], called) << Index;
        EXPECT_EQ(results[1], inlined ? 8 : called) << Index;
        const auto missing = static_cast<std::size_t>(to == target::missing ? (inlined ? 1 : 2) : 0);
        EXPECT_EQ(reports, std::vector<std::string>(missing, "kinds[" + std::to_string(Index) + "]"));
    };
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
        (check.template operator()<Index>(), ...);
    }(std::make_index_sequence<inlay::operation_count<every_kind>>{});
}

/// The sites of a name, in the order of the table.
std::vector<inlay::address> sites_of(const std::string& name) {
    std::vector<inlay::address> found;
    const auto all = inlay::this_image().alternatives;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto* choice = reinterpret_cast<const inlay::table::choice*>(all.records[i].choices.target());
        if (choice->name && name == reinterpret_cast<const char*>(choice->name.target())) {
            found.push_back(all.records[i].site.target());
        }
    }
    return found;
}
std::string bytes_at(inlay::address at, std::size_t size = 6) {
    return {reinterpret_cast<const char*>(at), size}; // NOLINT(performance-no-int-to-ptr)
}
inlay::address called_by(inlay::address site) {
    std::int32_t distance = 0;
    std::memcpy(&distance, reinterpret_cast<const void*>(site + 1), 4); // NOLINT(performance-no-int-to-ptr)
    return bytes_at(site, 1) == "\xe8" ? site + 5 + static_cast<inlay::address>(std::int64_t{distance}) : 0;
}
bool ends_in_nop(inlay::address site) { return bytes_at(site + 5, 1) == "\x90"; }

} // namespace

// One test, because the first part needs a program that is not patched yet.
TEST(Pv, EveryTargetUnpatchedAndPatchedWithThePredicateTrueAndFalse) {
    for (const bool native : {false, true}) {
        inlay::set(is_native, native);
        for (const auto to : {target::native, target::replaced, target::missing}) {
            SCOPED_TRACE("not patched");
            expect_both(to, false);
        }
    }
    for (const bool native : {false, true, false}) {
        inlay::set(is_native, native);
        for (const auto to : {target::native, target::replaced, target::missing, target::native}) {
            SCOPED_TRACE("patched");
            inlay::for_each_operation(kinds, [to](auto& operation) { assign(operation, to); });
            const auto done = inlay::apply();
            ASSERT_TRUE(done) << inlay::message(done.error());
            expect_both(to, native);
        }
    }
    inlay::restore(kinds);
    ASSERT_TRUE(inlay::apply());
}

namespace {

// ---- The patched sites -----------------------------------------------------------------------------

void does_nothing_much(u64 /*value*/) {}
u64 with_six(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}
u64 other_six(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) { return with_six(f, e, d, c, b, a); }
enum class color : std::uint8_t { red = 3, blue = 200 };
std::int16_t mixed(std::int8_t a, bool b, color c, const int* d, long e) {
    return static_cast<std::int16_t>(a * 100 + (b ? 10 : 0) + static_cast<int>(c == color::blue) + *d +
                                     static_cast<int>(e));
}
int* pass(int* pointer) { return pointer; }

struct small_ops {
    inlay::pv_op<void(u64), &does_nothing_much> nop;
    inlay::pv_op<u64(u64, u64, u64, u64, u64, u64), &with_six> six;
    inlay::pv_op<u64(u64, u64, u64, u64, u64, u64), inlay::callee_save<&with_six>> six_kept;
    inlay::pv_op<std::int16_t(std::int8_t, bool, color, const int*, long), &mixed> mixture;
    inlay::pv_op<int*(int*), inlay::callee_save<&pass>> pointer;
    inlay::pv_op<bool(), inlay::is_callee_save<&leaves_junk>> junk;
    inlay::pv_op<void(), inlay::callee_save<nullptr>> none;
    inlay::pv_op<void(), inlay::pv_nop> idle;
    inlay::pv_op<u64(u64), &add_one> far;
    inlay::pv_op<bool(), &changes_registers> changing;
    inlay::pv_op<bool(), inlay::callee_save<&changes_registers>> changing_kept;
    inlay::pv_op<u64(u64), inlay::callee_save<add_one_code>> derived;
};
inline constinit small_ops ops;
inline constinit small_ops more; // a second table of the same type

inline constexpr inlay::pv_call<&ops, &small_ops::nop> call_nop;
inline constexpr inlay::pv_call<&ops, &small_ops::six> call_six;
inline constexpr inlay::pv_call<&ops, &small_ops::six_kept> call_six_kept;
inline constexpr inlay::pv_call<&ops, &small_ops::mixture> call_mixed;
inline constexpr inlay::pv_call<&ops, &small_ops::pointer> call_pointer;
inline constexpr inlay::pv_call<&ops, &small_ops::junk> call_junk;
inline constexpr inlay::pv_call<&ops, &small_ops::none> call_none;
inline constexpr inlay::pv_call<&ops, &small_ops::idle> call_idle;
inline constexpr inlay::pv_call<&ops, &small_ops::far> call_far;
inline constexpr inlay::pv_call<&ops, &small_ops::changing> call_changing;
inline constexpr inlay::pv_call<&ops, &small_ops::changing_kept> call_changing_kept;
inline constexpr inlay::pv_call<&more, &small_ops::six> call_more_six;
inline constexpr inlay::pv_alt_call<&ops, &small_ops::derived, add_one_code> call_derived; // predicate: not overridden

[[gnu::noinline]] void run_nop() { call_nop(1); }
[[gnu::noinline]] void run_none() { call_none(); }
[[gnu::noinline]] void run_idle() { call_idle(); }
[[gnu::noinline]] u64 run_far(u64 value) { return call_far(value); }
[[gnu::noinline]] bool run_junk() { return call_junk(); }
[[gnu::noinline]] u64 run_derived(u64 value) { return call_derived(value); }

void apply() {
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
}

} // namespace

TEST(Pv, ArgumentsAndResultsOfAllKinds) {
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(call_six(1, 2, 3, 4, 5, 6), 654321U);
        EXPECT_EQ(call_six_kept(1, 2, 3, 4, 5, 6), 654321U);
        EXPECT_EQ(call_more_six(1, 2, 3, 4, 5, 6), round == 0 ? 654321U : 123456U);
        const int seven = 7;
        EXPECT_EQ(call_mixed(-3, true, color::blue, &seven, -1000L), -300 + 10 + 1 + 7 - 1000);
        int object = 0;
        EXPECT_EQ(call_pointer(&object), &object);
        EXPECT_FALSE(run_junk()) << "a bool is eight bits";
        more.six = &other_six;
        apply();
    }
    EXPECT_EQ(called_by(sites_of("more.six").at(0)), reinterpret_cast<inlay::address>(&other_six));
}

TEST(Pv, DirectCallNopsReporter) {
    apply();
    const auto site = sites_of("ops.nop").at(0);
    EXPECT_EQ(called_by(site), reinterpret_cast<inlay::address>(&does_nothing_much));
    EXPECT_TRUE(ends_in_nop(site));
    EXPECT_EQ(bytes_at(sites_of("ops.idle").at(0)), std::string("\x66\x0f\x1f\x44\x00\x00", 6))
        << "one nop of six bytes";
    EXPECT_EQ(called_by(sites_of("ops.none").at(0)), ops.none.target());
    EXPECT_TRUE(ops.none.is_missing());

    ops.nop = inlay::pv_nop;
    apply();
    EXPECT_EQ(bytes_at(site), std::string("\x66\x0f\x1f\x44\x00\x00", 6));
    run_nop();
    ops.nop = nullptr;
    apply();
    inlay::on_missing_operation([](const char* name) noexcept { reports.emplace_back(name); });
    reports.clear();
    run_nop();
    run_none();
    run_idle();
    EXPECT_EQ(reports, (std::vector<std::string>{"ops.nop", "ops.none"}));
    inlay::restore(ops);
    apply();
    EXPECT_EQ(called_by(site), reinterpret_cast<inlay::address>(&does_nothing_much));
}

TEST(Pv, ZeroedTableIsReportedOncePatched) {
    std::memset(static_cast<void*>(&ops.nop), 0, sizeof(ops.nop));
    EXPECT_TRUE(ops.nop.is_missing());
    apply();
    inlay::on_missing_operation([](const char* name) noexcept { reports.emplace_back(name); });
    reports.clear();
    run_nop();
    EXPECT_EQ(reports, std::vector<std::string>{"ops.nop"});
    inlay::restore(ops);
    apply();
}

TEST(Pv, MissingOperationEndsTheProgramByDefault) {
    inlay::on_missing_operation(&inlay::detail::missing_by_default);
    EXPECT_DEATH(run_none(), "the paravirt operation ops.none has no target");
}

TEST(Pv, TargetOutOfReachIsCalledThroughThePointer) {
    const auto site = sites_of("ops.far").at(0);
    // lea rax, [rdi + 5]; ret, at an address that no rel32 reaches from here
    const std::array<unsigned char, 5> code{0x48, 0x8d, 0x47, 0x05, 0xc3};
    void* const wanted = reinterpret_cast<void*>(0x100000000000); // NOLINT(performance-no-int-to-ptr)
    void* const page = mmap(wanted, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    std::memcpy(page, code.data(), code.size());
    ASSERT_EQ(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
    ops.far = reinterpret_cast<u64 (*)(u64)>(page);
    apply();
    EXPECT_EQ(bytes_at(site, 2), "\xff\x15");
    EXPECT_EQ(run_far(1), 6U);
    inlay::restore(ops);
    apply();
    EXPECT_EQ(called_by(site), reinterpret_cast<inlay::address>(&add_one));
    EXPECT_EQ(run_far(1), 2U);
    munmap(page, 4096);
}

TEST(Pv, NativeCodeStaysUntilTheOperationIsOverridden) {
    apply();
    const auto site = sites_of("ops.derived").at(0);
    EXPECT_EQ(bytes_at(site, 4), "\x48\x8d\x47\x01");
    EXPECT_EQ(run_derived(1), 2U);
    ops.derived = inlay::callee_save<&triple>;
    apply();
    EXPECT_EQ(called_by(site), ops.derived.target());
    EXPECT_EQ(run_derived(1), 3U);
    inlay::restore(ops);
    apply();
    EXPECT_EQ(bytes_at(site, 4), "\x48\x8d\x47\x01");
}

TEST(Pv, CalleeSaveTargetsChangeTheResultAlone) {
    static constexpr u64 pattern = 0x1111111111111111;
    const auto others_keep = [](inlay::address target, u64 result) {
        std::array<u64, 9> registers{};
        call_with_pattern(target, registers.data());
        EXPECT_EQ(registers[0], result);
        for (std::size_t i = 1; i < registers.size(); ++i) {
            EXPECT_EQ(registers[i], pattern + i) << i;
        }
    };
    struct {
        inlay::pv_op<bool(), inlay::callee_save<&changes_registers>> changing;
        inlay::pv_op<u64(u64), inlay::callee_save<triple_code>> code;
        inlay::pv_op<u64(u64), inlay::is_callee_save<&keeps_registers>> own;
        inlay::pv_op<void(u64), inlay::callee_save<&does_nothing_much>> nothing;
        inlay::pv_op<void(), inlay::callee_save<nullptr>> none;
    } table;
    std::array<u64, 9> registers{};
    call_with_pattern(table.changing.target(), registers.data());
    EXPECT_EQ(registers[0] & 0xff, 0U);
    others_keep(table.changing.target(), registers[0]);
    others_keep(table.code.target(), (pattern + 4) * 3); // rdi is the fifth
    others_keep(table.own.target(), (pattern + 4) * 3);
    others_keep(table.nothing.target(), pattern);
    inlay::on_missing_operation([](const char* name) noexcept { reports.emplace_back(name); });
    reports.clear();
    others_keep(table.none.target(), 0);
    EXPECT_EQ(reports, std::vector<std::string>{"of another image"}) << "not called from a site";
}

namespace {

// Leaf functions except for the site: their values would be in the red zone, if they had one.
[[gnu::noinline]] u64 around_ordinary(u64 seed) {
    volatile u64 local[4] = {seed, seed + 1, seed + 2, seed + 3}; // NOLINT(*-avoid-c-arrays)
    return (call_changing() ? 1000 : 0) + local[0] + local[1] + local[2] + local[3];
}
[[gnu::noinline]] u64 around_callee_save(u64 seed) {
    volatile u64 local[4] = {seed, seed + 1, seed + 2, seed + 3}; // NOLINT(*-avoid-c-arrays)
    return (call_changing_kept() ? 1000 : 0) + local[0] + local[1] + local[2] + local[3];
}

} // namespace

namespace {

// Only the site: only the call on a path that is never taken needs a frame, and compilers would make the frame on that
// path.
[[gnu::noinline]] bool alone() { return call_changing(); }

} // namespace

TEST(Pv, StackIsAlignedAndNoRedZoneIsMet) {
    // changes_registers() faults where the stack is not aligned.
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(around_ordinary(1), 10U);
        EXPECT_EQ(around_callee_save(2), 14U);
        EXPECT_FALSE(alone());
        apply();
    }
}

namespace {

[[gnu::noinline]] u64 across_callee_save(u64 a, u64 b) {
    const u64 c = call_pointer(nullptr) == nullptr ? 1 : 2;
    return a + b * c;
}
[[gnu::noinline]] u64 across_ordinary(u64 a, u64 b) {
    const u64 c = call_far(1) == 2 ? 1 : 2;
    return a + b * c;
}

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
/// Registers that a function saves on the stack before its first return.
int pushes(u64 (*function)(u64, u64)) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    const auto* at = reinterpret_cast<const std::uint8_t*>(function);
    int count = 0;
    for (;;) {
        ZydisDecodedInstruction instruction;
        std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, 15, &instruction, operands.data()))) {
            return -1;
        }
        if (instruction.mnemonic == ZYDIS_MNEMONIC_RET) {
            return count;
        }
        // Clang pushes rax to align the stack; that saves nothing.
        count += instruction.mnemonic == ZYDIS_MNEMONIC_PUSH && operands[0].reg.value != ZYDIS_REGISTER_RAX ? 1 : 0;
        at += instruction.length;
    }
}
#endif

} // namespace

TEST(Pv, CompilerKeepsValuesInRegistersAcrossCalleeSaveCalls) {
    apply();
    EXPECT_EQ(across_callee_save(3, 4), 7U);
    EXPECT_EQ(across_ordinary(3, 4), 7U);
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
    EXPECT_EQ(pushes(&across_callee_save), 0);
    EXPECT_GE(pushes(&across_ordinary), 2);
#else
    GTEST_SKIP() << "without optimisation, compilers keep nothing in registers";
#endif
}

TEST(Pv, NamesAndIndicesComeFromTheDeclaration) {
    static_assert(inlay::operation_count<small_ops> == 12);
    static_assert(inlay::operation_index<&ops, &small_ops::nop> == 0);
    static_assert(inlay::operation_index<&ops, &small_ops::derived> == 11);
    EXPECT_STREQ((inlay::operation_name<&ops, &small_ops::six_kept>), "ops.six_kept");
    EXPECT_STREQ((inlay::operation_name<&inlay::x86::pv::irq, &inlay::x86::pv::irq_ops::save_fl>), "irq.save_fl");
    std::size_t natives = 0;
    inlay::restore(ops);
    inlay::for_each_operation(ops, [&](const auto& operation) { natives += operation.is_native() ? 1 : 0; });
    EXPECT_EQ(natives, 12U);
    small_ops some{};
    some.six = &other_six;
    EXPECT_FALSE(some.six.is_native());
    EXPECT_TRUE(some.six_kept.is_native());
}

namespace {

// GCC looks for functions that write static variables of the unit, if no code takes the variables' addresses.
unsigned counted = 0; // NOLINT(*-avoid-non-const-global-variables)
u64 count(u64 value) {
    ++counted;
    return value;
}
struct counting_ops {
    inlay::pv_op<u64(u64), &count> ordinary;
    inlay::pv_op<u64(u64), inlay::callee_save<&count>> kept;
};
inline constinit counting_ops counting;
inline constexpr inlay::pv_call<&counting, &counting_ops::ordinary> count_ordinary;
inline constexpr inlay::pv_call<&counting, &counting_ops::kept> count_kept;
inline constexpr auto count_alternative = inlay::alternative<call<&count>()>{}.takes<rdi>().returns<rax, u64>();
[[gnu::noinline]] u64 run_ordinary() { return count_ordinary(1); }
[[gnu::noinline]] u64 run_kept() { return count_kept(1); }
[[gnu::noinline]] u64 run_alternative() { return count_alternative(u64{1}); }

} // namespace

TEST(Pv, CompilerKnowsThatSitesCallFunctionsOfItsUnit) {
    for (int round = 0; round < 2; ++round) {
        counted = 0;
        run_ordinary();
        const unsigned after_ordinary = counted; // a copy, since a reference would give the address away
        counted = 0;
        run_kept();
        const unsigned after_kept = counted;
        counted = 0;
        run_alternative();
        const unsigned after_alternative = counted;
        EXPECT_EQ(after_ordinary, 1U);
        EXPECT_EQ(after_kept, 1U);
        EXPECT_EQ(after_alternative, 1U);
        apply();
    }
}

// NOLINTEND(*-avoid-magic-numbers)
