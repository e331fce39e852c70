// SPDX-License-Identifier: BSL-1.0
//
// The architecture at hand, as namespace inlay::arch. What an architecture provides:
//
//     emit::form, feature, predicate, choice, ...    one struct of table.hpp each           (emit.hpp)
//     emit::write_thunk, trampoline, site, ...       text                                   (emit.hpp)
//     emit::key_site, switch_site                    branches                               (emit.hpp)
//     emit::inputs, load, gives_in, keeps_of, ...    operands of a site                     (emit.hpp)
//     insn::nop(bytes)                               padding as code                        (insn.hpp)
//     fill_nops(bytes, count)                        padding at run time                    (nops.hpp)
//     relocate(field, shift)                         moves a relative operand               (patch.hpp)
//     branch_at, encode_branch, encode_call, ...     finds and rewrites calls, jumps        (patch.hpp)
//     instruction_length(bytes, available)           walks over instructions                (length.hpp)
//     has(words)                                     asks this machine for a feature        (arch.hpp)
//     inlay::cpu, is_feature_name                    its features                           (cpu.hpp, cpu_names.hpp)
//
// A new architecture is a folder and one line here and in emit.hpp.
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/arch/emit.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/arch.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/arch.hpp"
#endif
