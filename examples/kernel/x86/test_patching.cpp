// SPDX-License-Identifier: BSL-1.0
//
// test_patching: the result of apply(), seen from the inside. From the outside, tests/kernel compares all bytes.
//
// What. Text is read-only, data is not executable, the window is gone, a second apply() finds nothing to do.
// Why. That text is right is worth little if anyone can write it afterwards.
// How. By trying, and by reading the page tables.
#include "boot.hpp"
#include "harness.hpp"
#include "paging.hpp"
#include "text_window.hpp"
#include "trap.hpp"

#include <inlay/kernel.hpp>

extern "C" const char text_begin[], text_end[], text_window_begin[], image_end[];

namespace kernel {

namespace {

constinit u8 data_with_code[] = {0xc3}; // ret

[[nodiscard]] bool protections_are_right() noexcept {
    bool right = true;
    for (const char* at = text_begin; at < image_end; at += page_size) {
        const u64 entry = page_at(reinterpret_cast<u64>(at));
        const bool text = at < text_end;
        const bool window = at >= text_window_begin;
        right = right && (!text || (entry & page::writable) == 0) && (!window || (entry & page::present) == 0);
    }
    return right;
}

} // namespace

void test_patching() noexcept {
    const report_prefix prefix{"patching"};
    report(trapped_before_patching(), "an exception before apply() came, and returned through the slot");
    report(protections_are_right(), "no page of text is writable, and the patcher's window is gone");
    const seen_trap write = provoke(vector::page_fault, [] { *const_cast<volatile char*>(text_begin) = *text_begin; });
    report(write && write.frame.error == 3 && write.cr2 == reinterpret_cast<u64>(text_begin),
           "a write to text is a page fault of a present page");
    if (inlay::x86::holds(inlay::cpu.nx.probe(), inlay::x86::this_cpu{})) {
        const seen_trap fetch = provoke(vector::page_fault, [] { reinterpret_cast<void (*)()>(&data_with_code)(); });
        report(fetch && fetch.frame.error == 0x11 && fetch.cr2 == reinterpret_cast<u64>(&data_with_code),
               "executing data is a page fault of an instruction fetch");
    } else {
        skip("no NX");
    }
    text_window window;
    const inlay::outcome again = inlay::apply(inlay::this_image(), window);
    report(again && again.sites != 0 && again.written == 0, "a second apply() finds every site as it should be");
    report(again.calls != 0 && again.calls_kept() == 0, "every static call is direct");
}

} // namespace kernel
