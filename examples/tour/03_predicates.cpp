// SPDX-License-Identifier: BSL-1.0
//
// 3. Predicates: which form wins.
//
// What. A `when` takes a feature, or features combined by `&&`, `||` and `!`. Of several `when`s, the last one that
// holds wins. So write the general case first and the special cases after it.
//
// Why. Linux needs a new synthetic bit whenever code depends on "this but not that"; ALT_NOT() only negates one bit. In
// inlay, a condition is an expression. A feature is an object with a name and a probe. So two libraries cannot both use
// number 17 for different features.
//
// How it works underneath. The operators work on types, and simplify while the program is compiled. The remaining
// predicate becomes a small tree in memory. apply() evaluates it once, for any number of sites. Overrides come last and
// win over every probe: INLAY_FEATURES=-avx2,+app.x, as clearcpuid= in Linux.
#include "tour.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;

namespace {

/// A predicate as text. The types are public: this class walks the simplified predicate.
struct spelled {
    static std::string of(inlay::always_t) { return "always"; }
    static std::string of(inlay::never_t) { return "never"; }
    template <inlay::name Name, auto Probe>
    static std::string of(inlay::feature<Name, Probe>) {
        return Name.text;
    }
    template <class Feature>
    static std::string of(inlay::not_<Feature>) {
        return "!" + of(Feature{});
    }
    template <class... Parts>
    static std::string of(inlay::all_of<Parts...>) {
        return joined(" && ", of(Parts{})...);
    }
    template <class... Parts>
    static std::string of(inlay::any_of<Parts...>) {
        return "(" + joined(" || ", of(Parts{})...) + ")";
    }

private:
    template <class... Rest>
    static std::string joined(const char* between, const std::string& first, const Rest&... rest) {
        return (first + ... + (between + rest));
    }
};

void simplified(const char* written, auto kept) { std::printf("    %-42s %s\n", written, spelled::of(kept).c_str()); }

// A feature of our own, found by a function that apply() calls once ...
bool has_many_cpus() { return sysconf(_SC_NPROCESSORS_ONLN) > 1; }
inline constexpr inlay::feature<"tour.many_cpus", &has_many_cpus> many_cpus;
// ... and one that no probe finds: the program sets it (Linux: a synthetic bit, such as X86_FEATURE_XENPV).
inline constexpr inlay::feature<"tour.careful", inlay::by_hand{}> careful;

inline constexpr auto strategy =
    inlay::alternative<mov(eax, 0), when<cpu.sse2, mov(eax, 1)>, when<cpu.avx2 && many_cpus, mov(eax, 2)>,
                       when<careful, mov(eax, 3)>>{}
        .returns<rax, unsigned>();
const char* const reasons[] = {"the original", "when<sse2>", "when<avx2 && tour.many_cpus>", "when<tour.careful>"};

unsigned run(const char* label, const char* overrides, bool is_careful) {
    inlay::set(careful, is_careful);
    tour::apply_or_leave(overrides);
    const unsigned form = strategy();
    std::printf("    %-42s form %u, %s\n", label, form, reasons[form]);
    return form;
}

} // namespace

int main() {
    tour::title(3, "Predicates: which form wins");
    tour::say("Left is the condition in the source, right the condition that the compiler kept. If logic alone\n"
              "decides a condition, it asks no CPU.");
    simplified("!(avx2 && !popcnt)", !(cpu.avx2 && !cpu.popcnt));
    simplified("avx2 && (avx2 || popcnt) && !!avx2", cpu.avx2 && (cpu.avx2 || cpu.popcnt) && !!cpu.avx2);
    simplified("avx2 && popcnt && !avx2", cpu.avx2 && cpu.popcnt && !cpu.avx2);

    tour::say(
        "\nNow one site with four forms, applied again and again. Of the `when`s that hold, the last one wins; an\n"
        "override by INLAY_FEATURES wins over any probe.");
    run("this machine", "", false);
    const unsigned special = run("INLAY_FEATURES=+avx2,+tour.many_cpus", "+avx2,+tour.many_cpus", false);
    const unsigned general = run("INLAY_FEATURES=+sse2,-avx2", "+sse2,-avx2", false);
    const unsigned original = run("INLAY_FEATURES=-sse2,-avx2", "-sse2,-avx2", false);
    const unsigned set = run("set(careful, true)", "", true);
    std::printf("\nTry it: INLAY_FEATURES=-tour.many_cpus build/tour/examples/tour/03_predicates\n");

    tour::next("sites with operands: a function called, or one instruction in its place.");
    return special == 2 && general == 1 && original == 0 && (set == 3 || std::getenv("INLAY_FEATURES")[0] != '\0') ? 0
                                                                                                                   : 1;
}
