// SPDX-License-Identifier: BSL-1.0
//
// The encoders of arch/x86/insn.hpp in 32-bit mode: prints a line "hex length,reads,writes text" for each of many
// instructions. The bytes are filled up with cc to 16; the masks are the registers that the instruction reads and
// writes. For several instructions in a row, the line is "hex - text". tests/i686/run.sh compares the bytes with GNU
// as's bytes for the text. registers_test.cpp compares the masks with Zydis's result for the bytes.
#include "inlay/arch/x86/insn.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

// NOLINTBEGIN(*-avoid-magic-numbers)
namespace {

using namespace inlay::x86::insn;

int variable;
void function() {}
void (*slot)() = function;

constexpr std::array<const char*, 8> names32{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
constexpr std::array<const char*, 8> names16{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
constexpr std::array<const char*, 4> names8{"al", "cl", "dl", "bl"};
constexpr std::array<const char*, 16> conditions{"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                 "s", "ns", "p", "np", "l", "ge", "le", "g"};

void show(const inlay::machine_code& code, const std::string& text) {
    for (unsigned i = 0; i < 16; ++i) {
        std::printf("%02x", i < code.length ? unsigned{code.byte(i)} : 0xccU);
    }
    if (std::has_single_bit(code.boundaries)) {
        std::printf(" %u,%llx,%llx", unsigned{code.length}, static_cast<unsigned long long>(code.reads_mask),
                    static_cast<unsigned long long>(code.writes_mask));
    } else {
        std::printf(" -");
    }
    std::printf(" %s\n", text.c_str());
}

std::string operator/(const char* mnemonic, const std::string& operands) {
    return std::string{mnemonic} + ' ' + operands;
}

std::string text(const mem& m) {
    std::string out = std::string{"["} + names32.at(m.base.number);
    if (m.scale != 0) {
        out += std::string{" + "} + names32.at(m.index.number) + "*" + std::to_string(m.scale);
    }
    return out + " + " + std::to_string(m.displacement) + "]";
}

template <class Function>
void each_register(const Function& function) {
    [&]<std::uint8_t... Numbers>(std::integer_sequence<std::uint8_t, Numbers...>) {
        (function.template operator()<Numbers>(), ...);
    }(std::make_integer_sequence<std::uint8_t, 8>{});
}
template <std::int64_t... Values, class Function>
void each_of(const Function& function) {
    (function.template operator()<Values>(), ...);
}
template <class Function>
void each_immediate(const Function& function) {
    each_of<0, 1, 8, -1, 127, 128, -128, -129, 0x7fffffff, -0x80000000LL>(function);
}

/// Instructions with a memory operand; one register is enough for all kinds of operands.
template <reg32 Register>
void with_memory(const std::string& name) {
    constexpr mem at = ptr(Register, 8);
    const auto memory = text(at);
    show(mov(ecx, at), "mov" / ("ecx, " + memory));
    show(mov(at, ecx), "mov" / (memory + ", ecx"));
    show(mov(cx, at), "mov" / ("cx, " + memory));
    show(mov(at, cx), "mov" / (memory + ", cx"));
    show(mov(bl, at), "mov" / ("bl, " + memory));
    show(mov(at, bl), "mov" / (memory + ", bl"));
    show(movb(at, 5), "mov byte ptr" / (memory + ", 5"));
    show(movl(at, 0xdeadbeef), "mov dword ptr" / (memory + ", 0xdeadbeef"));
    show(lock_add(at, 300), "lock add dword ptr" / (memory + ", 300"));
    show(lock_cmpxchg(at, esi), "lock cmpxchg" / (memory + ", esi"));
    show(lock_xadd(at, esi), "lock xadd" / (memory + ", esi"));
    show(xchg(at, esi), "xchg" / (memory + ", esi"));
    show(movbe(edi, at), "movbe" / ("edi, " + memory));
    show(movbe(at, edi), "movbe" / (memory + ", edi"));
    show(invlpg(at), "invlpg" / memory);
    show(lgdt(at), "lgdt" / memory);
    show(lidt(at), "lidt" / memory);
    show(sgdt(at), "sgdt" / memory);
    show(sidt(at), "sidt" / memory);
    show(clflush(at), "clflush" / memory);
    show(clflushopt(at), "clflushopt" / memory);
    show(clwb(at), "clwb" / memory);
    show(prefetchnta(at), "prefetchnta" / memory);
    show(prefetcht0(at), "prefetcht0" / memory);
    show(prefetchw(at), "prefetchw" / memory);
    show(xsave(at), "xsave" / memory);
    show(xsaveopt(at), "xsaveopt" / memory);
    show(xsavec(at), "xsavec" / memory);
    show(xsaves(at), "xsaves" / memory);
    show(xrstor(at), "xrstor" / memory);
    show(xrstors(at), "xrstors" / memory);
    show(fxsave(at), "fxsave" / memory);
    show(fxrstor(at), "fxrstor" / memory);
    show(rstorssp(at), "rstorssp" / memory);
    show(clrssbsy(at), "clrssbsy" / memory);
    show(wrssd(at, esi), "wrssd" / (memory + ", esi"));
    show(wrussd(at, esi), "wrussd" / (memory + ", esi"));
    show(invpcid(ecx, at), "invpcid" / ("ecx, " + memory));
    show(invept(ecx, at), "invept" / ("ecx, " + memory));
    show(invvpid(ecx, at), "invvpid" / ("ecx, " + memory));
    show(cmpxchg8b(at), "cmpxchg8b" / memory);
    show(lock_cmpxchg8b(at), "lock cmpxchg8b" / memory);
    show(verw(at), "verw" / memory);
    show(incsspd(Register), "incsspd" / name);
    show(rdsspd(Register), "rdsspd" / name);
    show(umonitor(Register), "umonitor" / name);
    show(umwait(Register), "umwait" / name);
    show(tpause(Register), "tpause" / name);
    show(mov(Register, dr7), "mov" / (name + ", dr7"));
    show(mov(dr0, Register), "mov" / ("dr0, " + name));
    show(bt(Register, 31), "bt" / (name + ", 31"));
    show(bts(Register, 0), "bts" / (name + ", 0"));
    show(btr(Register, 7), "btr" / (name + ", 7"));
    show(btc(Register, 8), "btc" / (name + ", 8"));
    show(push(Register), "push" / name);
    show(pop(Register), "pop" / name);
    show(pushf_pop(Register), "pushfd; pop" / name);
    show(call(Register), "call" / name);
    show(jmp(Register), "jmp" / name);
    show(mov(Register, cr4), "mov" / (name + ", cr4"));
    show(mov(cr0, Register), "mov" / ("cr0, " + name));
    show(rdpid(Register), "rdpid" / name);
    show(rdrand(Register), "rdrand" / name);
    show(rdseed(Register), "rdseed" / name);
    show(neg(Register), "neg" / name);
    show(not_(Register), "not" / name);
    show(inc(Register), "inc" / name);
    show(dec(Register), "dec" / name);
    show(bswap(Register), "bswap" / name);
    show(shl(Register, 1), "shl" / (name + ", 1"));
    show(shr(Register, 31), "shr" / (name + ", 31"));
    show(sar(Register, 7), "sar" / (name + ", 7"));
}

template <reg32 To, reg32 From>
void with_two_registers(const std::string& both) {
    show(mov(To, From), "mov" / both);
    show(add(To, From), "add" / both);
    show(or_(To, From), "or" / both);
    show(and_(To, From), "and" / both);
    show(sub(To, From), "sub" / both);
    show(xor_(To, From), "xor" / both);
    show(cmp(To, From), "cmp" / both);
    show(test(To, From), "test" / both);
    show(imul(To, From), "imul" / both);
    show(popcnt(To, From), "popcnt" / both);
    show(lzcnt(To, From), "lzcnt" / both);
    show(tzcnt(To, From), "tzcnt" / both);
    show(bsf(To, From), "bsf" / both);
    show(bsr(To, From), "bsr" / both);
    show(crc32(To, From), "crc32" / both);
    show(lsl(To, From), "lsl" / both);
}

template <reg32 To, std::int64_t Value>
void with_immediate(const std::string& both) {
    show(mov(To, Value), "mov" / both);
    show(or_(To, Value), "or" / both);
    show(and_(To, Value), "and" / both);
    show(xor_(To, Value), "xor" / both);
    show(cmp(To, Value), "cmp" / both);
    if constexpr (To != esp) { // by whole words only
        show(add(To, Value), "add" / both);
        show(sub(To, Value), "sub" / both);
    }
}

template <reg32 Base>
void addresses() {
    each_of<0, 1, 127, 128, -128, -129, 0x7fffffff, -0x80000000LL>([]<std::int64_t Displacement>() {
        constexpr mem at = ptr(Base, Displacement);
        show(mov(edx, at), "mov" / ("edx, " + text(at)));
        if constexpr (Base != esp) {
            show(lea(ebx, at), "lea" / ("ebx, " + text(at)));
        }
        each_register([]<std::uint8_t Index>() {
            if constexpr (Index != 4) {
                constexpr mem one = ptr(Base, reg32{Index}, 1, Displacement);
                constexpr mem eight = ptr(Base, reg32{Index}, 8, Displacement);
                show(mov(one, edi), "mov" / (text(one) + ", edi"));
                show(lea(eax, eight), "lea" / ("eax, " + text(eight)));
            }
        });
    });
}

template <reg32 Register>
void absolute(const std::string& name) {
    show(mov(Register, rip<&variable>), "mov" / (name + ", ds:0"));
    show(mov(rip<&variable>, Register), "mov" / ("ds:0, " + name));
    show(lea(Register, rip<&variable>), "lea" / (name + ", [0]"));
}

void all() {
    each_register([]<std::uint8_t To>() {
        with_memory<reg32{To}>(names32.at(To));
        addresses<reg32{To}>();
        each_register([]<std::uint8_t From>() {
            with_two_registers<reg32{To}, reg32{From}>(std::string{names32.at(To)} + ", " + names32.at(From));
            show(mov(reg16{To}, reg16{From}), "mov" / (std::string{names16.at(To)} + ", " + names16.at(From)));
            if constexpr (From < 4) {
                show(movzx(reg32{To}, reg8{From}), "movzx" / (std::string{names32.at(To)} + ", " + names8.at(From)));
                show(crc32(reg32{To}, reg8{From}), "crc32" / (std::string{names32.at(To)} + ", " + names8.at(From)));
            }
        });
        each_immediate([]<std::int64_t Value>() {
            with_immediate<reg32{To}, Value>(std::string{names32.at(To)} + ", " + std::to_string(Value));
        });
        if constexpr (To != 0) { // as has a short form of mov for eax
            absolute<reg32{To}>(names32.at(To));
        }
    });
    each_immediate([]<std::int64_t Value>() { show(push(Value), "push" / std::to_string(Value)); });
    show(push(0xfffffff0), "push 0xfffffff0");
    show(add(esp, 16), "add esp, 16");
    show(sub(esp, 28), "sub esp, 28");
    show(lea(esp, ptr(esp, -4)), "lea esp, [esp - 4]");
    show(cmpb(rip<&variable>, 7), "cmp byte ptr ds:0, 7");
    show(verw(rip<&variable>), "verw ds:0");
    show(call_slot<&slot>(), "call [ds:0]");
    show(jmp_slot<&slot>(), "jmp [ds:0]");
    show(inlay::x86::insn::call<&function>(), "call . + 5");
    show(call_direct<&function>(), "call . + 5");
    show(jmp<&function>(), ".byte 0xe9, 0, 0, 0, 0"); // as takes the shorter one
    each_of<0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>([]<std::int64_t Code>() {
        constexpr auto when = static_cast<condition>(Code);
        const std::string name{conditions.at(Code)};
        show(jcc<when, &function>(), ".byte 0x0f, 0x8" + std::string{"0123456789abcdef"[Code]} + ", 0, 0, 0, 0");
        show(skip_if(when, mov(eax, 1)), "j" + name + " 1f; mov eax, 1; 1:");
    });
    show(skip(push(eax) + pop(ecx)), "jmp 1f; push eax; pop ecx; 1:");
    const auto plain = [](const inlay::machine_code& code, const char* name) { show(code, name); };
    plain(inlay::x86::insn::pause(), "pause");
    plain(hlt(), "hlt");
    plain(serialize(), "serialize");
    plain(stac(), "stac");
    plain(clac(), "clac");
    plain(cli(), "cli");
    plain(sti(), "sti");
    plain(cld(), "cld");
    plain(std_(), "std");
    plain(clc(), "clc");
    plain(stc(), "stc");
    plain(pushf(), "pushfd");
    plain(popf(), "popfd");
    plain(leave(), "leave");
    plain(lfence(), "lfence");
    plain(mfence(), "mfence");
    plain(sfence(), "sfence");
    plain(lock_add(), "lock add dword ptr [esp - 4], 0");
    plain(cpuid(), "cpuid");
    plain(rdtsc(), "rdtsc");
    plain(rdtscp(), "rdtscp");
    plain(rdpmc(), "rdpmc");
    plain(rdmsr(), "rdmsr");
    plain(wrmsr(), "wrmsr");
    plain(xgetbv(), "xgetbv");
    plain(xsetbv(), "xsetbv");
    plain(inlay::x86::insn::syscall(), "syscall");
    plain(sysenter(), "sysenter");
    plain(sysexit(), "sysexit");
    plain(iretd(), "iretd");
    plain(ret(), "ret");
    plain(ud2(), "ud2");
    plain(int3(), "int3");
    plain(endbr32(), "endbr32");
    plain(vmcall(), "vmcall");
    plain(vmmcall(), "vmmcall");
    plain(wbinvd(), "wbinvd");
    plain(wbnoinvd(), "wbnoinvd");
    plain(invd(), "invd");
    plain(monitor(), "monitor");
    plain(mwait(), "mwait");
    plain(in(), "in al, dx");
    plain(out(), "out dx, al");
    plain(out(0x80), "out 0x80, al");
    plain(ltr(di), "ltr di");
    plain(lldt(ax), "lldt ax");
    plain(str(eax), "str eax");
    plain(verw(ax), "verw ax");
    plain(movsb(), "movsb");
    plain(rep_movsb(), "rep movsb");
    plain(movsw(), "movsw");
    plain(rep_movsw(), "rep movsw");
    plain(movsl(), "movsd");
    plain(rep_movsl(), "rep movsd");
    plain(stosb(), "stosb");
    plain(rep_stosb(), "rep stosb");
    plain(stosw(), "stosw");
    plain(rep_stosw(), "rep stosw");
    plain(stosl(), "stosd");
    plain(rep_stosl(), "rep stosd");
    plain(lodsb(), "lodsb");
    plain(lodsw(), "lodsw");
    plain(lodsl(), "lodsd");
    plain(cmpsb(), "cmpsb");
    plain(repe_cmpsb(), "repe cmpsb");
    plain(cmpsl(), "cmpsd");
    plain(repe_cmpsl(), "repe cmpsd");
    plain(scasb(), "scasb");
    plain(repe_scasb(), "repe scasb");
    plain(repne_scasb(), "repne scasb");
    plain(scasl(), "scasd");
    plain(repe_scasl(), "repe scasd");
    plain(repne_scasl(), "repne scasd");
    plain(saveprevssp(), "saveprevssp");
    plain(setssbsy(), "setssbsy");
    plain(clts(), "clts");
    plain(invlpgb(), "invlpgb");
    plain(tlbsync(), "tlbsync");
    plain(monitorx(), "monitorx");
    plain(mwaitx(), "mwaitx");
    plain(clzero(), "clzero");
    plain(inw(), "in ax, dx");
    plain(inl(), "in eax, dx");
    plain(outw(), "out dx, ax");
    plain(outl(), "out dx, eax");
    plain(nop(1), "nop");
    plain(nop(2), "mov esi, esi");
    plain(nop(3), ".byte 0x8d, 0x76, 0");
    plain(nop(8), ".byte 0x3e, 0x8d, 0xb4, 0x26, 0, 0, 0, 0");
    plain(nop(11), ".byte 0x3e, 0x8d, 0xb4, 0x26, 0, 0, 0, 0, 0x8d, 0x76, 0");
}

} // namespace
// NOLINTEND(*-avoid-magic-numbers)

int main() { all(); }
