// SPDX-License-Identifier: BSL-1.0
//
// test_patching: the text after apply(), seen from the inside.
//
// What. Text is read-only, data is not executable, the window is gone, a second apply() finds nothing to do.
// Why. Right text is worth little if it can be written afterwards.
// How. By trying, and by reading the page tables.
#include "harness.hpp"
#include "paging.hpp"
#include "text_window.hpp"
#include "trap.hpp"

extern "C" const char text_begin[], text_end[], rodata_end[], text_window_begin[], image_end[];

namespace kernel {

namespace {

constinit u32 data_with_code[] = {0xd65f03c0}; // ret

[[nodiscard]] bool protections_are_right() noexcept {
    bool right = true;
    for (const char* at = text_begin; at < image_end; at += page_size) {
        const u64 entry = page_at(reinterpret_cast<u64>(at));
        const bool writable = entry != 0 && (entry & page::read_only) == 0;
        const bool executable = entry != 0 && (entry & page::never_execute) == 0;
        right = right && executable == (at < text_end) && writable == (at >= rodata_end && at < text_window_begin) &&
                (entry == 0) == (at >= text_window_begin);
    }
    return right;
}

} // namespace

void test_patching() noexcept {
    constexpr u64 permission_fault_level_3 = 0x0f;
    constexpr u64 write = 1 << 6;
    const report_prefix prefix{"patching"};
    report(protections_are_right() && (read_sctlr() >> 19 & 1) != 0,
           "text alone is executable, no page of it is writable, and the patcher's window is gone");
    const seen_trap store =
        provoke(exception_class::data, [] { *const_cast<volatile char*>(text_begin) = *text_begin; });
    report(store && (store.frame.esr & 0x3f) == permission_fault_level_3 && (store.frame.esr & write) != 0 &&
               store.frame.far == reinterpret_cast<u64>(text_begin),
           "a write to text is a permission fault");
    const seen_trap fetch = provoke(exception_class::fetch, [] { reinterpret_cast<void (*)()>(&data_with_code)(); });
    report(fetch && (fetch.frame.esr & 0x3f) == permission_fault_level_3 &&
               fetch.frame.far == reinterpret_cast<u64>(&data_with_code),
           "executing data is a permission fault of an instruction fetch");
    text_window window;
    const inlay::outcome again = inlay::apply(inlay::this_image(), window);
    report(again && again.sites != 0 && again.written == 0, "a second apply() finds every site as it should be");
    report(again.calls != 0 && again.calls_kept() == 0, "every static call is direct");
}

} // namespace kernel
