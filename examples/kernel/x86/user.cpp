// SPDX-License-Identifier: BSL-1.0
//
// user: into ring 3, out again, and user memory. See user.hpp.
//
// What. Three pages in the lower half: code, data, a stack; system calls by number.
// Why an alternative. With SMAP, the processor refuses the kernel's access to user memory unless STAC allows it.
// Without SMAP, the processor has no STAC: three bytes of nop. Under Xen, the guest's kernel runs in ring 3 as well. It
// reaches user pages, and must not execute STAC.
// How. enter_user (switch.S) returns when the program calls exit; a handler goes back by leave_user.
#include "user.hpp"

#include "irq.hpp"
#include "paging.hpp"
#include "per_cpu.hpp"
#include "print.hpp"
#include "trap.hpp"
#include "xen.hpp"

#include <inlay/kernel.hpp>

extern "C" {
int enter_user(kernel::u32 program, kernel::u64 count, void** kept) noexcept;
[[noreturn]] void leave_user(int status, void* kept) noexcept;
extern const char user_text[], user_text_end[];
}

namespace kernel {

namespace {

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

inline constexpr auto user_access_begin =
    inlay::alternative<nop(3), when<cpu.smap && !cpu.xenpv, stac()>>{}.named<"user_access_begin">();
inline constexpr auto user_access_end =
    inlay::alternative<nop(3), when<cpu.smap && !cpu.xenpv, clac()>>{}.named<"user_access_end">();

[[gnu::aligned(4096)]] constinit u64 user_data[512]{0x600df00d};
[[gnu::aligned(4096)]] constinit u64 user_stack[512]{};
constinit u64 characters = 0;

constexpr u64 user_end = u64{1} << 47;
constexpr u64 bad_address = ~u64{0} - 13; // -EFAULT

} // namespace

bool copy_from_user(char* to, u64 from, u64 length) noexcept {
    if (from >= user_end || length > user_end - from) {
        return false;
    }
    user_access_begin();
    for (u64 i = 0; i < length; ++i) {
        to[i] = *reinterpret_cast<const volatile char*>(from + i);
    }
    user_access_end();
    return true;
}

void system_call(trap_frame& frame) noexcept {
    switch (frame.rax) {
    case 0:
        leave_user(static_cast<int>(frame.rdi), this_cpu().kept);
    case 2: {
        char text[65];
        const u64 length = frame.rsi < 64 ? frame.rsi : 64;
        if (!copy_from_user(text, frame.rdi, length)) {
            frame.rax = bad_address;
            return;
        }
        text[length] = '\0';
        print(static_cast<const char*>(text));
        characters = length;
        frame.rax = length;
        return;
    }
    case 3:
        frame.rax = this_cpu().interrupts;
        return;
    default:
        frame.rax = 0;
    }
}

u64 written_by_user() noexcept { return characters; }

void prepare_user(bool xen) noexcept {
    map_user(physical(user_text), physical(user_data), physical(user_stack));
    if (xen) {
        const u64 frame = reinterpret_cast<const u64*>(xen::start->frames)[user_tables() >> 12];
        const xen::extended operation{xen::new_user_base, frame, 0};
        if (xen::make(xen::call::mmuext_op, xen::word(&operation), 1, 0, xen::self) != 0) {
            __builtin_trap();
        }
    }
}

int run_user(user_program program, u64 count) noexcept {
    const irq_guard guard; // from the change of %gs to ring 3, and from leave_user to here
    return enter_user(static_cast<u32>(program), count, &this_cpu().kept);
}

} // namespace kernel
