// SPDX-License-Identifier: BSL-1.0
//
// mnemonics: the names of x86 instructions and registers for a compiler's messages.
//
//     instruction_at(push(rax) + rdtscp(), 1) == instruction::rdtscp
//
// How it works. If a template argument is an enumerator, compilers print its name. GCC 12 and Clang 14 do so as well,
// but print a text as numbers. So instructions are enumerators, with the names of the functions in insn.hpp (`jcc` and
// skip_if are `jcc`). A code holds bytes only. This header looks them up, by prefix, opcode and ModRM, in a list that
// has all instructions of insn.hpp. Other bytes are `bytes`. It does so only to report an error.
#pragma once

#include "inlay/code.hpp"
#include "inlay/words.hpp"

// Not in namespace x86, where the registers have these names: GCC would warn of shadows.
namespace [[gnu::visibility("hidden")]] inlay {
namespace shown {

/// The general registers, numbered as in encodings.
enum class general_register : uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

/// The functions of insn.hpp that make one instruction.
// clang-format off
enum class instruction : uint8_t {
    bytes,
    nop, pause, hlt, serialize, stac, clac, cli, sti, cld, std_, clc, stc, pushf, popf, push, pop, leave, lfence, mfence,
    sfence, lock_add, lock_cmpxchg, lock_xadd, xchg, cmpxchg8b, lock_cmpxchg8b, cmpxchg16b, lock_cmpxchg16b, cpuid, rdtsc,
    rdtscp, rdpid, rdpmc, rdrand, rdseed, rdmsr, wrmsr, wrmsrns, xgetbv, xsetbv, swapgs, rdfsbase, rdgsbase, wrfsbase,
    wrgsbase, clts, lgdt, lidt, sgdt, sidt, lldt, ltr, str, verw, lsl, in, inw, inl, out, outw, outl, syscall, sysretq,
    iretq, sysenter, sysexit, iretd, ret, ud2, int3, endbr64, endbr32, vmcall, vmmcall, wbinvd, wbnoinvd, invd, invlpg,
    invpcid, invept, invvpid, invlpgb, tlbsync, clflush, clflushopt, clwb, prefetchnta, prefetcht0, prefetcht1, prefetcht2,
    prefetchw, monitor, mwait, monitorx, mwaitx, umonitor, umwait, tpause, clzero, mov, movzx, movbe, lea, add, or_, and_,
    sub, xor_, cmp, test, neg, not_, inc, dec, shl, shr, sar, imul, popcnt, lzcnt, tzcnt, bsf, bsr, bswap, crc32, bt, bts,
    btr, btc, movsb, movsw, movsl, movsq, rep_movsb, rep_movsw, rep_movsl, rep_movsq, stosb, stosw, stosl, stosq,
    rep_stosb, rep_stosw, rep_stosl, rep_stosq, lodsb, lodsw, lodsl, lodsq, cmpsb, cmpsl, cmpsq, repe_cmpsb, repe_cmpsl,
    repe_cmpsq, scasb, scasl, scasq, repe_scasb, repne_scasb, repe_scasl, repne_scasl, repe_scasq, repne_scasq, xsave,
    xsave64, xsaveopt, xsaveopt64, xsavec, xsavec64, xsaves, xsaves64, xrstor, xrstor64, xrstors, xrstors64, fxsave,
    fxsave64, fxrstor, fxrstor64, incsspd, incsspq, rdsspd, rdsspq, saveprevssp, rstorssp, setssbsy, clrssbsy, wrssd,
    wrssq, wrussd, wrussq, call, jmp, jcc
};
// clang-format on

namespace mnemonics {

/// Bytes that mean an instruction.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows have the order of the manual, and none is in memory
struct row {
    uint16_t prefixes; ///< 0x66, 0xf2, 0xf3, 0xf0; 0x66f3
    uint32_t opcode;   ///< without prefixes and REX
    uint8_t any;       ///< bits of the opcode's last byte that do not matter
    uint16_t modrm;    ///< `anything`, a digit, a digit with `in_register` or `in_memory`, or `whole` + the byte
    uint8_t wide;      ///< REX.W: 0 no, 1 yes, 2 either
    instruction what;
};
inline constexpr uint16_t anything = 0x8000;
inline constexpr uint16_t whole = 0x4000;
inline constexpr uint16_t in_register = 0x2000;
inline constexpr uint16_t in_memory = 0x1000;

using enum instruction;
// clang-format off
inline constexpr row rows[] = { // NOLINT(*-avoid-c-arrays): no header for std::array
    {0, 0x90, 0, anything, 2, nop}, {0x66, 0x90, 0, anything, 2, nop}, {0, 0x0f1f, 0, 0, 2, nop}, {0x66, 0x0f1f, 0, 0, 2, nop},
    {0xf3, 0x90, 0, anything, 2, pause}, {0, 0xf4, 0, anything, 2, hlt}, {0, 0x0f01, 0, whole | 0xe8, 2, serialize},
    {0, 0x0f01, 0, whole | 0xcb, 2, stac}, {0, 0x0f01, 0, whole | 0xca, 2, clac}, {0, 0xfa, 0, anything, 2, cli},
    {0, 0xfb, 0, anything, 2, sti}, {0, 0xfc, 0, anything, 2, cld}, {0, 0xfd, 0, anything, 2, std_},
    {0, 0xf8, 0, anything, 2, clc}, {0, 0xf9, 0, anything, 2, stc}, {0, 0x9c, 0, anything, 2, pushf},
    {0, 0x9d, 0, anything, 2, popf}, {0, 0x50, 7, anything, 2, push}, {0, 0x6a, 0, anything, 2, push},
    {0, 0x68, 0, anything, 2, push}, {0, 0x58, 7, anything, 2, pop}, {0, 0xc9, 0, anything, 2, leave},
    {0, 0x0fae, 0, whole | 0xe8, 2, lfence}, {0, 0x0fae, 0, whole | 0xf0, 2, mfence}, {0, 0x0fae, 0, whole | 0xf8, 2, sfence},
    {0xf0, 0x81, 0, in_memory | 0, 2, lock_add}, {0xf0, 0x83, 0, in_memory | 0, 2, lock_add},
    {0xf0, 0x0fb1, 0, anything, 2, lock_cmpxchg}, {0xf0, 0x0fc1, 0, anything, 2, lock_xadd}, {0, 0x87, 0, anything, 2, xchg},
    {0, 0x0fc7, 0, in_memory | 1, 0, cmpxchg8b}, {0xf0, 0x0fc7, 0, in_memory | 1, 0, lock_cmpxchg8b},
    {0, 0x0fc7, 0, in_memory | 1, 1, cmpxchg16b}, {0xf0, 0x0fc7, 0, in_memory | 1, 1, lock_cmpxchg16b},
    {0, 0x0fa2, 0, anything, 2, cpuid}, {0, 0x0f31, 0, anything, 2, rdtsc}, {0, 0x0f01, 0, whole | 0xf9, 2, rdtscp},
    {0xf3, 0x0fc7, 0, in_register | 7, 2, rdpid}, {0, 0x0f33, 0, anything, 2, rdpmc}, {0, 0x0fc7, 0, in_register | 6, 2, rdrand},
    {0, 0x0fc7, 0, in_register | 7, 2, rdseed}, {0, 0x0f32, 0, anything, 2, rdmsr}, {0, 0x0f30, 0, anything, 2, wrmsr},
    {0, 0x0f01, 0, whole | 0xc6, 2, wrmsrns}, {0, 0x0f01, 0, whole | 0xd0, 2, xgetbv}, {0, 0x0f01, 0, whole | 0xd1, 2, xsetbv},
    {0, 0x0f01, 0, whole | 0xf8, 2, swapgs}, {0xf3, 0x0fae, 0, in_register | 0, 1, rdfsbase},
    {0xf3, 0x0fae, 0, in_register | 1, 1, rdgsbase}, {0xf3, 0x0fae, 0, in_register | 2, 1, wrfsbase},
    {0xf3, 0x0fae, 0, in_register | 3, 1, wrgsbase}, {0, 0x0f20, 3, anything, 2, mov}, {0, 0x0f06, 0, anything, 2, clts},
    {0, 0x0f01, 0, in_memory | 2, 2, lgdt}, {0, 0x0f01, 0, in_memory | 3, 2, lidt}, {0, 0x0f01, 0, in_memory | 0, 2, sgdt},
    {0, 0x0f01, 0, in_memory | 1, 2, sidt}, {0, 0x0f00, 0, 2, 2, lldt}, {0, 0x0f00, 0, 3, 2, ltr}, {0, 0x0f00, 0, 1, 2, str},
    {0, 0x0f00, 0, 5, 2, verw}, {0, 0x0f03, 0, anything, 2, lsl}, {0, 0xec, 0, anything, 2, in}, {0x66, 0xed, 0, anything, 2, inw},
    {0, 0xed, 0, anything, 2, inl}, {0, 0xee, 0, anything, 2, out}, {0, 0xe6, 0, anything, 2, out}, {0x66, 0xef, 0, anything, 2, outw},
    {0, 0xef, 0, anything, 2, outl}, {0, 0x0f05, 0, anything, 2, syscall}, {0, 0x0f07, 0, anything, 1, sysretq},
    {0, 0xcf, 0, anything, 1, iretq}, {0, 0x0f34, 0, anything, 2, sysenter}, {0, 0x0f35, 0, anything, 2, sysexit},
    {0, 0xcf, 0, anything, 0, iretd}, {0, 0xc3, 0, anything, 2, ret}, {0, 0x0f0b, 0, anything, 2, ud2}, {0, 0xcc, 0, anything, 2, int3},
    {0xf3, 0x0f1e, 0, whole | 0xfa, 2, endbr64}, {0xf3, 0x0f1e, 0, whole | 0xfb, 2, endbr32}, {0, 0x0f01, 0, whole | 0xc1, 2, vmcall},
    {0, 0x0f01, 0, whole | 0xd9, 2, vmmcall}, {0, 0x0f09, 0, anything, 2, wbinvd}, {0xf3, 0x0f09, 0, anything, 2, wbnoinvd},
    {0, 0x0f08, 0, anything, 2, invd}, {0, 0x0f01, 0, in_memory | 7, 2, invlpg}, {0x66, 0x0f3882, 0, anything, 2, invpcid},
    {0x66, 0x0f3880, 0, anything, 2, invept}, {0x66, 0x0f3881, 0, anything, 2, invvpid}, {0, 0x0f01, 0, whole | 0xfe, 2, invlpgb},
    {0, 0x0f01, 0, whole | 0xff, 2, tlbsync}, {0, 0x0fae, 0, in_memory | 7, 2, clflush}, {0x66, 0x0fae, 0, in_memory | 7, 2, clflushopt},
    {0x66, 0x0fae, 0, in_memory | 6, 2, clwb}, {0, 0x0f18, 0, 0, 2, prefetchnta}, {0, 0x0f18, 0, 1, 2, prefetcht0},
    {0, 0x0f18, 0, 2, 2, prefetcht1}, {0, 0x0f18, 0, 3, 2, prefetcht2}, {0, 0x0f0d, 0, 1, 2, prefetchw},
    {0, 0x0f01, 0, whole | 0xc8, 2, monitor}, {0, 0x0f01, 0, whole | 0xc9, 2, mwait}, {0, 0x0f01, 0, whole | 0xfa, 2, monitorx},
    {0, 0x0f01, 0, whole | 0xfb, 2, mwaitx}, {0xf3, 0x0fae, 0, in_register | 6, 2, umonitor}, {0xf2, 0x0fae, 0, in_register | 6, 2, umwait},
    {0x66, 0x0fae, 0, in_register | 6, 2, tpause}, {0, 0x0f01, 0, whole | 0xfc, 2, clzero}, {0, 0x88, 3, anything, 2, mov},
    {0x66, 0x88, 3, anything, 2, mov}, {0, 0xc6, 1, 0, 2, mov}, {0, 0xb8, 7, anything, 2, mov}, {0, 0x0fb6, 0, anything, 2, movzx},
    {0, 0x0f38f0, 1, anything, 2, movbe}, {0, 0x8d, 0, anything, 2, lea}, {0, 0x01, 0, anything, 2, add}, {0, 0x05, 0, anything, 2, add},
    {0, 0x81, 2, 0, 2, add}, {0, 0x09, 0, anything, 2, or_}, {0, 0x0d, 0, anything, 2, or_}, {0, 0x81, 2, 1, 2, or_},
    {0, 0x21, 0, anything, 2, and_}, {0, 0x25, 0, anything, 2, and_}, {0, 0x81, 2, 4, 2, and_}, {0, 0x29, 0, anything, 2, sub},
    {0, 0x2d, 0, anything, 2, sub}, {0, 0x81, 2, 5, 2, sub}, {0, 0x31, 0, anything, 2, xor_}, {0, 0x35, 0, anything, 2, xor_},
    {0, 0x81, 2, 6, 2, xor_}, {0, 0x39, 0, anything, 2, cmp}, {0, 0x3d, 0, anything, 2, cmp}, {0, 0x80, 3, 7, 2, cmp},
    {0, 0x85, 0, anything, 2, test}, {0, 0xf7, 0, 3, 2, neg}, {0, 0xf7, 0, 2, 2, not_}, {0, 0xff, 0, in_register | 0, 2, inc},
    {0, 0xff, 0, in_register | 1, 2, dec}, {0, 0xc1, 0, 4, 2, shl}, {0, 0xd1, 0, 4, 2, shl}, {0, 0xc1, 0, 5, 2, shr},
    {0, 0xd1, 0, 5, 2, shr}, {0, 0xc1, 0, 7, 2, sar}, {0, 0xd1, 0, 7, 2, sar}, {0, 0x0faf, 0, anything, 2, imul},
    {0xf3, 0x0fb8, 0, anything, 2, popcnt}, {0xf3, 0x0fbd, 0, anything, 2, lzcnt}, {0xf3, 0x0fbc, 0, anything, 2, tzcnt},
    {0, 0x0fbc, 0, anything, 2, bsf}, {0, 0x0fbd, 0, anything, 2, bsr}, {0, 0x0fc8, 7, anything, 2, bswap},
    {0xf2, 0x0f38f0, 1, anything, 2, crc32}, {0, 0x0fba, 0, 4, 2, bt}, {0, 0x0fba, 0, 5, 2, bts}, {0, 0x0fba, 0, 6, 2, btr},
    {0, 0x0fba, 0, 7, 2, btc}, {0, 0xa4, 0, anything, 2, movsb}, {0x66, 0xa5, 0, anything, 0, movsw}, {0, 0xa5, 0, anything, 0, movsl},
    {0, 0xa5, 0, anything, 1, movsq}, {0xf3, 0xa4, 0, anything, 2, rep_movsb}, {0x66f3, 0xa5, 0, anything, 0, rep_movsw},
    {0xf3, 0xa5, 0, anything, 0, rep_movsl}, {0xf3, 0xa5, 0, anything, 1, rep_movsq}, {0, 0xaa, 0, anything, 2, stosb},
    {0x66, 0xab, 0, anything, 0, stosw}, {0, 0xab, 0, anything, 0, stosl}, {0, 0xab, 0, anything, 1, stosq},
    {0xf3, 0xaa, 0, anything, 2, rep_stosb}, {0x66f3, 0xab, 0, anything, 0, rep_stosw}, {0xf3, 0xab, 0, anything, 0, rep_stosl},
    {0xf3, 0xab, 0, anything, 1, rep_stosq}, {0, 0xac, 0, anything, 2, lodsb}, {0x66, 0xad, 0, anything, 0, lodsw},
    {0, 0xad, 0, anything, 0, lodsl}, {0, 0xad, 0, anything, 1, lodsq}, {0, 0xa6, 0, anything, 2, cmpsb}, {0, 0xa7, 0, anything, 0, cmpsl},
    {0, 0xa7, 0, anything, 1, cmpsq}, {0xf3, 0xa6, 0, anything, 2, repe_cmpsb}, {0xf3, 0xa7, 0, anything, 0, repe_cmpsl},
    {0xf3, 0xa7, 0, anything, 1, repe_cmpsq}, {0, 0xae, 0, anything, 2, scasb}, {0, 0xaf, 0, anything, 0, scasl},
    {0, 0xaf, 0, anything, 1, scasq}, {0xf3, 0xae, 0, anything, 2, repe_scasb}, {0xf2, 0xae, 0, anything, 2, repne_scasb},
    {0xf3, 0xaf, 0, anything, 0, repe_scasl}, {0xf2, 0xaf, 0, anything, 0, repne_scasl}, {0xf3, 0xaf, 0, anything, 1, repe_scasq},
    {0xf2, 0xaf, 0, anything, 1, repne_scasq}, {0, 0x0fae, 0, in_memory | 4, 0, xsave}, {0, 0x0fae, 0, in_memory | 4, 1, xsave64},
    {0, 0x0fae, 0, in_memory | 6, 0, xsaveopt}, {0, 0x0fae, 0, in_memory | 6, 1, xsaveopt64}, {0, 0x0fc7, 0, in_memory | 4, 0, xsavec},
    {0, 0x0fc7, 0, in_memory | 4, 1, xsavec64}, {0, 0x0fc7, 0, in_memory | 5, 0, xsaves}, {0, 0x0fc7, 0, in_memory | 5, 1, xsaves64},
    {0, 0x0fae, 0, in_memory | 5, 0, xrstor}, {0, 0x0fae, 0, in_memory | 5, 1, xrstor64}, {0, 0x0fc7, 0, in_memory | 3, 0, xrstors},
    {0, 0x0fc7, 0, in_memory | 3, 1, xrstors64}, {0, 0x0fae, 0, in_memory | 0, 0, fxsave}, {0, 0x0fae, 0, in_memory | 0, 1, fxsave64},
    {0, 0x0fae, 0, in_memory | 1, 0, fxrstor}, {0, 0x0fae, 0, in_memory | 1, 1, fxrstor64}, {0xf3, 0x0fae, 0, in_register | 5, 0, incsspd},
    {0xf3, 0x0fae, 0, in_register | 5, 1, incsspq}, {0xf3, 0x0f1e, 0, in_register | 1, 0, rdsspd}, {0xf3, 0x0f1e, 0, in_register | 1, 1, rdsspq},
    {0xf3, 0x0f01, 0, whole | 0xea, 2, saveprevssp}, {0xf3, 0x0f01, 0, in_memory | 5, 2, rstorssp},
    {0xf3, 0x0f01, 0, whole | 0xe8, 2, setssbsy}, {0xf3, 0x0fae, 0, in_memory | 6, 2, clrssbsy}, {0, 0x0f38f6, 0, anything, 0, wrssd},
    {0, 0x0f38f6, 0, anything, 1, wrssq}, {0x66, 0x0f38f5, 0, anything, 0, wrussd}, {0x66, 0x0f38f5, 0, anything, 1, wrussq},
    {0, 0xe8, 0, anything, 2, call}, {0, 0xff, 0, 2, 2, call}, {0, 0xe9, 0, anything, 2, jmp}, {0, 0xeb, 0, anything, 2, jmp},
    {0, 0xff, 0, 4, 2, jmp}, {0, 0x70, 15, anything, 2, jcc}, {0, 0x0f80, 15, anything, 2, jcc},
};
// clang-format on

constexpr bool fits(uint16_t wanted, uint8_t modrm) noexcept {
    if (wanted == anything) {
        return true;
    }
    if ((wanted & whole) != 0) {
        return modrm == (wanted & 0xff);
    }
    const bool is_register = modrm >> 6 == 3;
    return (modrm >> 3 & 7) == (wanted & 7) && ((wanted & in_register) == 0 || is_register) &&
           ((wanted & in_memory) == 0 || !is_register);
}

} // namespace mnemonics

/// The instruction that begins at byte `at`.
constexpr instruction instruction_at(const machine_code& code, unsigned at) noexcept {
    uint16_t prefixes = 0;
    for (; code.byte(at) == 0x66 || code.byte(at) == 0xf0 || code.byte(at) == 0xf2 || code.byte(at) == 0xf3; ++at) {
        prefixes = static_cast<uint16_t>(prefixes << 8 | code.byte(at));
    }
    uint8_t wide = 0;
    if (sizeof(void*) == 8 && (code.byte(at) & 0xf0) == 0x40) {
        wide = code.byte(at) >> 3 & 1;
        ++at;
    }
    uint32_t opcode = code.byte(at++);
    if (opcode == 0x0f) {
        opcode = opcode << 8 | code.byte(at++);
    }
    if (opcode == 0x0f38) {
        opcode = opcode << 8 | code.byte(at++);
    }
    if (sizeof(void*) == 4 && (opcode & ~15U) == 0x40) {
        return opcode < 0x48 ? instruction::inc : instruction::dec; // REX in 64-bit mode
    }
    for (const auto& each : mnemonics::rows) {
        if (each.prefixes == prefixes && each.opcode == (opcode & ~uint32_t{each.any}) &&
            (each.wide == 2 || each.wide == wide) && mnemonics::fits(each.modrm, code.byte(at))) {
            return each.what;
        }
    }
    return instruction::bytes;
}

} // namespace shown
} // namespace inlay
