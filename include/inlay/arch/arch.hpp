// SPDX-License-Identifier: BSL-1.0
//
// The architecture that this unit is compiled for, as namespace inlay::arch. An architecture provides:
//
//     here                                           facts for readers and deciders, see below       (architecture.hpp)
//     INLAY_SYMBOL, INLAY_JUMP, ...                  directives that differ, for emit/*.hpp            (assembler.hpp)
//     emit::code_macro, site                         instructions as text                            (site.hpp)
//     emit::thunk, trampoline, function_of           functions of assembly                           (thunk.hpp)
//     emit::inputs, load, gives_in, keeps_of, ...    operands of a site                              (operands.hpp)
//     emit::synchronise, clean_text, ...             fetches of text, and caches                     (machine.hpp)
//     shown::instruction_at                          names of instructions in messages               (mnemonics.hpp)
//     insn::nop(bytes)                               padding as code                                 (insn.hpp)
//     store_text, exchangeable                       how text may be written                         (patch.hpp)
//     has(words)                                     asks this machine for a feature                 (arch.hpp)
//     inlay::cpu, is_feature_name                    its features                                    (cpu.hpp, cpu_names.hpp)
//
// `here` is one target; every machine can read the code of all others: x86::target<64>, x86::target<32>,
// aarch64::target. A target is a class without state, of these static members:
//
//     name, pointer_size                             of an image: "x86-64", and the bytes of a pointer in its memory
//     instruction_alignment                          bytes between two places where an instruction may begin
//     instruction_length(bytes, available)           where the next one begins                       (length.hpp)
//     fill_nops(bytes, count), is_nops               padding                                         (nops.hpp)
//     relocate(field, shift)                         moves a relative operand, four bytes, little endian (patch.hpp)
//     found_branch, branch_kind, longest_branch      a call or jump in text                          (patch.hpp)
//     branch_at, patched_branch_at                   find one; the second also knows encode_branch()'s nops
//     encode_branch, encode_call, call_length        the bytes of one for another function
//     breakpoint_at, breakpoint_ends_walk            a debugger's instruction in the way
//     longest_jump, jump_length, jump_target, encode_jump   the site of a key
//
// A new architecture is a folder, and a line in each choice: here, in here.hpp, emit.hpp and target.hpp.
#pragma once

#include "inlay/requirements.hpp"

#include "inlay/arch/emit.hpp"
#include "inlay/arch/here.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include "inlay/arch/x86/arch.hpp"
#elif defined(__aarch64__)
#include "inlay/arch/aarch64/arch.hpp"
#endif
