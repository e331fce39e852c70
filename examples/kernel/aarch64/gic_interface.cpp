// SPDX-License-Identifier: BSL-1.0
//
// gic_interface: the functions that the sites of the CPU interface call before apply(). See gic_interface.hpp.
//
// What. For each site, a function that has both forms and asks for the version.
// Why. The first processor's interface is set up before text is patched; a site must work at any time.
// How. An alternative with one form is just its instructions, in place. So each form is written once, for the site and
// for here.
#include "gic_interface.hpp"

namespace kernel::gic {

constinit u32 found_version = 0;

namespace {

using inlay::aarch64::x0, inlay::aarch64::x1, inlay::aarch64::x2;

template <auto Form>
inline constexpr inlay::alternative<Form> plain{};

} // namespace

u32 acknowledge_early(u64 interface) noexcept {
    if (found_version == 3) {
        return plain<forms::acknowledge_v3>.takes<x0>().returns<x0, u32>()(interface);
    }
    return plain<forms::acknowledge_v2>.takes<x0>().returns<x0, u32>()(interface);
}

u32 number_early(u64 taken) noexcept {
    if (found_version == 3) {
        return plain<forms::number_v3>.takes<x0>().returns<x0, u32>()(taken);
    }
    return plain<forms::number_v2>.takes<x0>().returns<x0, u32>()(taken);
}

u32 sender_early(u64 taken) noexcept {
    if (found_version == 3) {
        return plain<forms::sender_v3>.takes<x0>().returns<x0, u32>()(taken);
    }
    return plain<forms::sender_v2>.takes<x0>().returns<x0, u32>()(taken);
}

void end_early(u64 interface, u64 taken) noexcept {
    if (found_version == 3) {
        plain<forms::end_v3>.takes<x0, x1>()(interface, taken);
    } else {
        plain<forms::end_v2>.takes<x0, x1>()(interface, taken);
    }
}

void send_early(u64 distributor, u64 targets, u64 sgi) noexcept {
    if (found_version == 3) {
        plain<forms::send_v3>.takes<x0, x1, x2>().clobbers<x1, x2>()(distributor, targets, sgi);
    } else {
        plain<forms::send_v2>.takes<x0, x1, x2>().clobbers<x1>()(distributor, targets, sgi);
    }
}

void mask_early(u64 interface, u64 priority) noexcept {
    if (found_version == 3) {
        plain<forms::mask_v3>.takes<x0, x1>()(interface, priority);
    } else {
        plain<forms::mask_v2>.takes<x0, x1>()(interface, priority);
    }
}

void enable_early(u64 interface) noexcept {
    if (found_version == 3) {
        plain<forms::enable_v3>.takes<x0>().clobbers<x1>()(interface);
    } else {
        plain<forms::enable_v2>.takes<x0>().clobbers<x1>()(interface);
    }
}

} // namespace kernel::gic
