// SPDX-License-Identifier: BSL-1.0
//
// A program with sites of every kind. It patches itself by apply() or by apply_proven(), and says which bytes its text has
// then, so that a test compares the two.
//
//     program apply|proven FEATURES [WORD...]       FEATURES: as INLAY_FEATURES, e.g. +app.a,-avx2; or "" for none
//
// Words change the state that the patcher finds: key, way=N, clock, clock=none, clock=zero, op=other, op=none.
// Three words cause trouble: fixed (text cannot be changed later), refuse=N (the platform refuses the N-th write),
// breakpoint=KIND (on the first site of a table). Standard output: the outcome, then each byte of text that differs from
// the file's.
#include <inlay/apply_proven.hpp>
#include <inlay/kernel.hpp>
#include <inlay/pv_ops.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mman.h>

extern "C" const char __executable_start[], __etext[], _end[]; // NOLINT(*-identifier*): the linker's

namespace {

using inlay::when;
using value_type = unsigned long; // in one register everywhere

// ---- Sites ----------------------------------------------------------------------------------------------

bool says_yes() noexcept { return true; }
inline constexpr inlay::feature<"app.a", inlay::by_hand{}> a;
inline constexpr inlay::feature<"app.b", inlay::by_hand{}> b;
inline constexpr inlay::feature<"app.probed", &says_yes> probed;

value_type one(value_type value) { return value + 1; }
value_type two(value_type value) { return value + 2; }
value_type three(value_type value) { return value + 3; }

inline constexpr inlay::dispatch<"app.count", &one, when<a, &two>, when<a && !b, &three>> count;
inline constexpr inlay::static_key<"app.trace", false> trace;
inline constexpr inlay::static_key<"app.on", true> on;
inline constexpr inlay::static_switch<"app.level", 5, 1U> level;
inline constexpr inlay::static_switch<"app.many", 40, 20U> many;
inline constexpr inlay::static_call<"app.clock", &one> app_clock;
inline constexpr inlay::static_call<"app.hook", inlay::no_target<void(int)>> hook;

void quiet_other() {}

struct operations {
    inlay::pv_op<value_type(value_type), inlay::native<&one>> call;
    inlay::pv_op<void(), inlay::pv_nop> quiet;
};
inline constinit operations ops;
inline constexpr inlay::pv_call<&ops, &operations::call> op_call;
inline constexpr inlay::pv_call<&ops, &operations::quiet> op_quiet;

#if defined(__x86_64__) || defined(__i386__)
using namespace inlay::x86::insn;
using inlay::cpu;
inline constexpr inlay::alternative<nop(3), when<a, lfence()>> fence;
inline constexpr inlay::alternative<mfence(), when<cpu.sse2, lfence()>, when<cpu.avx2 && !b, lock_add()>> barrier;
inline constexpr inlay::alternative<nop(17), when<b || cpu.avx512f, nop(4) + lfence()>, when<probed && b, mfence()>>
    padded;
void plain() noexcept {}
void other() noexcept {}
inline constexpr inlay::alternative<call<&plain>(), when<a, call<&other>()>, when<a && b, nop(5)>> calls;
inline constexpr inlay::alternative<call<&plain>(), when<b, call<&other>() + call<&plain>()>> calls_twice;
inline constexpr inlay::alternative<nop(1), when<cpu.xsaveopt || cpu.smap || cpu.rdpid, nop(1)>> leaves;
inline constexpr inlay::alternative<nop(2), when<cpu.avx_vnni, nop(2)>, when<cpu.la57 && cpu.amx_tile, nop(1)>>
    subleaves;
void alternatives() {
    fence();
    barrier();
    padded();
    calls();
    calls_twice();
    leaves();
    subleaves();
}
#else
using namespace inlay::aarch64::insn;
using inlay::cpu;
inline constexpr inlay::alternative<nop(), when<a, isb()>> fence;
inline constexpr inlay::alternative<dmb(inlay::aarch64::insn::barrier::ish), when<cpu.crc32, isb()>,
                                    when<cpu.sve && !b, nop()>>
    fenced;
void plain() noexcept {}
void other() noexcept {}
inline constexpr inlay::alternative<call<&plain>(), when<a, call<&other>()>, when<a && b, nop()>> calls;
void alternatives() {
    fence();
    fenced();
    calls();
}
#endif

template <int Copy>
[[gnu::noinline]] value_type sites(value_type value) {
    alternatives();
    value += count(value) + count(Copy);
    value += trace ? 100 + Copy : Copy;
    value += on ? 7 : 11;
    switch (level) {
    case 0:
        value += 1;
        break;
    case 1:
        value ^= 2;
        break;
    case 3:
        value *= 3;
        break;
    default:
        value -= Copy;
    }
    value += many;
    value += app_clock(app_clock(value));
    hook.maybe(Copy);
    op_quiet();
    value += op_call(value);
    if (value % 2 == 1) {
        return app_clock(value); // a jump
    }
    return count(value);
}

// ---- The platform ---------------------------------------------------------------------------------------

inlay::address at(const char* symbol) { return reinterpret_cast<inlay::address>(symbol); }

struct platform {
    long refuses{-1};
    bool fixed{};

    [[nodiscard]] static bool readable(inlay::address where, std::size_t size) noexcept {
        return where >= at(__executable_start) && where + size <= at(_end);
    }
    [[nodiscard]] static bool writable(inlay::address where, std::size_t size) noexcept {
        return readable(where, size) && !executable(where, 1);
    }
    [[nodiscard]] static bool executable(inlay::address where, std::size_t size) noexcept {
        return where >= at(__executable_start) && where + size <= at(__etext);
    }
    [[nodiscard]] bool live() const noexcept { return !fixed; }
    bool write(inlay::address where, const std::uint8_t* bytes, std::size_t size) noexcept {
        if (refuses-- == 0) {
            return false;
        }
        std::memcpy(reinterpret_cast<void*>(where), bytes, size);
        return true;
    }
    static bool finish() noexcept {
        __builtin___clear_cache(const_cast<char*>(__executable_start), const_cast<char*>(__etext));
        return true;
    }
};

std::vector<unsigned char> text() {
    return {reinterpret_cast<const unsigned char*>(__executable_start),
            reinterpret_cast<const unsigned char*>(__etext)};
}

void say_text(const char* when_, const std::vector<unsigned char>& before) {
    const auto now = text();
    std::printf("%s\n", when_);
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (now[i] != before[i]) {
            std::printf("%zx: %02x\n", i, now[i]);
        }
    }
}

void say(const char* what, const inlay::outcome& done) {
    const auto record = done.record();
    std::printf(
        "%s: %s; record %d %u %zx refused %zx; written %u of %u, calls %u found %u direct %u, keys %u direct %u\n",
        what, inlay::message(done.error()), static_cast<int>(record.table), record.index,
        record.site != 0 ? record.site - at(__executable_start) : 0,
        done.refused() != 0 ? done.refused() - at(__executable_start) : 0, done.written, done.sites, done.calls,
        done.calls_found, done.calls_direct, done.keys, done.keys_direct);
}

/// Carries out one word of the command line.
void prepare(const std::string& word, platform& self) {
    const auto number = std::strtol(word.c_str() + std::min(word.size(), word.find('=') + 1), nullptr, 10);
    if (word == "key") {
        (void)inlay::set(trace, true, self);
        (void)inlay::set(on, false, self);
    } else if (word.starts_with("way=")) {
        (void)inlay::set(level, static_cast<unsigned>(number) % 5, self);
        (void)inlay::set(many, static_cast<unsigned>(number), self);
    } else if (word == "clock") {
        (void)inlay::update(app_clock, &two, self);
    } else if (word == "clock=none") {
        (void)inlay::update(app_clock, nullptr, self);
    } else if (word == "clock=zero") {
        (void)inlay::update(app_clock, inlay::returns_zero<value_type(value_type)>, self);
    } else if (word == "op=other") {
        ops.call = inlay::native<&two>;
        ops.quiet = inlay::native<&quiet_other>;
    } else if (word == "op=none") {
        ops.call = nullptr;
    } else if (word == "fixed") {
        self.fixed = true;
    } else if (word.starts_with("refuse=")) {
        self.refuses = number;
    } else if (word.starts_with("breakpoint=")) {
        const auto tables = inlay::this_image();
        const auto site = word == "breakpoint=calls"  ? tables.calls.records[0].site.target()
                          : word == "breakpoint=keys" ? tables.keys.records[0].site.target()
                                                      : tables.alternatives.records[0].site.target();
#if defined(__aarch64__)
        *reinterpret_cast<std::uint32_t*>(site) = 0xd4200000; // brk #0
#else
        *reinterpret_cast<unsigned char*>(site) = 0xcc;
#endif
    } else {
        std::fprintf(stderr, "unknown word %s\n", word.c_str());
        std::exit(2);
    }
}

} // namespace

int main(int count_, char** arguments) {
    if (count_ < 3) {
        return 2;
    }
    ::mprotect(const_cast<char*>(__executable_start),
               static_cast<std::size_t>(__etext - __executable_start + 4095) & ~4095UL,
               PROT_READ | PROT_WRITE | PROT_EXEC);
    platform self;
    const auto set_features = inlay::override_features(inlay::this_image(), self, arguments[2],
                                                       [](const char*, std::size_t) { return false; });
    if (!set_features) {
        say("features", set_features);
        return 2;
    }
    for (int i = 3; i < count_; ++i) {
        prepare(arguments[i], self);
    }
    const auto before = text();
    const bool proven = std::strcmp(arguments[1], "proven") == 0;
    const auto patch = [&] {
        return proven ? inlay::apply_proven<32768>(self) : inlay::apply(inlay::this_image(), self);
    };
    const inlay::outcome done = patch();
    say("patched", done);
    inlay::for_each_used_feature(inlay::this_image(), self, [](const inlay::table::feature_record& feature) noexcept {
        const auto& cell = *reinterpret_cast<const inlay::table::feature_cell*>(feature.cell.target());
        std::printf("%c%s ", cell.value != 0 ? '+' : '-', reinterpret_cast<const char*>(feature.name.target()));
    });
    std::printf("\n");
    say_text("text", before);
    if (!done && done.error() != inlay::error::text_not_writable) {
        return 1;
    }
    std::printf("values %llu %llu\n", static_cast<unsigned long long>(sites<1>(5)),
                static_cast<unsigned long long>(sites<2>(8)));
    self.refuses = -1;
    say("set", inlay::set(trace, !trace, self));
    say("set", inlay::set(many, 3U, self));
    say("update", inlay::update(app_clock, &three, self));
    say_text("changed", before);
    std::printf("values %llu %llu\n", static_cast<unsigned long long>(sites<1>(5)),
                static_cast<unsigned long long>(sites<2>(8)));
    if (done) {
        say("again", inlay::apply(inlay::this_image(), self));
        say_text("text", before);
    }
    return done ? 0 : 1;
}
