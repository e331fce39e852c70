// SPDX-License-Identifier: BSL-1.0
//
// start: the first C++ that runs, natively and under Xen. See boot.hpp.
#include "acpi.hpp"
#include "boot.hpp"
#include "clock.hpp"
#include "command_line.hpp"
#include "descriptors.hpp"
#include "paging.hpp"
#include "print.hpp"
#include "serial.hpp"
#include "shutdown.hpp"
#include "smp.hpp"
#include "text_window.hpp"
#include "xen.hpp"

#include <inlay/kernel.hpp>
#include <inlay/pv/linux.hpp>

extern "C" {
[[noreturn]] void native_main(kernel::u64 start_info) noexcept;
[[noreturn]] void xen_main(const kernel::xen::start_info* start) noexcept;
}
extern "C" const char image_begin[], text_begin[], text_end[], user_text_end[], image_end[];

namespace kernel {

namespace {

/// The start info of a PVH loader (xen/include/public/arch-x86/hvm/start_info.h), as far as it is used here.
struct pvh_start_info {
    u32 magic;
    u32 version;
    u32 flags;
    u32 modules;
    u64 module_list;
    u64 command_line; ///< physical
    u64 rsdp;
};
constexpr u32 pvh_magic = 0x336ec578;

[[gnu::aligned(4096)]] constinit u8 shared_page[page_size]{}; // its frame is replaced by Xen's

void xen_write(const char* text, size_t length) noexcept {
    (void)xen::make(xen::call::console_io, 0, length, xen::word(text));
}
[[noreturn]] void xen_shutdown() {
    const u32 reason = xen::shutdown_reboot; // Xen's poweroff wants ACPI; QEMU ends at a reboot (-no-reboot)
    for (;;) {
        (void)xen::make(xen::call::sched_op, xen::shutdown, xen::word(&reason));
    }
}

/// Text read-only, as natively. Xen does not mind a page that is executable and not writable.
void protect_image() noexcept {
    const auto at = [](const char* symbol) { return reinterpret_cast<u64>(symbol); };
    set_protection(at(text_begin), at(text_end), protection::execute);
    set_protection(at(text_end), at(user_text_end), protection::read);
    set_protection(at(user_text_end), at(image_end), protection::write);
}

} // namespace

namespace xen {
constinit shared_info* shared = nullptr;
constinit const start_info* start = nullptr;
} // namespace xen

extern "C" void native_main(u64 start_info) noexcept {
    serial_begin();
    prepare(cpus[0], 0);
    load_descriptors(cpus[0]);
    make_native_tables();
    const auto* const info = direct<const pvh_start_info>(start_info);
    if (info->magic == pvh_magic) {
        acpi::set_root(info->rsdp);
        if (info->command_line != 0) {
            set_command_line(direct<const char>(info->command_line));
        }
    }
    kernel_main(false);
}

extern "C" void xen_main(const xen::start_info* start) noexcept {
    using xen::call;
    xen::start = start;
    xen::shared = reinterpret_cast<xen::shared_info*>(shared_page);
    xen::assign_operations();
    protect_image(); // before a page has a frame that is not the guest's own
    (void)xen::make(call::update_va_mapping, xen::word(shared_page),
                    start->shared_info | page::present | page::writable | page::accessed | page::dirty,
                    xen::flush_page);
    prepare(cpus[0], 0);
    cpus[0].user_cs = XEN_CS;
    cpus[0].user_ss = XEN_DS;
    (void)xen::make(call::set_segment_base, xen::base_gs_kernel, xen::word(&cpus[0]));
    (void)xen::make(call::set_segment_base, xen::base_gs_user, USER_DATA);
    xen::this_vcpu().upcall_mask = 1;
    {
        text_window window;
        (void)inlay::update(console_write, &xen_write, window);
        (void)inlay::update(send_interrupt, &xen::send, window);
        (void)inlay::update(send_nmi, &xen::send_nmi, window);
    }
    on_leave(&xen_shutdown);
    (void)xen::make(call::stack_switch, XEN_DS, cpus[0].kernel_stack);
    xen::register_traps();
    set_command_line(start->command_line);
    kernel_main(true);
}

} // namespace kernel
