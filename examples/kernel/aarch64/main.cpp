// SPDX-License-Identifier: BSL-1.0
//
// main: the order of things. See boot.hpp.
#include "boot.hpp"
#include "command_line.hpp"
#include "cpu.hpp"
#include "gic.hpp"
#include "harness.hpp"
#include "its.hpp"
#include "pages.hpp"
#include "paging.hpp"
#include "pmu.hpp"
#include "print.hpp"
#include "psci.hpp"
#include "sample.hpp"
#include "serial.hpp"
#include "smp.hpp"
#include "steal_time.hpp"
#include "tests.hpp"

#include <inlay/kernel.hpp>

extern "C" {
[[noreturn]] void boot_main(const void* blob, kernel::u64 level) noexcept;
extern const char image_begin[], image_end[];
}

namespace kernel {

namespace {

constinit device_tree device_tree_of_loader{};
constinit u64 level_of_entry = 1;

/// An ELF file gets no pointer from QEMU, which then leaves the tree where memory begins.
[[nodiscard]] device_tree find_tree(const void* blob) noexcept {
    constexpr size_t limit = 0x200000;
    const device_tree given{blob, limit};
    const u64 memory = reinterpret_cast<u64>(image_begin) - limit;
    return given ? given : device_tree{reinterpret_cast<const void*>(memory), limit};
}

/// The part of memory that holds the image.
[[nodiscard]] device_tree::range memory_of_image(const device_tree& all) noexcept {
    const auto image = reinterpret_cast<u64>(image_begin);
    for (auto memory = all.find_type("memory"); memory; memory = all.find_type("memory", memory)) {
        device_tree::range range{};
        for (u32 i = 0; all.reg(memory, i, range); ++i) {
            if (image >= range.base && image - range.base < range.size) {
                return range;
            }
        }
    }
    return {image & ~u64{0x3fffffff}, 0x1000000}; // no tree: the image exists, at least
}

[[nodiscard]] device_tree::range serial_port(const device_tree& all) noexcept {
    device_tree::range range{};
    (void)all.reg(all.find_compatible("arm,pl011"), 0, range);
    return range;
}

/// Two functions for the stack trace; between them lies a static call, which was patched.
[[gnu::noinline]] void crash_inside() noexcept {
    *reinterpret_cast<volatile u32*>(0x7ffffff004) = 1;
    pause();
}
inline constexpr inlay::static_call<"crash", &crash_inside> crash_call;
[[gnu::noinline]] void crash() noexcept {
    crash_call();
    pause();
}

constexpr struct {
    const char* name;
    void (*run)() noexcept;
    u32 gic;  ///< without being named, it runs with this version alone; 0: with any
    u32 cpus; ///< and with at least so many processors
} tests[] = {
    {"patching", &test_patching, 0, 1},
    {"traps", &test_traps, 0, 1},
    {"smp", &test_smp, 0, 1},
    {"hook", &test_hook, 0, 1},
    {"live", &test_live, 0, 1},
    {"steal-time", &test_steal_time, 0, 1},
    {"ipi", &test_ipi, 0, 2},
    {"active", &test_active, 0, 1},
    {"spi", &test_spi, 0, 1},
    {"mmio", &test_mmio, 2, 1},
    {"its-introspection", &test_its_introspection, 3, 1},
    {"its-trigger", &test_its_trigger, 3, 1},
    {"pmu-cycle-counter", &test_pmu_cycle_counter, 0, 1},
    {"pmu-counters", &test_pmu_counters, 0, 1},
    {"benchmark", &test_benchmark, 0, 1},
};

void run_tests() noexcept {
    for (const auto& each : tests) {
        if (named(each.name)) {
            each.run();
        } else if (wanted(each.name) && (each.gic == 0 || each.gic == gic::found_version)) {
            if (cpus_running() >= each.cpus) {
                each.run();
            } else {
                const report_prefix prefix{each.name};
                skip("needs ", each.cpus, " processors, and there are ", cpus_running());
            }
        }
    }
}

[[noreturn]] void kernel_main() noexcept {
    const char* const gic_name = gic::found_version == 3 ? "GICv3" : gic::found_version == 2 ? "GICv2" : "no GIC";
    print("inlay kernel: AArch64, entered at EL", level_of_entry, "; ", gic_name, "\n");
    pmu::begin_count();
    steal_time::begin();
    patch_everything();
    irq_enable();
    start_others();
    print_patches();
    print("processors: ", cpus_running(), " of ", cpus_named(), "\n");
    if (asked_for("crash")) {
        crash();
    }
    run_tests();
    pmu::print_count();
    const status how = summary();
    if (asked_for("hold")) { // memory is read from outside
        print("HOLD\n");
        for (;;) {
            wait_for_interrupt();
        }
    }
    leave(how);
}

} // namespace

const device_tree& tree() noexcept { return device_tree_of_loader; }
u64 entered_at() noexcept { return level_of_entry; }

extern "C" void boot_main(const void* blob, u64 level) noexcept {
    device_tree_of_loader = find_tree(blob);
    level_of_entry = level;
    write_tpidr(reinterpret_cast<u64>(&cpus[0]));
    const device_tree& all = tree();
    const device_tree::range memory = memory_of_image(all);
    const u64 memory_end = translation_begin(memory.base, memory.size);
    serial_begin(serial_port(all).base);
    const auto after = reinterpret_cast<u64>(image_end);
    const auto blob_at = reinterpret_cast<u64>(blob);
    pages_begin(after, blob_at > after && blob_at < memory_end ? blob_at : memory_end);
    if (!all) {
        abort_run("no device tree");
    }
    if (const char* const words = all.text(all.find_name("chosen"), "bootargs"); words != nullptr) {
        set_command_line(words);
    }
    psci::choose(all.text(all.find_name("psci"), "method"));
    (void)gic::begin(tree());
    gic::its::find(tree());
    kernel_main();
}

} // namespace kernel
