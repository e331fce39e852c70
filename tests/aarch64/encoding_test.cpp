// SPDX-License-Identifier: BSL-1.0
//
// Prints lines "word text", an instruction as insn.hpp encodes it and as GNU as reads it. run.sh assembles the
// texts and compares.
#include <inlay/inlay.hpp>

#include <cstdio>
#include <string>
#include <utility>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;

void show(const inlay::machine_code& code, const std::string& text) {
    const auto word = static_cast<unsigned>(code.words[0] & 0xffffffff);
    std::printf("%08x %s\n", word, text.c_str());
}

template <unsigned N>
std::string name(char letter) {
    return N == 31 ? std::string{letter} + "zr" : letter + std::to_string(N);
}

/// All instructions with registers of one type, numbered A, B and C.
template <class R, char Letter, unsigned A, unsigned B, unsigned C>
void registers() {
    constexpr R a{A};
    constexpr R b{B};
    constexpr R c{C};
    const std::string x = name<A>(Letter);
    const std::string y = name<B>(Letter);
    const std::string z = name<C>(Letter);
    const std::string two = x + ", " + y;
    const std::string three = two + ", " + z;
    show(add(a, b, c), "add " + three);
    show(sub(a, b, c), "sub " + three);
    show(adds(a, b, c), "adds " + three);
    show(subs(a, b, c), "subs " + three);
    show(and_(a, b, c), "and " + three);
    show(orr(a, b, c), "orr " + three);
    show(eor(a, b, c), "eor " + three);
    show(bic(a, b, c), "bic " + three);
    show(mul(a, b, c), "mul " + three);
    show(udiv(a, b, c), "udiv " + three);
    show(sdiv(a, b, c), "sdiv " + three);
    show(madd(a, b, c, a), "madd " + three + ", " + x);
    show(msub(a, b, c, b), "msub " + three + ", " + y);
    show(cmp(a, b), "cmp " + two);
    show(tst(a, b), "tst " + two);
    show(neg(a, b), "neg " + two);
    show(mvn(a, b), "mvn " + two);
    show(mov(a, b), "mov " + two);
    show(clz(a, b), "clz " + two);
    show(cls(a, b), "cls " + two);
    show(rbit(a, b), "rbit " + two);
    show(rev(a, b), "rev " + two);
    show(rev16(a, b), "rev16 " + two);
    show(lsl(a, b, 0), "lsl " + two + ", #0");
    show(lsl(a, b, 7), "lsl " + two + ", #7");
    show(lsr(a, b, 31), "lsr " + two + ", #31");
    show(asr(a, b, 3), "asr " + two + ", #3");
    show(movz(a, 0xffff), "movz " + x + ", #0xffff");
    show(movk(a, 0x1234, 16), "movk " + x + ", #0x1234, lsl #16");
    show(movn(a, 5), "movn " + x + ", #5");
    show(mov(a, 0x8000), "mov " + x + ", #0x8000");
    show(mov(a, 0x120000), "mov " + x + ", #0x120000");
    show(mov(a, -2), "mov " + x + ", #-2");
    show(mov(a, 0), "mov " + x + ", #0");
    show(mov(a, -0x50001), "mov " + x + ", #-0x50001");
    if constexpr (A != 31 && B != 31) {
        show(add(a, b, 4095), "add " + two + ", #4095");
        show(sub(a, b, 0x5000), "sub " + two + ", #0x5000");
        show(cmp(b, 17), "cmp " + y + ", #17");
    }
    if constexpr (B != 31) {
        show(ldr(a, ptr(reg64{B}, 16)), "ldr " + x + ", [x" + std::to_string(B) + ", #16]");
        show(str(a, ptr(reg64{B}, 0)), "str " + x + ", [x" + std::to_string(B) + "]");
        show(ldaddal(a, c, reg64{B}), "ldaddal " + x + ", " + z + ", [x" + std::to_string(B) + "]");
        show(swpal(a, c, reg64{B}), "swpal " + x + ", " + z + ", [x" + std::to_string(B) + "]");
        show(casal(a, c, reg64{B}), "casal " + x + ", " + z + ", [x" + std::to_string(B) + "]");
    }
}
/// Each register in each place.
template <unsigned... N>
void all_registers(std::integer_sequence<unsigned, N...>) {
    (registers<reg64, 'x', N, (N + 17) % 32, (N * 5 + 3) % 32>(), ...);
    (registers<reg32, 'w', N, (N + 17) % 32, (N * 5 + 3) % 32>(), ...);
}
template <class R, char Letter>
void same_registers() {
    registers<R, Letter, 30, 30, 30>();
    registers<R, Letter, 31, 3, 31>();
}

} // namespace

int main() {
    all_registers(std::make_integer_sequence<unsigned, 32>{});
    same_registers<reg64, 'x'>();
    same_registers<reg32, 'w'>();
    show(nop(), "nop");
    show(yield(), "yield");
    show(wfe(), "wfe");
    show(wfi(), "wfi");
    show(sev(), "sev");
    show(sevl(), "sevl");
    show(isb(), "isb");
    show(sb(), "sb");
    show(csdb(), "csdb");
    show(bti(landing::none), "bti");
    show(bti(landing::c), "bti c");
    show(bti(landing::j), "bti j");
    show(bti(landing::jc), "bti jc");
    show(dmb(barrier::ish), "dmb ish");
    show(dmb(barrier::oshld), "dmb oshld");
    show(dsb(barrier::sy), "dsb sy");
    show(dsb(barrier::nshst), "dsb nshst");
    show(svc(0), "svc #0");
    show(hvc(1), "hvc #1");
    show(smc(0xffff), "smc #0xffff");
    show(brk(0x800), "brk #0x800");
    show(ret(), "ret");
    show(ret(x5), "ret x5");
    show(jmp(x16), "br x16");
    show(call(x9), "blr x9");
    show(push(x29, x30), "stp x29, x30, [sp, #-16]!");
    show(pop(x1, xzr), "ldp x1, xzr, [sp], #16");
    show(add(sp, sp, 64), "add sp, sp, #64");
    show(sub(sp, sp, 48), "sub sp, sp, #48");
    show(mov(x29, sp), "mov x29, sp");
    show(mov(x7, 0xabcd000000000000U), "mov x7, #0xabcd000000000000");
    show(mov(x7, 0xffff1234ffffffffU), "mov x7, #0xffff1234ffffffff");
    show(mov(w7, 0xffff1234U), "mov w7, #0xffff1234");
    show(add(x1, sp, 24), "add x1, sp, #24");
    show(ldr(x3, ptr(sp, 32760)), "ldr x3, [sp, #32760]");
    show(ldrb(w3, ptr(x4, 4095)), "ldrb w3, [x4, #4095]");
    show(strb(w30, ptr(sp, 1)), "strb w30, [sp, #1]");
    show(umulh(x1, x20, x30), "umulh x1, x20, x30");
    show(crc32b(w1, w2, w3), "crc32b w1, w2, w3");
    show(crc32h(w1, w2, w3), "crc32h w1, w2, w3");
    show(crc32w(w1, w2, w3), "crc32w w1, w2, w3");
    show(crc32x(w1, w2, x3), "crc32x w1, w2, x3");
    show(crc32cb(w30, w29, w28), "crc32cb w30, w29, w28");
    show(crc32ch(w30, w29, w28), "crc32ch w30, w29, w28");
    show(crc32cw(w30, w29, w28), "crc32cw w30, w29, w28");
    show(crc32cx(w30, w29, x28), "crc32cx w30, w29, x28");
    show(skip(nop(8)), "b .+12");
    show(skip_if(condition::hi, nop(4)), "b.hi .+8");
    show(skip_if(condition::le, nop(12)), "b.le .+16");
    show(skip_if_zero(x3, nop(4)), "cbz x3, .+8");
    show(skip_unless_zero(w30, nop(4)), "cbnz w30, .+8");
    return 0;
}

// NOLINTEND(*-avoid-magic-numbers)
