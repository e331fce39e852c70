// SPDX-License-Identifier: BSL-1.0
//
// The features of AArch64: by made-up ID registers, as a kernel finds them, by the hwcaps, as a program does, and errata
// by made-up processors. A plain program, like alternative_test.cpp. With the argument `list` it prints the number and name
// of each hwcap, for run.sh to compare with the system's asm/hwcap.h.
#include <inlay/features.hpp>
#include <inlay/inlay.hpp>

#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/auxv.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using inlay::cpu;
using namespace inlay::aarch64;

int failed = 0;

void check(bool good, const std::string& what) {
    std::printf("%s features: %s\n", good ? "PASS" : "FAIL", what.c_str());
    failed += good ? 0 : 1;
}

/// ID registers of no CPU that exists; others than those in the map are 0.
struct dump {
    std::map<id_register, std::uint64_t> values;
    [[nodiscard]] std::uint64_t id(id_register which) const {
        const auto found = values.find(which);
        return found == values.end() ? 0 : found->second;
    }
};
/// The same in a program.
struct program : dump {
    std::set<unsigned> caps;
    bool shows{};
    [[nodiscard]] bool hwcap(unsigned number) const { return caps.contains(number); }
    [[nodiscard]] bool shows_ids() const { return shows; }
};

/// The fields of a probe.
std::vector<id_field> fields(const id_field& probe) { return {probe}; }
std::vector<id_field> fields(const any_id_field& probe) { return {probe.first, probe.second, probe.third}; }
unsigned cap_of(const id_field& probe) { return probe.cap; }
unsigned cap_of(const any_id_field& probe) { return probe.first.cap; }

/// With the field at `value`, and the other conditions of the feature.
dump with(const id_field& field, unsigned value) {
    dump made{{{id_register::pfr0, 0xff0000}}}; // neither fp nor asimd
    if (field.reg == id_register::zfr0) {
        made.values[id_register::pfr0] |= std::uint64_t{1} << 32;
    } else if (field.reg == id_register::smfr0) {
        made.values[id_register::pfr1] |= std::uint64_t{1} << 24;
    }
    auto& to = made.values[field.reg];
    to = (to & ~(std::uint64_t{field.one_bit ? 1U : 15U} << field.shift)) | std::uint64_t{value} << field.shift;
    return made;
}

/// Each feature by itself.
void each_feature() {
    std::set<std::string> names;
    std::set<unsigned> caps;
    unsigned in_registers = 0;
    inlay::for_each_feature([&](auto feature) {
        const auto probe = feature.probe();
        const std::string name = feature.text();
        check(names.insert(name).second && inlay::arch::is_feature_name(name.data(), name.size()), name + " is a name");
        check(any_id_field::decode(probe.encode()).first == fields(probe)[0] &&
                  (fields(probe).size() == 1 || (any_id_field::decode(probe.encode()).second == fields(probe)[1] &&
                                                 any_id_field::decode(probe.encode()).third == fields(probe)[2])) &&
                  !midr_range::is_encoded(probe.encode()),
              name + " is the same in a table");
        for (const id_field& field : fields(probe)) {
            if (field.reg == id_register::none) {
                check(!holds(probe, dump{}), name + " is in no register");
                continue;
            }
            ++in_registers;
            bool good = true;
            for (unsigned value = 0; value < (field.one_bit ? 2U : 16U); ++value) {
                good = good && holds(probe, with(field, value)) == (value >= field.minimum && value != 15);
            }
            check(good && field.shift + (field.one_bit ? 1U : 4U) <= 64, name + " is found in its field");
            if (field.reg == id_register::zfr0 || field.reg == id_register::smfr0) {
                dump alone = with(field, field.minimum);
                alone.values.erase(field.reg == id_register::smfr0 ? id_register::pfr1 : id_register::pfr0);
                check(!holds(probe, alone), name + " needs what it is part of");
            }
        }
        const unsigned cap = cap_of(probe);
        if (cap != 0) {
            check(caps.insert(cap).second, name + " has a separate bit");
            program yes{};
            yes.caps.insert(cap - 1);
            program no{};
            no.values = with(fields(probe)[0], fields(probe)[0].minimum).values;
            no.shows = true; // and the registers say that it exists
            check(holds(probe, yes) && !holds(probe, no), name + " is in a program what the hwcaps say");
            const unsigned long shown = getauxval(cap <= 64 ? AT_HWCAP : cap <= 128 ? AT_HWCAP2 : 29);
            check(inlay::aarch64::has(probe.encode()) == ((shown >> (cap - 1) % 64 & 1) != 0), name + " as shown here");
        } else {
            program hidden{};
            hidden.values = with(fields(probe)[0], fields(probe)[0].minimum).values;
            program emulated = hidden;
            emulated.shows = true;
            check(!holds(probe, hidden) && holds(probe, emulated), name + " takes the register");
            check(!inlay::aarch64::has(probe.encode()), name + " is not for programs");
        }
    });
    check(names.size() == inlay::feature_count && names.size() >= 125 && in_registers >= 120, "all of them");
    check(caps.size() == 116, "all bits of the hwcaps");
}

/// Neoverse N1 by its manual's ID registers, and the features that Linux shows for it (Graviton 2), without evtstrm and
/// cpuid.
void known_processor() {
    const dump n1{{{id_register::pfr0, 0x1100000011111112},
                   {id_register::pfr1, 0x20},
                   {id_register::dfr0, 0x0000000110305408},
                   {id_register::isar0, 0x0000100010211120},
                   {id_register::isar1, 0x0000000000100001},
                   {id_register::mmfr0, 0x0000000000101125},
                   {id_register::mmfr1, 0x0000000010212122},
                   {id_register::mmfr2, 0x0000000000001011}}};
    const std::string shown =
        " fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp ssbs "
        "gicv3 pmuv3 pmuv3p1 ";
    inlay::for_each_feature([&](auto feature) {
        const std::string name = ' ' + std::string{feature.text()} + ' ';
        if (holds(feature.probe(), n1) != (shown.find(name) != std::string::npos)) {
            check(false, "Neoverse N1:" + name);
        }
    });
    check(holds(cpu.gicv3.probe(), n1) && !holds(cpu.gicv4p1.probe(), n1), "a processor that exists");
    check(!holds(cpu.pmuv3.probe(), dump{}) && !holds(cpu.pmuv3.probe(), dump{{{id_register::dfr0, 0xf00}}}),
          "no PMU: 0 or 15");
}

// ---- Errata.

inline constexpr midr_range a53{0x41, 0xd03, 0x00, 0x04};
inline constexpr inlay::feature<"erratum_843419", a53> erratum;
inline constexpr inlay::feature<"any_n1", midr_range{0x41, 0xd0c}> any_n1;
inline constexpr inlay::feature<"nobody", midr_range{0x7f, 0xfff, 0x00, 0x00}> nobody;
static_assert(a53.contains(0x410fd030) && a53.contains(0x410fd034) && !a53.contains(0x410fd035)); // r0p0, r0p4, r0p5
static_assert(!a53.contains(0x411fd030) && !a53.contains(0x420fd034) && !a53.contains(0x410fd074));
static_assert(midr_range{0x41, 0xd0c, 0x10, 0x31}.contains(0x413fd0c1) && // r3p1
              midr_range{0x41, 0xd0c, 0x10, 0x31}.contains(0x411fd0cf) && // r1p15
              !midr_range{0x41, 0xd0c, 0x10, 0x31}.contains(0x410fd0cf) && any_n1.probe().contains(0x41ffd0cf));
static_assert(midr_range::decode(a53.encode()) == a53 && midr_range::is_encoded(a53.encode()) &&
              midr_range::decode(midr_range{0xff, 0xfff, 0x12, 0xfe}.encode()) == midr_range{0xff, 0xfff, 0x12, 0xfe});

[[gnu::noinline]] bool of_erratum() { return inlay::has<erratum>; }
[[gnu::noinline]] bool of_nobody() { return inlay::has < nobody || (erratum && !cpu.fp) > ; }

/// run.sh has QEMU be a Cortex-A53 r0p4, or another.
void errata(bool expected) {
    check(inlay::aarch64::has(a53.encode()) == expected, "an erratum of this processor");
    check(!inlay::aarch64::has(any_n1.probe().encode()), "one of another");
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    check(static_cast<bool>(inlay::apply(inlay::this_image(), self)), "apply()");
    check(of_erratum() == expected && !of_nobody(), "a predicate like any other");
}

} // namespace

int main(int count, char** arguments) {
    const std::string what = count > 1 ? arguments[1] : "";
    if (what == "list") {
        inlay::for_each_feature([](auto feature) {
            if (const unsigned cap = cap_of(feature.probe()); cap != 0) {
                std::printf("%u %s\n", cap - 1, feature.text());
            }
        });
        return 0;
    }
    each_feature();
    known_processor();
    errata(what == "a53");
    return failed == 0 ? 0 : 1;
}

// NOLINTEND(*-avoid-magic-numbers)
