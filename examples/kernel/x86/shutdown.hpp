// SPDX-License-Identifier: BSL-1.0
//
// shutdown: how the machine ends: natively by a port of QEMU's, under Xen by a hypercall.
#pragma once

namespace kernel {

/// From here on leave() ends the machine by `shutdown`, which has no status.
void on_leave(void (*shutdown)()) noexcept;

} // namespace kernel
