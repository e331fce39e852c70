// SPDX-License-Identifier: BSL-1.0
//
// trap: the handling of each trap. See trap.hpp.
#include "trap.hpp"

#include "live.hpp"
#include "per_cpu.hpp"
#include "sample.hpp"

#include <inlay/pv/linux.hpp>

extern "C" {
int try_call(void* recovery, void (*what)(void*), void* argument) noexcept;
[[noreturn]] void leave_user(int status, void* kept) noexcept;
}

namespace kernel {

constinit way_out iret_slot = &native_iret;

namespace {

using namespace inlay::x86::insn;

struct recovery {
    u64 rsp;
    u64 rip;
};

struct expectation {
    recovery back;
    seen_trap seen;
    vector expected;
};
constinit expectation* expecting = nullptr; // tests run on the first processor alone
constinit interrupt_handler interrupts[48]{};
constinit machine_check_handler machine_check = nullptr;
using nmi_handler = void (*)() noexcept;
constinit nmi_handler nmi = nullptr;

constexpr u32 msr_gs_base = 0xc0000101;
constexpr u32 msr_kernel_gs_base = 0xc0000102;
constexpr u64 user_gs = USER_DATA;

u64 gs_base_by_msr() noexcept { return inlay::x86::pv::read_msr(msr_gs_base); }

/// One instruction where the processor has it (and CR4 allows it: native_tables.cpp), else a call.
inline constexpr auto gs_base =
    inlay::alternative<call<&gs_base_by_msr>(), inlay::when<inlay::cpu.fsgsbase && !inlay::cpu.xenpv, rdgsbase(rax)>>{}
        .named<"gs_base">()
        .returns<rax, u64>();

/// Item 3 of the series, seen from the inside: after an entry %gs is the kernel's, and natively the other one is the
/// user's. (Xen keeps both, and has changed them; its guest cannot be asked.)
void check_gs(per_cpu& cpu, const trap_frame& frame) noexcept {
    bool right = cpu.self == &cpu && &cpu >= cpus && &cpu < cpus + most_cpus;
    if (right && iret_slot == &native_iret) {
        const bool may_be_early = frame.path() == PATH_IST;
        right = gs_base() == reinterpret_cast<u64>(&cpu) &&
                (may_be_early || !frame.from_user() || inlay::x86::pv::read_msr(msr_kernel_gs_base) == user_gs);
    }
    if (!right) {
        cpus[0].wrong_gs = cpus[0].wrong_gs + 1;
    }
}

/// Ends the function that provoke() called, or the user's program.
void recover(trap_frame& frame) noexcept {
    expectation& it = *expecting;
    expecting = nullptr;
    it.seen.came = true;
    it.seen.frame = frame;
    it.seen.cr2 = inlay::x86::pv::read_cr2();
    it.seen.stack = reinterpret_cast<u64>(&frame);
    if (frame.from_user()) {
        leave_user(-1, this_cpu().kept);
    }
    frame.rip = it.back.rip;
    frame.rsp = it.back.rsp;
    frame.rax = 1;
}

} // namespace

void on_interrupt(vector number, interrupt_handler handler) noexcept { interrupts[static_cast<u8>(number)] = handler; }
void handle_interrupt(vector number, trap_frame& frame) noexcept {
    if (const interrupt_handler handler = interrupts[static_cast<u8>(number)]; handler != nullptr) {
        handler(frame);
    }
}
void on_machine_check(machine_check_handler handler) noexcept { machine_check = handler; }
void on_nmi(void (*handler)() noexcept) noexcept { nmi = handler; }

/// Intel SDM volume 3, 15.10.
u64 clear_machine_check() noexcept {
    constexpr u32 mcg_status = 0x17a;
    constexpr u32 bank_status = 0x401 + 4 * 9; // MC9_STATUS
    const u64 status = inlay::x86::pv::read_msr(bank_status);
    inlay::x86::pv::write_msr(bank_status, 0, 0);
    inlay::x86::pv::write_msr(mcg_status, 0, 0); // without this the next one is fatal
    return status;
}

seen_trap detail::provoke(vector expected, void (*what)(void*), void* argument) noexcept {
    expectation it{};
    it.expected = expected;
    expecting = &it;
    const int came = try_call(&it.back, what, argument);
    expecting = nullptr;
    it.seen.came = it.seen.came && (came != 0 || it.seen.frame.from_user());
    return it.seen;
}

extern "C" void trap_handler(trap_frame* frame) noexcept {
    per_cpu& cpu = this_cpu();
    if (frame->from_user()) {
        cpu.from_user = cpu.from_user + 1;
        check_gs(cpu, *frame);
    }
    if (frame->path() == PATH_SYSCALL) {
        cpu.syscalls = cpu.syscalls + 1;
        system_call(*frame);
        return;
    }
    const unsigned number = frame->number();
    if (number == static_cast<u8>(vector::breakpoint) && !frame->from_user() && live_breakpoint(*frame)) {
        return;
    }
    if (number == static_cast<u8>(vector::nmi) && nmi != nullptr) {
        nmi();
        __atomic_add_fetch(&cpu.nmis, 1U, __ATOMIC_RELEASE);
        return;
    }
    if (number >= 32) {
        cpu.interrupts = cpu.interrupts + 1;
        interrupted(frame->rip);
        if (interrupts[number] != nullptr) {
            interrupts[number](*frame);
            return;
        }
        dump(*frame);
    }
    if (expecting != nullptr && static_cast<u8>(expecting->expected) == number) {
        recover(*frame);
        return;
    }
    if (number == static_cast<u8>(vector::breakpoint) && frame->from_user()) {
        return; // user code asks for nothing by it
    }
    if (number == static_cast<u8>(vector::machine_check) && machine_check != nullptr &&
        machine_check(*frame, reinterpret_cast<u64>(frame))) {
        return;
    }
    dump(*frame);
}

} // namespace kernel
