// SPDX-License-Identifier: BSL-1.0
//
// Paravirt operations on AArch64, run natively or under qemu-aarch64. Every kind of target, patched and not; the new
// bytes of sites; the registers that are kept. A plain program, like alternative_test.cpp: it prints a line PASS or
// FAIL for each check and returns 1 if one failed.
#include <inlay/inlay.hpp>
#include <inlay/pv_ops.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <csignal>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

// NOLINTBEGIN(*-avoid-magic-numbers, *-avoid-non-const-global-variables)

// call_with_pattern(target, registers): fills x0 to x18 with a pattern (plus the number), except x16. x16 holds the
// target. It calls the target, and stores x0 to x18. The others: a function that changes all registers that the
// convention lets it, vector registers as well. One that gives 3 * x0 and keeps the rest. One that gives a bool with
// junk above it.
asm(R"(
    .text
    .balign 4
    .globl call_with_pattern, changes_registers, keeps_registers, leaves_junk
    .hidden call_with_pattern, changes_registers, keeps_registers, leaves_junk
    .type call_with_pattern, @function
call_with_pattern:
    hint 34
    stp x29, x30, [sp, #-32]!
    str x1, [sp, #16]
    mov x16, x0
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,17,18
    movz x\n, #(0x1100 + \n)
    .endr
    blr x16
    ldr x30, [sp, #16]
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18
    str x\n, [x30, #(8 * \n)]
    .endr
    ldp x29, x30, [sp], #32
    ret
    .type changes_registers, @function
changes_registers:
    hint 34
    .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
    mov x\n, #-1
    .endr
    .irp n,0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    movi v\n\().2d, #0xffffffffffffffff
    .endr
    cmp x0, x0
    mov w0, #0x1ff00
    ret
    .type keeps_registers, @function
keeps_registers:
    hint 34
    add x0, x0, x0, lsl #1
    ret
    .type leaves_junk, @function
leaves_junk:
    hint 34
    mov w0, #0x5600
    ret
)");

using namespace inlay::aarch64::insn;
using u64 = std::uint64_t;
using u32 = std::uint32_t;

extern "C" {
[[gnu::visibility("hidden")]] void call_with_pattern(inlay::address target, u64* registers);
[[gnu::visibility("hidden")]] bool changes_registers();
[[gnu::visibility("hidden")]] u64 keeps_registers(u64 value);
[[gnu::visibility("hidden")]] bool leaves_junk();
}

namespace {

int failed = 0;

void check(bool good, const std::string& what) {
    std::printf("%s %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}
void expect(u64 value, u64 expected, const std::string& what) {
    if (value != expected) {
        std::printf("%s: %llu, not %llu\n", what.c_str(), static_cast<unsigned long long>(value),
                    static_cast<unsigned long long>(expected));
    }
    check(value == expected, what);
}

// QEMU does not see writes to /proc/self/mem.
void apply() {
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    const auto done = inlay::apply(inlay::this_image(), self);
    check(static_cast<bool>(done), inlay::message(done.error()));
}

std::vector<std::string> reports;
void report(const char* name) noexcept { reports.emplace_back(name); }

// ---- A table with every kind of target.

// Native adds 1; the hypervisor's multiplies by 3.
u64 add_one(u64 value) { return value + 1; }
u64 triple(u64 value) { return value * 3; }
constexpr auto add_one_code = add(x0, x0, 1);

struct every_kind {
    inlay::pv_op<u64(u64), &add_one> function;
    inlay::pv_op<u64(u64), inlay::native<add_one_code>> code;
    inlay::pv_op<u64(u64), inlay::callee_save<&add_one>> thunk;
    inlay::pv_op<u64(u64), inlay::callee_save<add_one_code>> callee_save_code;
};
[[gnu::visibility("hidden")]] inline constinit every_kind kinds;
static_assert(inlay::operation_count<every_kind> == 4);

inline constexpr inlay::feature<"pv.native", inlay::by_hand{}> is_native;

/// The call and the one with native code, of the operation at an index, from one function.
template <std::size_t Index>
[[gnu::noinline]] std::array<u64, 2> call_both(u64 value) {
    static constexpr inlay::pv_call<&kinds, Index> plain;
    static constexpr inlay::pv_alt_call<&kinds, Index, add_one_code, is_native> alt;
    return {plain(value), alt(value)};
}

enum class target { native, replaced, missing };

void assign(target to) {
    inlay::for_each_operation(kinds, [to]<class Operation>(Operation& operation) {
        if (to == target::native) {
            operation = Operation{};
        } else if (to == target::missing) {
            operation = nullptr;
        } else if constexpr (Operation::callee_save) {
            operation = inlay::callee_save<&triple>;
        } else {
            operation = &triple;
        }
    });
}

template <std::size_t Index>
void expect_both(target to, bool inlined, const std::string& when) {
    reports.clear();
    const auto results = call_both<Index>(7);
    const u64 called = to == target::native ? 8 : to == target::replaced ? 21 : 0;
    const std::string what = "operation " + std::to_string(Index) + ", target " + std::to_string(static_cast<int>(to));
    expect(results[0], called, what + when);
    expect(results[1], inlined ? 8 : called, what + ", pv_alt_call" + when);
    const auto missing = static_cast<std::size_t>(to == target::missing ? (inlined ? 1 : 2) : 0);
    check(reports == std::vector<std::string>(missing, "kinds[" + std::to_string(Index) + "]"),
          what + ", reports" + when);
}
void expect_all(target to, bool inlined, const std::string& when) {
    expect_both<0>(to, inlined, when);
    expect_both<1>(to, inlined, when);
    expect_both<2>(to, inlined, when);
    expect_both<3>(to, inlined, when);
}

void every_target_not_patched() {
    for (const auto to : {target::native, target::replaced, target::missing}) {
        inlay::set(is_native, to == target::replaced);
        assign(to);
        expect_all(to, false, ", not patched");
    }
    inlay::restore(kinds);
}

void every_target_patched() {
    for (const bool native : {false, true, false}) {
        inlay::set(is_native, native);
        for (const auto to : {target::native, target::replaced, target::missing, target::native}) {
            assign(to);
            apply();
            expect_all(to, native, native ? ", patched, predicate on" : ", patched, predicate off");
        }
    }
    assign(target::replaced);
    expect_all(target::native, false, ", patched before the table changed");
    apply();
    expect_all(target::replaced, false, ", patched again");
    inlay::restore(kinds);
    apply();
    expect_all(target::native, false, ", restored");
}

// ---- The patched sites.

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

std::vector<inlay::address> frames;
u64 walk() {
    frames.clear();
    _Unwind_Backtrace(
        [](_Unwind_Context* context, void* /*unused*/) {
            frames.push_back(_Unwind_GetIP(context));
            return _URC_NO_REASON;
        },
        nullptr);
    return frames.size();
}

struct small_ops {
    inlay::pv_op<void(u64), &does_nothing_much> nop;
    inlay::pv_op<u64(u64, u64, u64, u64, u64, u64), &with_six> six;
    inlay::pv_op<u64(u64, u64, u64, u64, u64, u64), inlay::callee_save<&with_six>> six_kept;
    inlay::pv_op<std::int16_t(std::int8_t, bool, color, const int*, long), &mixed> mixture;
    inlay::pv_op<int*(int*), inlay::callee_save<&pass>> pointer;
    inlay::pv_op<bool(), inlay::is_callee_save<&leaves_junk>> junk;
    inlay::pv_op<u64(u64), inlay::is_callee_save<&keeps_registers>> own;
    inlay::pv_op<void(), inlay::callee_save<nullptr>> none;
    inlay::pv_op<void(), inlay::pv_nop> idle;
    inlay::pv_op<void(), inlay::callee_save<inlay::pv_nop>> idle_kept;
    inlay::pv_op<u64(u64), &add_one> far;
    inlay::pv_op<bool(), &changes_registers> changing;
    inlay::pv_op<bool(), inlay::callee_save<&changes_registers>> changing_kept;
    inlay::pv_op<u64(u64), inlay::callee_save<add_one_code>> derived;
    inlay::pv_op<u64(), inlay::callee_save<&walk>> walked;
    inlay::pv_op<u64(u64), inlay::native<add(x1, x0, x0) + lsl(x1, x1, 1) + mov(x0, x1)>> longer;
};
[[gnu::visibility("hidden")]] inline constinit small_ops ops;
[[gnu::visibility("hidden")]] inline constinit small_ops more; // a second table of the same type

inline constexpr inlay::pv_call<&ops, &small_ops::nop> call_nop;
inline constexpr inlay::pv_call<&ops, &small_ops::six> call_six;
inline constexpr inlay::pv_call<&ops, &small_ops::six_kept> call_six_kept;
inline constexpr inlay::pv_call<&ops, &small_ops::mixture> call_mixed;
inline constexpr inlay::pv_call<&ops, &small_ops::pointer> call_pointer;
inline constexpr inlay::pv_call<&ops, &small_ops::junk> call_junk;
inline constexpr inlay::pv_call<&ops, &small_ops::own> call_own;
inline constexpr inlay::pv_call<&ops, &small_ops::none> call_none;
inline constexpr inlay::pv_call<&ops, &small_ops::idle> call_idle;
inline constexpr inlay::pv_call<&ops, &small_ops::idle_kept> call_idle_kept;
inline constexpr inlay::pv_call<&ops, &small_ops::far> call_far;
inline constexpr inlay::pv_call<&ops, &small_ops::changing> call_changing;
inline constexpr inlay::pv_call<&ops, &small_ops::changing_kept> call_changing_kept;
inline constexpr inlay::pv_call<&ops, &small_ops::walked> call_walked;
inline constexpr inlay::pv_call<&ops, &small_ops::longer> call_longer;
inline constexpr inlay::pv_call<&more, &small_ops::six> call_more_six;
inline constexpr inlay::pv_alt_call<&ops, &small_ops::derived, add_one_code> call_derived; // predicate: not overridden
static_assert(inlay::operation_index<&ops, &small_ops::mixture> == 3);

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
u32 word_at(inlay::address at) {
    u32 word = 0;
    std::memcpy(&word, reinterpret_cast<const void*>(at), 4); // NOLINT(performance-no-int-to-ptr)
    return word;
}
/// The target of the bl at `site`; 0 if it is none. (Computed here, not by the library.)
inlay::address called_by(inlay::address site) {
    const u32 word = word_at(site);
    const std::int64_t distance = static_cast<std::int32_t>(word << 6) / 16;
    return word >> 26 == 0x25 ? site + static_cast<inlay::address>(distance) : 0;
}
constexpr u32 nop_word = 0xd503201f;

void arguments_and_results() {
    for (int round = 0; round < 2; ++round) {
        const std::string when = round == 0 ? "" : ", patched";
        expect(call_six(1, 2, 3, 4, 5, 6), 654321, "six arguments" + when);
        expect(call_six_kept(1, 2, 3, 4, 5, 6), 654321, "six arguments, callee-save" + when);
        expect(call_more_six(1, 2, 3, 4, 5, 6), round == 0 ? 654321 : 123456, "a second table" + when);
        const int seven = 7;
        check(call_mixed(-3, true, color::blue, &seven, -1000L) == -300 + 10 + 1 + 7 - 1000, "small types" + when);
        int object = 0;
        check(call_pointer(&object) == &object, "a pointer" + when);
        check(!call_junk(), "a bool is eight bits" + when);
        expect(call_own(5), 15, "an assembly function" + when);
        expect(call_longer(5), 20, "three instructions" + when);
        more.six = &other_six;
        apply();
    }
    expect(called_by(sites_of("more.six").at(0)), reinterpret_cast<inlay::address>(&other_six), "the direct call");
    check(std::string(inlay::operation_name<&ops, &small_ops::nop>) == "ops.nop", "the name of an operation");
}

[[gnu::noinline]] void run_nop() { call_nop(1); }
[[gnu::noinline]] void run_none() { call_none(); }
[[gnu::noinline]] void run_idle() {
    call_idle();
    call_idle_kept();
}

void sites_before() {
    const auto site = sites_of("ops.nop").at(0);
    check(called_by(site) != 0 && called_by(site) != reinterpret_cast<inlay::address>(&does_nothing_much),
          "not patched, a thunk is called");
    run_nop();
    run_idle();
    reports.clear();
    run_none();
    check(reports == std::vector<std::string>{"ops.none"}, "a missing operation, not patched");
}

void sites_after() {
    const auto site = sites_of("ops.nop").at(0);
    expect(called_by(site), reinterpret_cast<inlay::address>(&does_nothing_much), "patched, the function itself");
    expect(word_at(sites_of("ops.idle").at(0)), nop_word, "pv_nop is a nop");
    expect(word_at(sites_of("ops.idle_kept").at(0)), nop_word, "callee_save<pv_nop> is a nop");
    expect(called_by(sites_of("ops.none").at(0)), ops.none.target(), "a missing operation calls the reporter");
    check(ops.none.is_missing() && !ops.nop.is_missing(), "is_missing()");

    ops.nop = inlay::pv_nop;
    apply();
    expect(word_at(site), nop_word, "pv_nop assigned");
    run_nop();
    ops.nop = nullptr;
    apply();
    reports.clear();
    run_nop();
    run_none();
    run_idle();
    check(reports == std::vector<std::string>{"ops.nop", "ops.none"}, "missing operations, patched");
    std::memset(static_cast<void*>(&ops.nop), 0, sizeof(ops.nop));
    apply();
    reports.clear();
    run_nop();
    check(reports == std::vector<std::string>{"ops.nop"}, "a zeroed operation, patched");
    inlay::restore(ops);
    apply();
    expect(called_by(site), reinterpret_cast<inlay::address>(&does_nothing_much), "restored");
}

void missing_ends_the_program() {
    std::fflush(stdout);
    std::array<int, 2> ends{};
    check(pipe(ends.data()) == 0, "a pipe");
    const pid_t child = fork();
    if (child == 0) {
        const rlimit none{};
        setrlimit(RLIMIT_CORE, &none);
        dup2(ends[1], STDERR_FILENO);
        inlay::on_missing_operation(&inlay::detail::missing_by_default);
        run_none();
        _exit(0);
    }
    close(ends[1]);
    std::string said(200, '\0'); // QEMU says something, too
    said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], said.data(), said.size()))));
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a missing operation ends the program by default");
    check(said.starts_with("inlay: the paravirt operation ops.none has no target\n"), "and says its name");
}

[[gnu::noinline]] u64 run_far(u64 value) { return call_far(value); }

void out_of_reach() {
    const auto site = sites_of("ops.far").at(0);
    const std::array<u32, 3> code{0xd503245f, 0x91001400, 0xd65f03c0}; // bti c; add x0, x0, #5; ret
    void* const page = mmap(reinterpret_cast<void*>(0x100000000), 4096, PROT_READ | PROT_WRITE, // NOLINT(*-int-to-ptr)
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memcpy(page, code.data(), sizeof(code));
    check(page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0, "a page out of reach");
    __builtin___clear_cache(static_cast<char*>(page), static_cast<char*>(page) + sizeof(code));
    const auto distance = static_cast<std::int64_t>(reinterpret_cast<inlay::address>(page) - site);
    check(distance > 0x8000000 || distance < -0x8000000, "it is out of reach");
    ops.far = reinterpret_cast<u64 (*)(u64)>(page);
    expect(run_far(1), 2, "patched before the table changed");
    apply();
    expect(run_far(1), 6, "a target out of reach");
    check(called_by(site) != 0 && called_by(site) != reinterpret_cast<inlay::address>(page), "is called by the thunk");
    inlay::restore(ops);
    apply();
    expect(called_by(site), reinterpret_cast<inlay::address>(&add_one), "and then directly again");
    expect(run_far(1), 2, "the target in reach");
    munmap(page, 4096);
}

[[gnu::noinline]] u64 run_derived(u64 value) { return call_derived(value); }

void native_until_overridden() {
    const auto site = sites_of("ops.derived").at(0);
    expect(word_at(site), 0x91000400, "native code is in place"); // add x0, x0, #1
    expect(run_derived(1), 2, "native code");
    ops.derived = inlay::callee_save<&triple>;
    apply();
    expect(called_by(site), ops.derived.target(), "an overridden operation is called");
    expect(run_derived(1), 3, "an overridden operation");
    inlay::restore(ops);
    apply();
    expect(word_at(site), 0x91000400, "native code is in place again");
}

// ---- The registers that are kept.

void others_keep(inlay::address to, u64 result, const std::string& what) {
    std::array<u64, 19> registers{};
    call_with_pattern(to, registers.data());
    bool kept = true;
    for (std::size_t i = 1; i < registers.size(); ++i) {
        if (i != 16 && i != 17 && registers[i] != 0x1100 + i) {
            std::printf("%s: x%zu is %llx\n", what.c_str(), i, static_cast<unsigned long long>(registers[i]));
            kept = false;
        }
    }
    expect(registers[0], result, what + ", the result");
    check(kept, what + " keeps the others");
}

void callee_save_changes_the_result_alone() {
    static const struct {
        inlay::pv_op<bool(), inlay::callee_save<&changes_registers>> changing;
        inlay::pv_op<u64(u64), inlay::callee_save<add_one_code>> code;
        inlay::pv_op<u64(u64), inlay::is_callee_save<&keeps_registers>> own;
        inlay::pv_op<void(u64), inlay::callee_save<&does_nothing_much>> nothing;
        inlay::pv_op<void(), inlay::callee_save<inlay::pv_nop>> idle;
        inlay::pv_op<u64(u64, u64, u64, u64, u64, u64), inlay::callee_save<&with_six>> six;
        inlay::pv_op<void(), inlay::callee_save<nullptr>> none;
    } table;
    others_keep(table.code.target(), 0x1101, "instructions");
    others_keep(table.own.target(), 0x3300, "an assembly function");
    others_keep(table.nothing.target(), 0x1100, "a thunk of a function without a result");
    others_keep(table.idle.target(), 0x1100, "pv_nop");
    others_keep(table.six.target(), with_six(0x1100, 0x1101, 0x1102, 0x1103, 0x1104, 0x1105), "a thunk");
    std::array<u64, 19> registers{};
    call_with_pattern(table.changing.target(), registers.data());
    others_keep(table.changing.target(), registers[0], "a thunk of a function that changes all");
    expect(registers[0] & 0xff, 0, "its result");
    reports.clear();
    others_keep(table.none.target(), 0, "the reporter");
    check(reports == std::vector<std::string>{"of another image"}, "a call that no site makes");
    std::array<u64, 19> changed{};
    call_with_pattern(reinterpret_cast<inlay::address>(&changes_registers), changed.data());
    check(changed[5] != 0x1105, "changes_registers() does change them");
}

// From a C++ function called by a callee-save operation, the unwinder finds the caller's frame, and the frame of the
// caller's caller.
[[gnu::noinline]] u64 walk_from_here(u64 seed) {
    volatile u64 local[4] = {seed, seed, seed, seed}; // NOLINT(*-avoid-c-arrays)
    return call_walked() + local[0];
}
[[gnu::noinline]] void unwinding(const std::string& when) {
    check(walk_from_here(0) > 3, "frames are found" + when);
    const auto sites = sites_of("ops.walked"); // instrumentation may take the address of a function that is inlined
    const auto site = std::find_if(frames.begin(), frames.end(), [&](inlay::address frame) {
        return std::find(sites.begin(), sites.end(), frame - 4) != sites.end();
    });
    check(site != frames.end(), "the caller's frame is found" + when);
    const auto here = reinterpret_cast<inlay::address>(__builtin_extract_return_addr(__builtin_return_address(0)));
    check(std::find(site, frames.end(), here) != frames.end(), "and the frames above it" + when);
}

// Values in registers across a call: general ones stay for a callee-save operation, no vector ones for either.
[[gnu::noinline]] u64 across_ordinary(u64 a, u64 b, double d) {
    const double e = d * 2;
    const u64 c = call_changing() ? 1000 : 1;
    return a + b * c + static_cast<u64>(d + e);
}
[[gnu::noinline]] u64 across_callee_save(u64 a, u64 b, double d) {
    const double e = d * 2;
    const u64 c = call_changing_kept() ? 1000 : 1;
    return a + b * c + static_cast<u64>(d + e);
}
// Only the site: it needs a frame for x30.
[[gnu::noinline]] bool alone() { return call_changing(); }
[[gnu::noinline]] bool alone_kept() { return call_changing_kept(); }

void values_across(const std::string& when) {
    expect(across_ordinary(1, 20, 100.0), 321, "values across an ordinary operation" + when);
    expect(across_callee_save(2, 30, 100.0), 332, "values across a callee-save operation" + when);
    check(!alone() && !alone_kept(), "a function with only a call" + when);
}

} // namespace

int main() {
    inlay::on_missing_operation(&report);
    sites_before();
    every_target_not_patched();
    values_across("");
    unwinding("");
    callee_save_changes_the_result_alone();
    arguments_and_results(); // which calls apply()
    sites_after();
    missing_ends_the_program();
    values_across(", patched");
    unwinding(", patched");
    out_of_reach();
    native_until_overridden();
    every_target_patched();
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers, *-avoid-non-const-global-variables)
