// SPDX-License-Identifier: BSL-1.0
//
// kernel: the face of inlay for freestanding code: kernels, hypervisors, firmware. inlay/inlay.hpp is the face for
// programs.
//
//     #include <inlay/kernel.hpp>
//
//     inlay::platform::bare<inlay::arch::emit::synchronise> kernel{{text, text_end}, {image, image_end}};
//     auto done = inlay::apply(inlay::this_image(), kernel);
//     inlay::trap_unless_patched();
//
//     alternative.hpp  instructions exchanged by feature  dispatch.hpp     functions chosen by feature
//     static_key.hpp   branches without a load            static_call.hpp  function pointers without the pointer
//     static_switch.hpp  the same for many ways           pv.hpp           paravirt operations
//     has.hpp          a branch by features               proof.hpp        functions that need a feature
//     apply.hpp        the patcher                        platform/bare.hpp  writes its text
//     poke.hpp         changes: set(), enable(), update()   choose.hpp     changes the choice of a dispatch
//     each_site.hpp    the result at each site            self_test.hpp    whether apply() patched the image
//     inspect.hpp      which form stands at a site        text_poke.hpp    changes under running processors
//     override.hpp     features by command line           this_kernel.hpp  changes without naming a platform
//     hook.hpp         a call that keeps all registers    transaction.hpp  many changes, all or none
//     deferred.hpp     keys that are turned off late
//
// How it works. It includes these headers, and needs no header of a C++ library: `-ffreestanding -nostdinc++` is
// enough, and the kernel may have its own `namespace std`. A kernel's macros (`inline`, `likely`, `min`, `barrier`,
// ...) are set aside meanwhile: kernel/macros_aside.hpp. They are back after it, and then a function of that name needs
// parentheses in a call: `(inlay::likely)(trace)`.
#pragma once

#include "inlay/kernel/macros_aside.hpp"

#include "inlay/alternative.hpp"
#include "inlay/apply.hpp"
#include "inlay/apply_proven.hpp"
#include "inlay/choose.hpp"
#include "inlay/deferred.hpp"
#include "inlay/dispatch.hpp"
#include "inlay/each_site.hpp"
#include "inlay/feature.hpp"
#include "inlay/has.hpp"
#include "inlay/hook.hpp"
#include "inlay/inspect.hpp"
#include "inlay/override.hpp"
#include "inlay/platform/bare.hpp"
#include "inlay/poke.hpp"
#include "inlay/predicate_text.hpp"
#include "inlay/proof.hpp"
#include "inlay/pv.hpp"
#include "inlay/self_test.hpp"
#include "inlay/static_call.hpp"
#include "inlay/static_key.hpp"
#include "inlay/static_switch.hpp"
#include "inlay/text_poke.hpp"
#include "inlay/this_kernel.hpp"
#include "inlay/transaction.hpp"
#if defined(__aarch64__)
#include "inlay/system/aarch64.hpp"
#endif

#include "inlay/kernel/macros_back.hpp"
