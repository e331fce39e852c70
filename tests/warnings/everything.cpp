// SPDX-License-Identifier: BSL-1.0
//
// Uses every public header and every concept, so that a compiler sees the code of each. INLAY_REPORT adds the headers
// that need Zydis, libdw and Boost.PFR.
#include <inlay/alternative.hpp>
#include <inlay/apply.hpp>
#include <inlay/apply_at_load.hpp>
#include <inlay/asm.h>
#include <inlay/code.hpp>
#include <inlay/decide.hpp>
#include <inlay/deferred.hpp>
#include <inlay/dispatch.hpp>
#include <inlay/each_site.hpp>
#include <inlay/error.hpp>
#include <inlay/feature.hpp>
#include <inlay/hook.hpp>
#include <inlay/images.hpp>
#include <inlay/inlay.hpp>
#include <inlay/inspect.hpp>
#include <inlay/kernel.hpp>
#include <inlay/name.hpp>
#include <inlay/named.hpp>
#include <inlay/override.hpp>
#include <inlay/platform/bare.hpp>
#include <inlay/platform/linux.hpp>
#include <inlay/poke.hpp>
#include <inlay/predicate_text.hpp>
#include <inlay/process.hpp>
#include <inlay/rate_limited.hpp>
#include <inlay/self_test.hpp>
#include <inlay/static_call.hpp>
#include <inlay/static_key.hpp>
#include <inlay/static_switch.hpp>
#include <inlay/table.hpp>
#ifdef INLAY_REPORT
#include <inlay/arch/x86/pv.hpp>
#include <inlay/features.hpp>
#include <inlay/pv.hpp>
#include <inlay/pv_ops.hpp>
#include <inlay/report.hpp>
#endif

#include <cstdint>
#include <cstdio>

namespace {

using inlay::when;

bool probe() { return true; }

inline constexpr inlay::feature<"warnings.by_hand", inlay::by_hand{}> by_hand;
inline constexpr inlay::feature<"warnings.function", &probe> by_function;
inline constexpr inlay::feature<"warnings.lambda", [] { return false; }> by_lambda;

int plain(int x) { return x; }
int better(int x) { return x + 1; }
int best(int x) noexcept { return x + 2; }
int best_of_all(int x) { return x + 3; }
void event(int x) { std::printf("%d\n", x); }

struct shape {
    int sides;
    int count(int more) const { return sides + more; }
    int grow(int more) { return sides += more; }
};

enum class speed : std::uint8_t { slow, normal, fast };

inline constexpr inlay::dispatch<"warnings.dispatch", &plain, when<by_hand, &better>,
                                 when<by_hand && (by_function || !by_lambda), &best_of_all>>
    chosen;
inline constexpr inlay::static_key<"warnings.key", false> key;
inline constexpr inlay::static_key<"warnings.on", true> on;
inline constexpr inlay::static_switch<"warnings.switch", 3, speed::normal> level;
inline constexpr inlay::static_switch<"warnings.large", 40, 7U> large;
inline constexpr inlay::static_call<"warnings.call", &plain> call_of_function;
inline constexpr inlay::static_call<"warnings.noexcept", &best> call_of_noexcept;
inline constexpr inlay::static_call<"warnings.null", inlay::no_target<void(int)>> call_of_null;
inline constexpr inlay::static_call<"warnings.zero", inlay::returns_zero<int(int)>> call_of_zero;
inline constexpr inlay::static_call<"warnings.member", &shape::count> call_of_member;
inline constexpr inlay::hook<"warnings.hook", void(int, const shape&, const char*)> hooked;
void tell(int x, const shape& of, const char* text) noexcept { std::printf("%d %d %s\n", x, of.sides, text); }
inlay::deferred late{key, 100};
inlay::rate_limited later{on, std::chrono::milliseconds{100}};
inline constexpr inlay::static_call<"warnings.lambda", [](int x) { return x * 2; }> call_of_lambda;

#if defined(__x86_64__) || defined(__i386__)
using namespace inlay::x86::insn;
using inlay::cpu;
inline constexpr inlay::alternative<nop(3), when<cpu.smap && by_hand, stac()>> alternative_of_nop;
inline constexpr inlay::alternative<mfence(), when<cpu.sse2, lfence()>, when<cpu.sse2 && !cpu.xenpv, lock_add()>>
    barrier;
#if defined(__x86_64__)
std::uint64_t count_bits(std::uint64_t x) {
    std::uint64_t count = 0;
    for (; x != 0; x &= x - 1) {
        ++count;
    }
    return count;
}
inline constexpr auto weight = inlay::alternative<call<&count_bits>(), when<cpu.popcnt, popcnt(rax, rdi)>>{}
                                   .named<"warnings.weight">()
                                   .takes<rdi>()
                                   .returns<rax, std::uint64_t>();
#endif

#ifdef INLAY_REPORT
struct operations {
    inlay::pv_op<std::uintptr_t(), inlay::callee_save<pushf_pop(rax)>> save{};
    inlay::pv_op<void(int), &event> say{};
    inlay::pv_op<void(int), nullptr> kick{};
};
inline constinit operations table;
inline constexpr inlay::pv_alt_call<&table, &operations::save, pushf_pop(rax), !cpu.xenpv> save;
inline constexpr inlay::pv_call<&table, &operations::say> say;

int use_report() {
    int sum = 0;
    inlay::for_each_feature([&](auto feature) { sum += feature.text()[0]; });
    inlay::for_each_operation(table, [&](auto& operation) { sum += operation.is_native() ? 1 : 0; });
    inlay::report::print(stdout);
    inlay::report::print(std::cout, {.cpu = "x86-64-v2", .format = inlay::report::output::json});
    say(sum);
    return sum + static_cast<int>(save() & 1);
}
#endif

int use_alternatives() {
    alternative_of_nop();
    barrier();
#if defined(__x86_64__)
    return static_cast<int>(weight(std::uint64_t{77}));
#else
    return 0;
#endif
}
#elif defined(__aarch64__)
using namespace inlay::aarch64::insn;
using inlay::cpu;
inline constexpr inlay::alternative<nop(), when<by_hand, isb()>> alternative_of_nop;
int use_alternatives() {
    alternative_of_nop();
    return 0;
}
#endif

int inspect_all() {
    const auto tables = inlay::this_image();
    const inlay::platform::process self;
    int direct = 0;
    const auto each = [&](const auto& section) {
        for (std::size_t i = 0; i < section.size(); ++i) {
            direct += inlay::inspect(self, tables, section.records[i]).form == inlay::standing::direct ? 1 : 0;
        }
    };
    each(tables.alternatives);
    each(tables.keys);
    each(tables.calls);
    return direct;
}

bool failed(const inlay::outcome& done) {
    if (!done) {
        std::printf("inlay: %s %s\n", inlay::message(done.error()), done.detail());
        return done.record().site != 0 || done.refused() != 0 || done.clash().name != nullptr;
    }
    return done.calls_kept() != 0;
}

int use_values() {
    int sum = chosen(1) + call_of_function(2) + call_of_noexcept(3) + call_of_zero.maybe(4) + call_of_lambda(5);
    shape square{4};
    sum += call_of_member(square, 6) + square.grow(1);
    call_of_null.maybe(7);
    hooked(1, shape{4}, "text");
    if (key) {
        ++sum;
    }
    if (likely(on) && !unlikely(key)) {
        ++sum;
    }
    if (level == speed::fast) {
        ++sum;
    }
    return sum + static_cast<int>(large);
}

} // namespace

int main() {
    inlay::set(by_hand, true);
    bool trouble = failed(inlay::apply());
    trouble |= failed(inlay::set(key, true));
    trouble |= failed(inlay::enable(key));
    trouble |= failed(inlay::disable(key));
    trouble |= failed(inlay::set(level, speed::fast));
    trouble |= failed(inlay::set(large, 33));
    trouble |= failed(inlay::update(call_of_function, &better));
    trouble |= failed(inlay::update(call_of_zero, [](int x) { return x; }));
    trouble |= failed(inlay::update(call_of_null, &event));
    trouble |= failed(inlay::update(call_of_null, nullptr));
    trouble |= failed(inlay::update(hooked, &tell));
    trouble |= failed(inlay::update(hooked, nullptr));
    inlay::transaction together;
    together.set(key, false).set(level, speed::fast).update(call_of_function, &better).update(hooked, nullptr);
    trouble |= failed(together.commit());
    trouble |= failed(late.enable()) || failed(late.disable(1)) || failed(late.finish());
    trouble |= failed(later.enable()) || failed(later.disable()) || failed(later.poll()) || failed(later.finish());
    trouble |= failed(inlay::update(call_of_lambda, inlay::returns_zero<int(int)>));
    trouble |= failed(inlay::update(call_of_member, inlay::member<&shape::count>));
#ifdef INLAY_REPORT
    trouble |= use_report() == 0;
#endif
    return use_values() + inspect_all() + use_alternatives() + (trouble ? 1 : 0) == 0 ? 1 : 0;
}
