// SPDX-License-Identifier: BSL-1.0
//
// test_traps: exceptions, and above all the two that the series begins with.
//
// What. Each exception comes with its vector, error code and address. Machine check and double fault come natively on
// separate stacks, under Xen by the ring in which they happened.
// Why. The wrong entry for either is noticed only when the machine is in trouble already.
// How. `int $18` goes the way of a machine check: through the IDT natively, and under Xen through the trap table as Xen
// has it. A real one is injected by QEMU's monitor if the command line says "mce=N". A double fault is provoked
// natively by a bad stack; Xen never sends one, so that its entry gets a frame made by hand. So does the entry for a
// machine check in the kernel, where Xen refuses INT to the kernel.
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "descriptors.hpp"
#include "harness.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "trap.hpp"
#include "user.hpp"
#include "xen.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

extern "C" {
void make_double_fault(kernel::u64 error) noexcept; // switch.S
void make_machine_check(kernel::u64 entry) noexcept;
extern const char text_window_begin[];
}

namespace kernel {

namespace {

[[nodiscard]] bool on_stack(u64 at, const u8* stack, size_t size) noexcept {
    return at >= reinterpret_cast<u64>(stack) && at < reinterpret_cast<u64>(stack) + size;
}
[[nodiscard]] bool on_ist(u64 at, ist which) noexcept {
    return on_stack(at, this_cpu().ist_stacks[static_cast<u8>(which) - 1], ist_stack_size);
}

void test_common() noexcept {
    report(static_cast<bool>(provoke(vector::divide_error, [] { (void)divide(1, 0); })), "#DE");
    report(static_cast<bool>(provoke(vector::breakpoint, [] { raise_breakpoint(); })), "#BP");
    report(static_cast<bool>(provoke(vector::invalid_opcode, [] { raise_undefined(); })), "#UD");
    const seen_trap general = provoke(vector::general_protection, [] {
        (void)*reinterpret_cast<const volatile u64*>(0x8000'0000'0000'0000); // not canonical
    });
    report(general && general.frame.error == 0, "#GP with error code 0");
    const seen_trap fault =
        provoke(vector::page_fault, [] { (void)*reinterpret_cast<const volatile u64*>(0x12345678); });
    report(fault && fault.frame.error == 0 && fault.cr2 == 0x12345678, "#PF with its error code and address");
}

void test_native() noexcept {
    const auto right = [](vector number, ist stack) {
        return ist_of(number) == stack &&
               entry_of(number) == reinterpret_cast<u64>(native_stubs[static_cast<u8>(number)]);
    };
    report(right(vector::machine_check, ist::machine_check) && right(vector::double_fault, ist::double_fault) &&
               right(vector::nmi, ist::nmi) && right(vector::page_fault, ist::none),
           "the IDT gives #MC, #DF and NMI stacks of their own");
    const seen_trap check = provoke(vector::machine_check, [] { raise_machine_check(); });
    report(check && check.frame.path() == PATH_IST && on_ist(check.stack, ist::machine_check),
           "#MC runs on its own stack");
    // A call with a stack that is not there: #PF, whose frame cannot be pushed either.
    const seen_trap twice =
        provoke(vector::double_fault, [] { call_on(reinterpret_cast<u64>(text_window_begin) + 4096, [] {}); });
    report(twice && twice.frame.path() == PATH_IST && on_ist(twice.stack, ist::double_fault) && twice.frame.error == 0,
           "a bad stack becomes #DF, on its own stack, with error code 0");
    const seen_trap user = provoke(vector::general_protection, [] { (void)run_user(user_program::machine_check, 0); });
    // Bit 1 of the error code: the index is one of the IDT. (The index itself is 18 * 8 by the manual, 18 * 16 by TCG.)
    report(user && (user.frame.error & 7) == 2, "int $18 is refused to user code");
}

/// Under Xen: the entries of the trap table, and the traps that come when Xen goes through it.
void test_xen() noexcept {
    xen::trap_info* const check = xen::registered(static_cast<u8>(vector::machine_check));
    xen::trap_info* const twice = xen::registered(static_cast<u8>(vector::double_fault));
    report(check != nullptr && check->address == reinterpret_cast<u64>(&xen_machine_check) && twice != nullptr &&
               twice->address == reinterpret_cast<u64>(&xen_double_fault),
           "the trap table has the entries for Xen at #MC and #DF");
    if (check == nullptr) {
        return;
    }
    check->flags |= 3; // for this once INT may; Xen refuses ring 0 even to the guest's kernel
    xen::register_table();
    // INT with a vector that is not the guest's faults, and Xen takes the vector from the error code, where it stands
    // times 8. QEMU 7's TCG says times 16 in 64-bit mode, so that Xen takes `int $9` for `int $18` there.
    const auto refused = [](void (*what)()) {
        on_machine_check([](const trap_frame&, u64) noexcept { return true; });
        const seen_trap seen = provoke(vector::general_protection, [what] { what(); });
        on_machine_check(nullptr);
        return seen;
    };
    const seen_trap general = refused([] { raise_machine_check(); });
    const bool doubled = general && general.frame.error == (18 << 4 | 2);
    // Xen 4.20 takes INT from user code alone. The kernel then gets the frame that Xen would push.
    const bool by_hand = doubled ? static_cast<bool>(refused([] { raise_vector_9(); })) : static_cast<bool>(general);
    const seen_trap kernel = provoke(vector::machine_check, [check, doubled, by_hand] {
        if (by_hand) {
            make_machine_check(check->address);
        } else {
            doubled ? raise_vector_9() : raise_machine_check();
        }
    });
    report(kernel && kernel.frame.path() == PATH_ORDINARY && !kernel.frame.from_user() && kernel.frame.error == 0,
           "#MC from the kernel goes the ordinary way");
    const seen_trap user =
        provoke(vector::machine_check, [doubled] { (void)run_user(user_program::machine_check, doubled ? 1 : 0); });
    report(user && user.frame.path() == PATH_NO_IST && user.frame.from_user() &&
               on_stack(user.stack, this_cpu().entry_stack, stack_size),
           "#MC from user code goes to the handler without IST");
    check->flags &= static_cast<u8>(~3);
    xen::register_table();
    const seen_trap made = provoke(vector::double_fault, [] { make_double_fault(0x5678); });
    report(made && made.frame.path() == PATH_NO_IST && made.frame.error == 0x5678,
           "#DF has its error code, and no IST");
}

struct {
    volatile u64 count;
    volatile u64 right; // of them, on their way, on their stack, and with a bank that says so
} constinit injected{};

constexpr u64 valid_uncorrected = 5; // bits 63 to 61: valid, no overflow, uncorrected

bool take_machine_check(const trap_frame& frame, u64 stack) noexcept {
    const bool right = frame.path() == PATH_IST && on_ist(stack, ist::machine_check) &&
                       clear_machine_check() >> 61 == valid_uncorrected;
    injected.right = injected.right + (right ? 1 : 0);
    injected.count = injected.count + 1;
    return true;
}

/// `count` of them, one after the other, while a program goes in and out of ring 3. Some will come just where the code
/// changes %gs, or the stack.
void test_injected(u64 count) noexcept {
    if (!inlay::x86::holds(inlay::cpu.mce.probe(), inlay::x86::this_cpu{})) {
        skip("no machine-check exception");
        return;
    }
    on_machine_check(&take_machine_check);
    for (u64 i = 1; i <= count; ++i) {
        print("WAITING for machine check ", i, ".\n");
        const u64 begin = sched_clock();
        while (injected.count < i && sched_clock() - begin < 5'000'000'000) {
            (void)run_user(user_program::spin, this_cpu().interrupts + 1);
        }
    }
    on_machine_check(nullptr);
    report(injected.count == count && injected.right == count,
           "each injected machine check reaches the native handler on its IST stack");
    report(this_cpu().wrong_gs == 0, "and user code goes on as if nothing were");
}

} // namespace

void test_traps() noexcept {
    const report_prefix prefix{"traps"};
    const bool xen = iret_slot == &xen_iret;
    test_common();
    xen ? test_xen() : test_native();
    if (const u64 count = number_for("mce", 0); !xen && count != 0) {
        test_injected(count);
    }
}

} // namespace kernel
