// SPDX-License-Identifier: BSL-1.0
//
// inlay: run-time code patching, described at compile time. This header has it all; see each for its part:
//
//     feature.hpp      features and predicates            alternative.hpp  instructions exchanged by feature
//     code.hpp         machine code as values             dispatch.hpp     functions chosen by feature
//     apply.hpp        the patcher                        process.hpp      apply() in a Linux program
//     report.hpp       what is where (hosted, needs Zydis; not included here)
#pragma once

#include "inlay/alternative.hpp"
#include "inlay/apply.hpp"
#include "inlay/dispatch.hpp"
#include "inlay/feature.hpp"

#if defined(__linux__) && __STDC_HOSTED__
#include "inlay/process.hpp"
#endif
