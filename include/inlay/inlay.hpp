// SPDX-License-Identifier: BSL-1.0
//
// inlay: run-time code patching, described at compile time. This header has it all; see each for its part:
//
//     feature.hpp      features and predicates            alternative.hpp  instructions exchanged by feature
//     code.hpp         machine code as values             dispatch.hpp     functions chosen by feature
//     static_key.hpp   branches without a load            static_call.hpp  function pointers without the pointer
//     static_switch.hpp  the same for many ways           poke.hpp         changes them: set(), enable(), update()
//     hook.hpp         a call that is null nearly always, and keeps all registers
//     has.hpp          a branch by features               proof.hpp        functions that need a feature
//     deferred.hpp     keys that are turned off late      rate_limited.hpp the same by a clock (not included here)
//     choose.hpp       reads and changes the choice of a dispatch
//     predicate_text.hpp  a predicate as text
//     apply.hpp        the patcher                        process.hpp      these functions for a Linux program
//     each_site.hpp, self_test.hpp    the results of apply(), and a test of them (freestanding; not included here)
//     inspect.hpp      which form stands at a site (freestanding; not included here)
//     kernel.hpp       the same for kernels, and compatible with their macros
//     report.hpp       the form of each site (hosted, needs Zydis; not included here)
//     names.hpp, configure.hpp, controls.hpp    names listed, and set by text (hosted; not included here)
#pragma once

#include "inlay/alternative.hpp"
#include "inlay/apply.hpp"
#include "inlay/choose.hpp"
#include "inlay/deferred.hpp"
#include "inlay/dispatch.hpp"
#include "inlay/feature.hpp"
#include "inlay/has.hpp"
#include "inlay/hook.hpp"
#include "inlay/poke.hpp"
#include "inlay/predicate_text.hpp"
#include "inlay/proof.hpp"
#include "inlay/static_call.hpp"
#include "inlay/static_key.hpp"
#include "inlay/static_switch.hpp"
#include "inlay/transaction.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include "inlay/process.hpp"
#endif
