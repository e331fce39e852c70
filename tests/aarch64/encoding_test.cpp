// SPDX-License-Identifier: BSL-1.0
//
// Prints lines "word text", an instruction as insn.hpp encodes it and as GNU as reads it. run.sh assembles the
// texts and compares.
//
// The test also compares the registers of each instruction with its text, by a table of mnemonics. Most instructions
// write their first operand and read the others. (Debian's Capstone 4 is wrong here: its cmp writes a register, and its
// movz and lsl read their target.)
#include <inlay/inlay.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <utility>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::aarch64::insn;

unsigned differences = 0;

/// The access to each operand of a mnemonic, in order: r read, w written, b both.
const std::map<std::string, std::string> roles{
    {"cmp", "rr"}, {"tst", "rr"}, {"str", "rr"},    {"strb", "rr"},     {"stp", "rr"},
    {"br", "r"},   {"blr", "r"},  {"ret", "r"},     {"cbz", "r"},       {"cbnz", "r"},
    {"msr", "r"},  {"dc", "r"},   {"ic", "r"},      {"strh", "rr"},     {"stlr", "rr"},
    {"movk", "b"}, {"ldp", "ww"}, {"swpal", "rwr"}, {"ldaddal", "rwr"}, {"casal", "brr"},
};

/// The general registers and flags in `text`, by the rules of code.hpp.
inlay::touched expected(const std::string& text) {
    const std::string mnemonic = text.substr(0, text.find(' '));
    const auto found = roles.find(mnemonic);
    const std::string how = found != roles.end() ? found->second : "wrrr";
    inlay::touched all{};
    unsigned operand = 0;
    for (std::size_t at = mnemonic.size(); at < text.size(); ++at) {
        const bool begins = (text[at - 1] == ' ' || text[at - 1] == '[') && (text[at] == 'x' || text[at] == 'w');
        const bool is_sp =
            text.compare(at, 2, "sp") == 0 && (at + 2 == text.size() || std::strchr(",]", text[at + 2]) != nullptr);
        if (!begins && !is_sp) {
            continue;
        }
        const char role = operand < how.size() ? how[operand] : 'r';
        ++operand;
        if (text.compare(at + 1, 2, "zr") == 0) {
            continue;
        }
        const auto bit = std::uint64_t{1} << (is_sp ? 31UL : std::stoul(text.substr(at + 1)));
        all.reads |= role != 'w' ? bit : 0;
        all.writes |= role != 'r' ? bit : 0;
    }
    constexpr std::uint64_t sp_bit = std::uint64_t{1} << 31;
    if (mnemonic == "stp" || mnemonic == "ldp" || (all.writes & sp_bit) != 0) { // the stack words tell of sp
        all.reads &= ~sp_bit;
        all.writes &= ~sp_bit;
    }
    if (mnemonic == "ret" && operand == 0) {
        all.reads |= std::uint64_t{1} << 30;
    } else if (mnemonic == "svc") {
        all = {0x101, 0x1};
    } else if (mnemonic == "hvc" || mnemonic == "smc") {
        all = {0x1, 0xf};
    }
    if (mnemonic == "adds" || mnemonic == "subs" || mnemonic == "cmp" || mnemonic == "tst" || mnemonic == "blr") {
        all.writes |= inlay::flags_bit;
    }
    if (mnemonic.starts_with("b.") || (mnemonic == "mrs" && text.ends_with(" nzcv"))) {
        all.reads |= inlay::flags_bit;
    }
    if (mnemonic == "msr" && text.find(" nzcv") != std::string::npos) {
        all.writes |= inlay::flags_bit;
    }
    return all;
}

/// The name of an instruction in a compiler's messages, by its text: insn.hpp's, not the assembler's.
std::string shown_as(const std::string& text) {
    const std::string first = text.substr(0, text.find(' '));
    const std::string two = text.substr(0, text.find_first_of(" ,", first.size() + 1));
    if (first.starts_with("b.")) {
        return "b_cond";
    }
    if (first == "ic") {
        return "ic_" + two.substr(3);
    }
    if (first == "stp" || (first == "str" && text.ends_with('!'))) {
        return "push";
    }
    if (first == "ldp" || (first == "ldr" && text.find("], ") != std::string::npos)) {
        return "pop";
    }
    static const std::map<std::string, std::string> others{
        {"b", "jmp"}, {"br", "jmp"}, {"bl", "call"}, {"blr", "call"}, {"and", "and_"}};
    const auto other = others.find(first);
    return other != others.end() ? other->second : first;
}

/// In the order of shown::instruction.
constexpr const char* instruction_names[] = {
    "word", "nop",  "yield",  "wfe",    "wfi",     "sev",      "sevl",       "csdb",    "bti",     "brk",     "svc",
    "hvc",  "smc",  "eret",   "ret",    "call",    "jmp",      "b_cond",     "cbz",     "cbnz",    "dmb",     "dsb",
    "isb",  "sb",   "mrs",    "msr",    "ic_ivau", "ic_iallu", "ic_ialluis", "dc",      "str",     "strb",    "strh",
    "ldr",  "ldrb", "ldrh",   "push",   "pop",     "ldar",     "stlr",       "ldaddal", "swpal",   "casal",   "mov",
    "movz", "movn", "movk",   "add",    "adds",    "sub",      "subs",       "cmp",     "neg",     "and_",    "bic",
    "orr",  "mvn",  "eor",    "tst",    "lsl",     "lsr",      "asr",        "madd",    "msub",    "mul",     "umulh",
    "udiv", "sdiv", "crc32b", "crc32h", "crc32w",  "crc32x",   "crc32cb",    "crc32ch", "crc32cw", "crc32cx", "clz",
    "cls",  "rbit", "rev",    "rev16",  "adr"};
static_assert(std::size(instruction_names) == std::size_t{static_cast<unsigned>(inlay::shown::instruction::adr)} + 1);

void show(const inlay::machine_code& code, const std::string& text) {
    const auto word = static_cast<unsigned>(code.words[0] & 0xffffffff);
    std::printf("%08x %s\n", word, text.c_str());
    const std::string named = instruction_names[static_cast<unsigned>(inlay::shown::instruction_of(word))];
    // One word may have several names: a shift by 0, an operand that is the zero register, a mov of a constant.
    static const std::map<std::string, std::string> same{
        {"madd", "mul"}, {"orr", "mov"}, {"sub", "neg"}, {"subs", "cmp"}, {"lsl", "lsr"}};
    const auto other = same.find(shown_as(text));
    const bool alias = (text.find("zr") != std::string::npos || text.ends_with(" #0")) && other != same.end() &&
                       other->second == named;
    if (named != shown_as(text) && !alias && !(text.starts_with("mov ") && named.starts_with("mov"))) {
        ++differences;
        std::fprintf(stderr, "FAIL: aarch64: %s is named %s\n", text.c_str(), named.c_str());
    }

    // (Of a skip the body is nops.)
    constexpr std::uint64_t compared = inlay::general_registers | inlay::flags_bit;
    const auto accessed = expected(text);
    if ((code.reads_mask & compared) != accessed.reads || (code.writes_mask & compared) != accessed.writes) {
        ++differences;
        std::fprintf(stderr, "FAIL: aarch64: %s: reads %llx, writes %llx; expected %llx, %llx\n", text.c_str(),
                     static_cast<unsigned long long>(code.reads_mask & compared),
                     static_cast<unsigned long long>(code.writes_mask & compared),
                     static_cast<unsigned long long>(accessed.reads), static_cast<unsigned long long>(accessed.writes));
    }
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
        show(ldar(a, reg64{B}), "ldar " + x + ", [x" + std::to_string(B) + "]");
        show(stlr(a, reg64{B}), "stlr " + x + ", [x" + std::to_string(B) + "]");
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

/// A system register with each instruction that may have it.
template <system_register Register, unsigned Number>
void system(const std::string& text) {
    if constexpr (Register.access != inlay::aarch64::register_access::write_only) {
        show(mrs(reg64{Number}, Register), "mrs " + name<Number>('x') + ", " + text);
    }
    if constexpr (Register.access != inlay::aarch64::register_access::read_only) {
        show(msr(Register, reg64{Number}), "msr " + text + ", " + name<Number>('x'));
    }
}
template <unsigned... N>
void counters(std::integer_sequence<unsigned, N...>) {
    (system<pmevcntr_el0(N), N>("pmevcntr" + std::to_string(N) + "_el0"), ...);
    (system<pmevtyper_el0(N), N>("pmevtyper" + std::to_string(N) + "_el0"), ...);
}

// ---- The registers that codes state.

template <class... Registers>
constexpr std::uint64_t bits(Registers... each) {
    return (std::uint64_t{0} | ... | (std::uint64_t{1} << each.number));
}
constexpr bool reads_only(const inlay::machine_code& code, std::uint64_t mask) {
    return (code.reads_mask & inlay::general_registers) == mask;
}
constexpr bool writes_only(const inlay::machine_code& code, std::uint64_t mask) {
    return (code.writes_mask & inlay::general_registers) == mask;
}
void function() {}

// A pop restores the value that its push saved, if that was the caller's.
static_assert(writes_only(push(x1, x2) + mov(x1, 5) + add(x2, x1, x3) + pop(x1, x2), 0));
static_assert(writes_only(push(x1, xzr) + mov(x1, 5) + pop(x1, xzr), 0));
static_assert(writes_only(mov(x1, 5) + push(x1, x2) + pop(x1, x2), bits(x1)));
static_assert(writes_only(push(x1, x2) + pop(x2, x1), bits(x1, x2)));
static_assert(writes_only(push(x1, x2) + push(x3, x4) + mov(x1, x3) + pop(x3, x4) + pop(x1, x2), 0));
static_assert(writes_only(push(x1, x2) + (push(x3, x4) + mov(x3, 1)) + pop(x3, x4) + pop(x1, x2), 0));
static_assert(writes_only(push(x1, x2) + sub(sp, sp, 16) + pop(x1, x2) + add(sp, sp, 16), bits(x1, x2)));
static_assert(writes_only(push(x1, x2) + str(x0, ptr(sp, 8)) + pop(x1, x2), bits(x1, x2)));
static_assert(writes_only(push(x1, x2) + ldr(x0, ptr(sp, 8)) + str(x0, ptr(x3)) + pop(x1, x2), bits(x0)));
static_assert(writes_only(push(x29, x30) + call<&function>() + pop(x29, x30), 0));
// The reads.
static_assert(reads_only(mov(x0, 5) + add(x1, x0, x2), bits(x2)));
static_assert(reads_only(cmp(x0, x1) + skip_if(condition::ls, mov(x0, x1)), bits(x0, x1)));
static_assert(reads_only(mov(x0, 1) + movk(x0, 2, 16), 0) && reads_only(movk(x0, 2, 16), bits(x0)));
static_assert(reads_only(call(x9), bits(x9)) && writes_only(call(x9), 0) && reads_only(ret(), bits(x30)));
static_assert(reads_only(skip_if_zero(x3, mov(x1, 1)), bits(x1, x3)));
// Words by hand.
static_assert(words(0xd50330ff).unstated && (nop() + words(0xd50330ff)).unstated);
static_assert(!words(0xd50330ff).writes<>().unstated && words(0xd503201f) == nop() && words(0xd503203f) == yield());
constexpr auto counter = words(0xd53be043).writes<w3>(); // mrs x3, cntvct_el0
static_assert(!counter.unstated && writes_only(counter, bits(x3)) && writes_only(counter.writes<xzr>(), bits(x3)));

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
    show(msr(pstate::uao, 1), "msr uao, #1");
    show(msr(pstate::pan, 0), "msr pan, #0");
    show(msr(pstate::spsel, 1), "msr spsel, #1");
    show(msr(pstate::ssbs, 1), "msr ssbs, #1");
    show(msr(pstate::dit, 1), "msr dit, #1");
    show(msr(pstate::daifset, 2), "msr daifset, #2");
    show(msr(pstate::daifclr, 15), "msr daifclr, #15");
    show(dc(data_cache::ivac, x3), "dc ivac, x3");
    show(dc(data_cache::cvac, x30), "dc cvac, x30");
    show(dc(data_cache::cvau, x0), "dc cvau, x0");
    show(dc(data_cache::civac, xzr), "dc civac, xzr");
    show(dc(data_cache::zva, x7), "dc zva, x7");
    show(ic_ivau(x9), "ic ivau, x9");
    show(ic_iallu(), "ic iallu");
    show(ic_ialluis(), "ic ialluis");
    show(dmb(barrier::sy), "dmb sy");
    show(dmb(barrier::ishld), "dmb ishld");
    show(dmb(barrier::ishst), "dmb ishst");
    show(dmb(barrier::ld), "dmb ld");
    show(dmb(barrier::st), "dmb st");
    show(dsb(barrier::ish), "dsb ish");
    show(dsb(barrier::ishst), "dsb ishst");
    show(dsb(barrier::ishld), "dsb ishld");
    show(dsb(barrier::ld), "dsb ld");
    show(dsb(barrier::st), "dsb st");
    show(dmb(barrier::ish), "dmb ish");
    show(dmb(barrier::oshld), "dmb oshld");
    show(dsb(barrier::sy), "dsb sy");
    show(dsb(barrier::nshst), "dsb nshst");
    show(svc(0), "svc #0");
    show(hvc(1), "hvc #1");
    show(smc(0xffff), "smc #0xffff");
    show(brk(0x800), "brk #0x800");
    show(eret(), "eret");
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
    show(ldr(w0, ptr(x1, 12)), "ldr w0, [x1, #12]");
    show(str(w1, ptr(x0, 16)), "str w1, [x0, #16]");
    show(ldrh(w3, ptr(x4, 8190)), "ldrh w3, [x4, #8190]");
    show(strh(w30, ptr(sp, 2)), "strh w30, [sp, #2]");
    show(ldar(w5, sp), "ldar w5, [sp]");
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
    system<midr_el1, 0>("midr_el1");
    system<mpidr_el1, 7>("mpidr_el1");
    system<revidr_el1, 14>("revidr_el1");
    system<id_aa64pfr0_el1, 21>("id_aa64pfr0_el1");
    system<id_aa64pfr1_el1, 28>("id_aa64pfr1_el1");
    system<id_aa64zfr0_el1, 3>("id_aa64zfr0_el1");
    system<id_aa64dfr0_el1, 10>("id_aa64dfr0_el1");
    system<id_aa64dfr1_el1, 17>("id_aa64dfr1_el1");
    system<id_aa64isar0_el1, 24>("id_aa64isar0_el1");
    system<id_aa64isar1_el1, 31>("id_aa64isar1_el1");
    system<id_aa64isar2_el1, 6>("id_aa64isar2_el1");
    system<id_aa64mmfr0_el1, 13>("id_aa64mmfr0_el1");
    system<id_aa64mmfr1_el1, 20>("id_aa64mmfr1_el1");
    system<id_aa64mmfr2_el1, 27>("id_aa64mmfr2_el1");
    system<clidr_el1, 2>("clidr_el1");
    system<ctr_el0, 9>("ctr_el0");
    system<dczid_el0, 16>("dczid_el0");
    system<currentel, 23>("currentel");
    system<daif, 30>("daif");
    system<nzcv, 5>("nzcv");
    system<spsel, 12>("spsel");
    system<sp_el0, 19>("sp_el0");
    system<spsr_el1, 26>("spsr_el1");
    system<elr_el1, 1>("elr_el1");
    system<esr_el1, 8>("esr_el1");
    system<far_el1, 15>("far_el1");
    system<par_el1, 22>("par_el1");
    system<isr_el1, 29>("isr_el1");
    system<vbar_el1, 4>("vbar_el1");
    system<sctlr_el1, 11>("sctlr_el1");
    system<actlr_el1, 18>("actlr_el1");
    system<cpacr_el1, 25>("cpacr_el1");
    system<ttbr0_el1, 0>("ttbr0_el1");
    system<ttbr1_el1, 7>("ttbr1_el1");
    system<tcr_el1, 14>("tcr_el1");
    system<mair_el1, 21>("mair_el1");
    system<contextidr_el1, 28>("contextidr_el1");
    system<tpidr_el0, 3>("tpidr_el0");
    system<tpidrro_el0, 10>("tpidrro_el0");
    system<tpidr_el1, 17>("tpidr_el1");
    system<mdscr_el1, 24>("mdscr_el1");
    system<oslar_el1, 31>("oslar_el1");
    system<hcr_el2, 6>("hcr_el2");
    system<mdcr_el2, 13>("mdcr_el2");
    system<cnthctl_el2, 20>("cnthctl_el2");
    system<cntfrq_el0, 27>("cntfrq_el0");
    system<cntpct_el0, 2>("cntpct_el0");
    system<cntvct_el0, 9>("cntvct_el0");
    system<cntpctss_el0, 16>("cntpctss_el0");
    system<cntvctss_el0, 23>("cntvctss_el0");
    system<cntkctl_el1, 30>("cntkctl_el1");
    system<cntp_tval_el0, 5>("cntp_tval_el0");
    system<cntp_ctl_el0, 12>("cntp_ctl_el0");
    system<cntp_cval_el0, 19>("cntp_cval_el0");
    system<cntv_tval_el0, 26>("cntv_tval_el0");
    system<cntv_ctl_el0, 1>("cntv_ctl_el0");
    system<cntv_cval_el0, 8>("cntv_cval_el0");
    system<pmcr_el0, 15>("pmcr_el0");
    system<pmcntenset_el0, 22>("pmcntenset_el0");
    system<pmcntenclr_el0, 29>("pmcntenclr_el0");
    system<pmovsclr_el0, 4>("pmovsclr_el0");
    system<pmswinc_el0, 11>("pmswinc_el0");
    system<pmselr_el0, 18>("pmselr_el0");
    system<pmceid0_el0, 25>("pmceid0_el0");
    system<pmceid1_el0, 0>("pmceid1_el0");
    system<pmccntr_el0, 7>("pmccntr_el0");
    system<pmxevtyper_el0, 14>("pmxevtyper_el0");
    system<pmxevcntr_el0, 21>("pmxevcntr_el0");
    system<pmuserenr_el0, 28>("pmuserenr_el0");
    system<pmintenset_el1, 3>("pmintenset_el1");
    system<pmintenclr_el1, 10>("pmintenclr_el1");
    system<pmovsset_el0, 17>("pmovsset_el0");
    system<pmccfiltr_el0, 24>("pmccfiltr_el0");
    system<icc_pmr_el1, 31>("icc_pmr_el1");
    system<icc_iar0_el1, 6>("icc_iar0_el1");
    system<icc_eoir0_el1, 13>("icc_eoir0_el1");
    system<icc_hppir0_el1, 20>("icc_hppir0_el1");
    system<icc_bpr0_el1, 27>("icc_bpr0_el1");
    system<icc_dir_el1, 2>("icc_dir_el1");
    system<icc_rpr_el1, 9>("icc_rpr_el1");
    system<icc_sgi1r_el1, 16>("icc_sgi1r_el1");
    system<icc_asgi1r_el1, 23>("icc_asgi1r_el1");
    system<icc_sgi0r_el1, 30>("icc_sgi0r_el1");
    system<icc_iar1_el1, 5>("icc_iar1_el1");
    system<icc_eoir1_el1, 12>("icc_eoir1_el1");
    system<icc_hppir1_el1, 19>("icc_hppir1_el1");
    system<icc_bpr1_el1, 26>("icc_bpr1_el1");
    system<icc_ctlr_el1, 1>("icc_ctlr_el1");
    system<icc_sre_el1, 8>("icc_sre_el1");
    system<icc_igrpen0_el1, 15>("icc_igrpen0_el1");
    system<icc_igrpen1_el1, 22>("icc_igrpen1_el1");
    system<icc_sre_el2, 29>("icc_sre_el2");
    system<system_register::numbered(3, 0, 15, 2, 1), 5>("s3_0_c15_c2_1");
    system<icc_ap0r_el1(0), 1>("icc_ap0r0_el1");
    system<icc_ap0r_el1(3), 1>("icc_ap0r3_el1");
    system<icc_ap1r_el1(0), 1>("icc_ap1r0_el1");
    system<icc_ap1r_el1(2), 1>("icc_ap1r2_el1");
    counters(std::make_integer_sequence<unsigned, 31>{});
    return differences == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
