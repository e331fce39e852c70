// SPDX-License-Identifier: BSL-1.0
//
// The report on this very program: words, places, bytes and instructions, as data, as text and as JSON.
#include <inlay/inlay.hpp>
#include <inlay/pv.hpp>
#include <inlay/report.hpp>

#include "made_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay::x86::insn;
using inlay::cpu, inlay::when;
namespace report = inlay::report;

inline constexpr inlay::feature<"report.x", inlay::by_hand{}> x;
inline constexpr inlay::feature<"report.y", [] { return true; }> y;

inline constexpr auto composite =
    inlay::alternative<mov(eax, 1), when<cpu.sse2 && !x, mov(eax, 2)>, when<(x || !y) && cpu.avx512f, mov(eax, 3)>>{}
        .named<"composite">()
        .returns<rax, int>();
inline constexpr auto unnamed = inlay::alternative<nop(3), when<x, lfence()>>{};

double slow(double value) { return value; }
double fast(double value) { return value * 2; }
inline constexpr inlay::dispatch<"report.dispatch", &slow, when<x, &fast>> dispatched;

constexpr int line_of_site = __LINE__ + 1;
[[gnu::noinline]] int function_with_site() { return composite(); }
[[gnu::noinline]] double function_with_call(double value) {
    unnamed();
    return dispatched(value) + 1;
}

report::contents collected(const std::string& model) {
    const auto tables = inlay::this_image();
    const inlay::platform::process image;
    return report::collect(tables, image, report::cpu_model::parse(model, report::used_feature_names(tables, image)));
}

const report::site_entry& site_called(const report::contents& all, std::string_view name) {
    const auto found = std::find_if(all.sites.begin(), all.sites.end(), [&](const auto& s) { return s.name == name; });
    EXPECT_NE(found, all.sites.end()) << name;
    static const report::site_entry none{};
    return found != all.sites.end() ? *found : none;
}

std::string text_of(const report::options& how) {
    std::ostringstream out;
    report::print(out, how);
    return out.str();
}

class Report : public testing::Test {
protected:
    Report() {
        inlay::set(x, false);
        EXPECT_TRUE(inlay::apply());
        EXPECT_EQ(function_with_site(), 2);
        EXPECT_EQ(function_with_call(1.0), 2.0);
    }
};

TEST_F(Report, SaysPredicatesInWords) {
    const auto all = collected("this");
    const auto& site = site_called(all, "composite");
    ASSERT_EQ(site.choices.size(), 3U);
    EXPECT_EQ(site.choices[0].predicate, "original");
    EXPECT_EQ(site.choices[1].predicate, "sse2 && !report.x");
    EXPECT_EQ(site.choices[2].predicate, "(report.x || !report.y) && avx512f");
    // The same words as of predicate_text.hpp.
    EXPECT_EQ(site.choices[1].predicate, inlay::text_of(cpu.sse2 && !x));
    EXPECT_EQ(site.choices[2].predicate, inlay::text_of((x || !y) && cpu.avx512f));
    EXPECT_NE(std::find_if(all.sites.begin(), all.sites.end(), [](const auto& s) { return s.name == "(unnamed)"; }),
              all.sites.end());
}

TEST_F(Report, ShowsBytesAndInstructionsBeforeAndAfter) {
    const auto all = collected("this");
    const auto& site = site_called(all, "composite");
    EXPECT_EQ(site.before.bytes, (std::vector<std::uint8_t>{0xb8, 1, 0, 0, 0}));
    ASSERT_EQ(site.before.instructions.size(), 1U);
    EXPECT_EQ(site.before.instructions[0], "mov eax, 0x1");
    EXPECT_EQ(site.after.bytes, (std::vector<std::uint8_t>{0xb8, 2, 0, 0, 0}));
    EXPECT_EQ(site.after.instructions.at(0), "mov eax, 0x2");
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_TRUE(site.as_decided());
}

TEST_F(Report, NamesFunctionFileAndLine) {
    const auto all = collected("this");
    bool found = false;
    for (const auto& site : all.sites) {
        found =
            found || (site.name == "composite" && site.where.function.find("function_with_site") != std::string::npos &&
                      site.where.file.find("report_test.cpp") != std::string::npos && site.where.line == line_of_site);
    }
    EXPECT_TRUE(found);
}

TEST_F(Report, AnswersForOtherMachines) {
    EXPECT_EQ(site_called(collected("none"), "composite").after.bytes.at(1), 1);
    EXPECT_EQ(site_called(collected("x86-64"), "composite").after.bytes.at(1), 2);
    EXPECT_EQ(site_called(collected("x86-64-v4,+report.x"), "composite").after.bytes.at(1), 3);
    EXPECT_EQ(site_called(collected("x86-64-v3,+report.x"), "composite").after.bytes.at(1), 1);
    EXPECT_EQ(site_called(collected("this,-sse2"), "composite").after.bytes.at(1), 1);
    EXPECT_EQ(site_called(collected("this,-sse2"), "composite").state, report::state::other);
    EXPECT_EQ(function_with_site(), 2) << "reporting patches nothing";
}

TEST_F(Report, FollowsApply) {
    inlay::set(x, true);
    const auto before = site_called(collected("this"), "composite");
    EXPECT_EQ(before.after.bytes.at(1), cpu.avx512f.cell.value != 0 ? 3 : 1) << "decides by what is set now";
    ASSERT_TRUE(inlay::apply());
    EXPECT_TRUE(site_called(collected("this"), "composite").as_decided());
    const auto call = site_called(collected("this"), "report.dispatch");
    EXPECT_EQ(call.kind, report::site_kind::call);
#ifdef __OPTIMIZE__
    EXPECT_TRUE(call.direct);
    EXPECT_NE(call.after.instructions.at(0).find("fast"), std::string::npos);
#endif
}

TEST_F(Report, RefusesModelsThatDoNotExist) {
    const auto message = [](const std::string& model) -> std::string {
        try {
            (void)collected(model);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_NE(message("pentium-9").find("pentium-9"), std::string::npos);
    EXPECT_NE(message("this,-nosuch").find("nosuch"), std::string::npos);
    EXPECT_NE(message("this,avx2").find("avx2"), std::string::npos);
    EXPECT_EQ(message("this,-avx512f,+report.x"), "");
    EXPECT_EQ(message("x86-64-v2,+smap"), "") << "known, though no site uses it";
}

TEST_F(Report, TextIsPlainUnlessAsked) {
    const auto plain = text_of({});
    EXPECT_EQ(plain.find('\033'), std::string::npos);
    EXPECT_NE(plain.find("composite"), std::string::npos);
    EXPECT_NE(plain.find("sse2 && !report.x"), std::string::npos);
    EXPECT_NE(plain.find("mov eax, 0x2"), std::string::npos);
    EXPECT_NE(plain.find("cpuid leaf 0x1 edx bit 26"), std::string::npos);
    EXPECT_NE(text_of({.colour = report::colours::always}).find("\033["), std::string::npos);
}

TEST_F(Report, JsonIsValidAndComplete) {
    const std::string file = testing::TempDir() + "inlay_report.json";
    std::ofstream{file} << text_of({.format = report::output::json});
    const std::string script =
        "import json,sys; r=json.load(open(sys.argv[1])); s=[s for s in r['sites'] if s['name']=='composite'][0]; "
        "assert r['cpu']=='this'; assert s['before']['bytes']=='b8 01 00 00 00'; assert "
        "s['after']['instructions']==['mov eax, 0x2']; "
        "assert s['choices'][1]['predicate']=='sse2 && !report.x' and s['choices'][1]['wins']; assert "
        "s['place']['line']>0; "
        "assert any(f['name']=='sse2' and f['value'] is True for f in r['features']); assert "
        "r['summary']['malformed']==0";
    EXPECT_EQ(std::system(("python3 -c \"" + script + "\" " + file).c_str()),
              0); // NOLINT(cert-env33-c, concurrency-mt-unsafe)
}

inline constexpr inlay::feature<"report.z", inlay::by_hand{}> z;
unsigned probes = 0;
bool is_big() {
    ++probes;
    return true;
}
inline constexpr inlay::feature<"report.big", &is_big> big;

inline constexpr auto barrier =
    inlay::alternative<mfence(), when<cpu.sse2, lfence()>, when<cpu.sse2 && !cpu.xenpv, lock_add()>>{}
        .named<"barrier">();
inline constexpr auto mixed =
    inlay::alternative<nop(3), when<(x || cpu.avx2) && big, lfence()>>{}.named<"mi\"xed\\\n\xff">();
inline constexpr inlay::ternary<x, mov(eax, 2), mov(eax, 1), mov(eax, 0)> chosen;

std::string one(std::string text) { return text + "1"; }
std::string two(std::string text) { return text + "2"; }
inline constexpr inlay::dispatch<"report.call", &one, when<x && !z, &two>> call;

int plus_one(int n) { return n + 1; }
int plus_two(int n) { return n + 2; }
int eight() { return 8; }
void ignore(int /*value*/) {}
inline constexpr inlay::static_key<"report.key", false> key;
inline constexpr inlay::static_switch<"report.switch", 20, 3U> way;
inline constexpr inlay::static_call<"report.static", &plus_one> retargeted;
inline constexpr inlay::static_call<"report.null", inlay::no_target<void(int)>> probe;
inline constexpr inlay::hook<"report.hook", void(int)> hooked;
inline constexpr inlay::static_call<"report.zero", inlay::no_target<long(int)>> ask;

constexpr int key_line = __LINE__ + 2;
[[gnu::noinline]] int run_key(int n) {
    if (key) {
        n = n * 5 + 2;
    }
    return n;
}
[[gnu::noinline]] unsigned run_switch() { return way * 3; }
[[gnu::noinline]] int run_static(int n) { return retargeted(n) + 1; }
[[gnu::noinline]] void run_probe(int n) {
    probe.maybe(n);
    asm volatile(""); // NOLINT(hicpp-no-assembler): not a tail
}
[[gnu::noinline]] long run_ask(int n) { return ask.maybe(n) + 1; }
[[gnu::noinline]] void ignore_hook(int /*n*/) noexcept {}
[[gnu::noinline]] void run_hooked(int n) { hooked(n); }

struct hook_ops {
    inlay::pv_op<int(int), &plus_one> add;
    inlay::pv_op<int(), inlay::callee_save<mov(eax, 7)>> seven;
    inlay::pv_op<void(int), &ignore> idle;
    inlay::pv_op<void(int), nullptr> kick;
};
inline constinit hook_ops hooks; // NOLINT(*-avoid-non-const-global-variables)
inline constexpr inlay::pv_call<&hooks, &hook_ops::add> hook_add;
inline constexpr inlay::pv_alt_call<&hooks, &hook_ops::seven, mov(eax, 7), !z> hook_seven;
inline constexpr inlay::pv_call<&hooks, &hook_ops::idle> hook_idle;
inline constexpr inlay::pv_call<&hooks, &hook_ops::kick> hook_kick;

constexpr int hook_line = __LINE__ + 1;
[[gnu::noinline]] int run_hook_add(int n) { return hook_add(n) * 2; }
[[gnu::noinline]] int run_hook_seven() { return hook_seven() * 2; }
[[gnu::noinline]] void run_hook_idle() { hook_idle(1); }
[[gnu::noinline]] void run_hook_kick() { hook_kick(1); }

constexpr int barrier_line = __LINE__ + 2;
[[gnu::noinline]] void run_barrier() {
    barrier();
    asm volatile(""); // NOLINT(hicpp-no-assembler): not a tail
}
[[gnu::noinline]] void run_mixed() { mixed(); }
[[gnu::noinline]] int run_chosen() { return chosen.returns<rax, int>()(); }
constexpr int call_line = __LINE__ + 1;
[[gnu::noinline]] std::string run_call(const std::string& text) { return call(text); }

/// The site in a function: names are tested, and one site has none.
report::site_entry site_in(const report::contents& what, const std::string& function) {
    for (const auto& each : what.sites) {
        if (each.where.function.find("(anonymous namespace)::" + function + '(') == 0) {
            return each;
        }
    }
    ADD_FAILURE() << "no site in " << function;
    return {};
}
report::site_entry site_of(const std::string& function, const std::string& model = "this") {
    return site_in(collected(model), function);
}
report::feature_entry feature_of(const std::string& feature, const std::string& model) {
    for (const auto& each : collected(model).features) {
        if (each.name == feature) {
            return each;
        }
    }
    ADD_FAILURE() << "no feature " << feature;
    return {};
}

using lines = std::vector<std::string>;

/// The sites of a name, by address.
std::vector<report::site_entry> sites_of(const std::string& name, const report::contents& what = collected("this")) {
    std::vector<report::site_entry> all;
    std::copy_if(what.sites.begin(), what.sites.end(), std::back_inserter(all),
                 [&](const auto& each) { return each.name == name; });
    return all;
}

/// Functions whose sites can be patched. Without optimisation calls are indirect, and keep their trampoline.
inline constexpr const char* optimised[] = {
    // NOLINT(*-avoid-c-arrays)
    "run_barrier",
    "run_mixed",
    "run_chosen",
#ifdef __OPTIMIZE__
    "run_call",
#endif
};

lines predicates(const report::site_entry& site) {
    lines all;
    for (const auto& each : site.choices) {
        all.push_back(each.predicate + (each.wins ? " *" : ""));
    }
    return all;
}

/// Sets the features by hand and applies; expects success.
void apply_with(bool x_value, bool z_value) {
    inlay::set(x, x_value);
    inlay::set(z, z_value);
    const auto done = inlay::apply();
    ASSERT_TRUE(done) << inlay::message(done.error());
}

class ReportSites : public testing::Test {
protected:
    void SetUp() override {
        // The linker keeps names that are used.
        EXPECT_TRUE(inlay::set(key, false));
        EXPECT_TRUE(inlay::set(way, 3));
        EXPECT_TRUE(inlay::update(retargeted, &plus_one));
        EXPECT_TRUE(inlay::update(probe, nullptr));
        EXPECT_TRUE(inlay::update(ask, nullptr));
        EXPECT_EQ(run_key(1), 1);
        EXPECT_EQ(run_switch(), 9U);
        EXPECT_EQ(run_static(1), 3);
        EXPECT_EQ(run_ask(1), 1);
        hooks = hook_ops{};
        EXPECT_NE(run_hook_seven(), 0);
        run_probe(1);
        run_barrier();
        run_mixed();
        EXPECT_NE(run_chosen(), 3);
        EXPECT_NE(run_call(""), "");
        inlay::set(x, false);
        inlay::set(z, false);
        inlay::set(cpu.xenpv, false);
    }
};

TEST_F(ReportSites, ADispatchThatWasToldOtherwise) {
    apply_with(false, false);
    const auto winner = [] {
        std::string all;
        const auto contents = collected("this");
        for (const auto& each : site_called(contents, "report.call").choices) {
            all += each.wins ? each.target + ';' : "";
        }
        return all;
    };
    const std::string automatic = winner();
    EXPECT_NE(automatic, "");
    ASSERT_TRUE(inlay::choose(call, 1, inlay::unsupported_too));
    EXPECT_NE(winner(), automatic);
    EXPECT_NE(winner(), "");
    ASSERT_TRUE(inlay::choose_automatically(call));
    EXPECT_EQ(winner(), automatic);
}

// ---- Words and places -----------------------------------------------------------------------------------

// Taken before main(), so before any test applies.
const report::contents fresh = collected("this"); // NOLINT(cert-err58-cpp)

TEST_F(ReportSites, AFreshProgramHoldsItsOriginals) {
    for (const auto* const function : optimised) {
        const auto site = site_in(fresh, function);
        EXPECT_EQ(site.state, report::state::original) << function;
        EXPECT_EQ(site.now.bytes, site.before.bytes) << function;
        EXPECT_EQ(site.trouble, "") << function;
    }
    EXPECT_EQ(fresh.summary.patched + fresh.summary.other, 0U);
    EXPECT_EQ(fresh.summary.original, fresh.summary.alternatives);
    EXPECT_EQ(fresh.summary.through_trampoline, fresh.summary.calls);
    EXPECT_EQ(fresh.summary.malformed, 0U);
}

TEST_F(ReportSites, PredicatesInWords) {
    EXPECT_EQ(predicates(site_of("run_barrier")), (lines{"original", "sse2", "sse2 && !xenpv *"}));
    EXPECT_EQ(predicates(site_of("run_mixed", "none")), (lines{"original *", "(report.x || avx2) && report.big"}));
    EXPECT_EQ(predicates(site_of("run_chosen")), (lines{"original", "always *", "report.x"}));
    EXPECT_EQ(predicates(site_of("run_call")), (lines{"default *", "report.x && !report.z"}));
}

TEST_F(ReportSites, Names) {
    EXPECT_EQ(site_of("run_barrier").name, "barrier");
    EXPECT_EQ(site_of("run_chosen").name, "(unnamed)");
    EXPECT_EQ(site_of("run_call").name, "report.call");
}

TEST_F(ReportSites, PlacesAreTheUsersFunctionAndLine) {
    const auto barrier_place = site_of("run_barrier").where;
    EXPECT_EQ(barrier_place.function, "(anonymous namespace)::run_barrier()");
    EXPECT_LT(barrier_place.offset, 4096U);
    EXPECT_TRUE(barrier_place.file.ends_with("tests/report_test.cpp")) << barrier_place.file;
    EXPECT_EQ(barrier_place.line, barrier_line);
    const auto call_place = site_of("run_call").where;
    EXPECT_TRUE(call_place.file.ends_with("tests/report_test.cpp")) << call_place.file;
    EXPECT_EQ(call_place.line, call_line);
}

TEST_F(ReportSites, AnAddressOfNoModuleIsANumber) {
    const report::symbols symbols;
    EXPECT_EQ(symbols.describe(0x10), "0x10");
    EXPECT_EQ(symbols.describe(reinterpret_cast<inlay::address>(&run_barrier)), "(anonymous namespace)::run_barrier");
    EXPECT_EQ(symbols.describe(reinterpret_cast<inlay::address>(&run_barrier) + 1),
              "(anonymous namespace)::run_barrier+0x1");
}

TEST(WithoutParameters, KeepsNames) {
    using report::without_parameters;
    EXPECT_EQ(without_parameters("main"), "main");
    EXPECT_EQ(without_parameters("a::f(int, char) const"), "a::f");
    EXPECT_EQ(without_parameters("f(int (*)(int)) [clone .cold]"), "f");
    EXPECT_EQ(without_parameters("(anonymous namespace)::f(int)"), "(anonymous namespace)::f");
    EXPECT_EQ(without_parameters("main::{lambda()#1}::operator()() const"), "main::{lambda()#1}::operator()");
    EXPECT_EQ(without_parameters("(anonymous namespace)"), "(anonymous namespace)");
}

// ---- Decisions on any CPU -----------------------------------------------------------------------------

TEST_F(ReportSites, BeforeAndAfterAreDisassembled) {
    const auto site = site_of("run_barrier");
    EXPECT_EQ(site.before.instructions, (lines{"mfence", "nop"}));
    EXPECT_EQ(site.after.instructions, (lines{"lock add dword ptr [rsp-0x4], 0x0"}));
    EXPECT_EQ(site.before.bytes.size(), site.after.bytes.size());
    EXPECT_EQ(report::hex_bytes(site.before.bytes).substr(0, 8), "0f ae f0");
    EXPECT_EQ(site_of("run_mixed", "x86-64-v3,+report.big").after.instructions, lines{"lfence"});

    const auto called = site_of("run_call", "this,+report.x");
    ASSERT_EQ(called.choices.size(), 2U);
    EXPECT_EQ(called.choices[0].target, "(anonymous namespace)::one");
#ifdef __OPTIMIZE__
    ASSERT_EQ(called.before.instructions.size(), 1U);
    EXPECT_TRUE(called.before.instructions[0].ends_with(" trampoline of report.call")) << called.before.instructions[0];
    EXPECT_TRUE(called.after.instructions[0].ends_with(" (anonymous namespace)::two")) << called.after.instructions[0];
#endif
}

TEST_F(ReportSites, OtherCpusAreDecidedToo) {
    EXPECT_EQ(site_of("run_barrier", "none").after.instructions, (lines{"mfence", "nop"}));
    EXPECT_EQ(site_of("run_barrier", "x86-64").after.instructions[0], "lock add dword ptr [rsp-0x4], 0x0");
    EXPECT_EQ(site_of("run_barrier", "x86-64,+xenpv").after.instructions, (lines{"lfence", "nop"}));
    EXPECT_EQ(site_of("run_barrier", "this,-sse2").after.instructions, (lines{"mfence", "nop"}));
    EXPECT_EQ(site_of("run_barrier", "none,-sse2,+sse2").after.instructions[0], "lock add dword ptr [rsp-0x4], 0x0");
    EXPECT_EQ(site_of("run_chosen", "none").after.instructions, lines{"mov eax, 0x1"});
    EXPECT_EQ(site_of("run_chosen", "none,+report.x").after.instructions, lines{"mov eax, 0x2"});
}

TEST_F(ReportSites, LevelsBuildOnEachOther) {
    EXPECT_FALSE(feature_of("avx2", "x86-64-v2").value);
    EXPECT_TRUE(feature_of("avx2", "x86-64-v3").value);
    EXPECT_TRUE(feature_of("avx2", "x86-64-v4").value);
    EXPECT_TRUE(feature_of("sse2", "x86-64-v4").value);
    EXPECT_FALSE(feature_of("sse2", "none").value);
    for (const auto& level : report::cpu_levels) {
        std::istringstream words{level.adds};
        for (std::string word; words >> word;) {
            EXPECT_TRUE(inlay::arch::is_feature_name(word.data(), word.size())) << word;
        }
    }
}

TEST_F(ReportSites, FeaturesSayHowTheyWereFound) {
    EXPECT_EQ(feature_of("sse2", "this").found_by, "cpuid leaf 0x1 edx bit 26");
    EXPECT_EQ(feature_of("avx2", "this").found_by, "cpuid leaf 0x7 ebx bit 5, xcr0 0x6");
    EXPECT_EQ(feature_of("report.x", "this").found_by, "by hand");
    EXPECT_EQ(feature_of("report.big", "this").found_by, "function (anonymous namespace)::is_big");
    EXPECT_EQ(feature_of("sse2", "this").decided_by, "probe");
    EXPECT_EQ(feature_of("sse2", "this,-sse2").decided_by, "-sse2");
    EXPECT_EQ(feature_of("sse2", "x86-64-v2,+avx2").decided_by, "x86-64-v2");
}

TEST_F(ReportSites, ThisCpuHasWhatItsProbesSay) {
    inlay::set(x, true);
    EXPECT_TRUE(feature_of("report.x", "this").value);
    EXPECT_FALSE(feature_of("report.x", "x86-64-v4").value);
    EXPECT_EQ(feature_of("avx2", "this").value, inlay::arch::has(cpu.avx2.probe().encode()));
    probes = 0;
    EXPECT_TRUE(feature_of("report.big", "this").value);
    EXPECT_EQ(probes, 1U);
    EXPECT_FALSE(feature_of("report.big", "x86-64-v4").value);
    EXPECT_EQ(probes, 1U) << "other CPUs' features are not probed here";
}

TEST_F(ReportSites, ForcedFeaturesCountOnThisCpu) {
    const auto tables = inlay::this_image();
    const inlay::platform::process image;
    const auto force = [&](const char* text) {
        EXPECT_TRUE(inlay::override_features(tables, image, text, inlay::arch::is_feature_name));
    };
    force("-sse2");
    const auto forced = feature_of("sse2", "this");
    const auto named = feature_of("sse2", "x86-64");
    const auto asked = feature_of("sse2", "this,+sse2");
    force("");
    EXPECT_TRUE(forced.forced);
    EXPECT_FALSE(forced.value);
    EXPECT_EQ(forced.decided_by, "forced");
    EXPECT_TRUE(named.value);
    EXPECT_TRUE(asked.value);
    EXPECT_TRUE(feature_of("sse2", "this").value);
}

std::string refused(const std::string& model) {
    try {
        (void)collected(model);
    } catch (const std::invalid_argument& why) {
        return why.what();
    }
    return "accepted";
}

TEST_F(ReportSites, UnknownCpusAndFeaturesAreNamed) {
    EXPECT_EQ(refused("x86-64-v9"), "inlay: unknown CPU \"x86-64-v9\": write one of this, none, x86-64, x86-64-v2, "
                                    "x86-64-v3, x86-64-v4, then changes such as \",-avx2,+app.x\"");
    EXPECT_EQ(refused("").substr(0, 23), "inlay: unknown CPU \"\": ");
    EXPECT_EQ(refused("this,-avx3"),
              "inlay: unknown feature \"avx3\" in the CPU \"this,-avx3\": no site uses it and the "
              "architecture has none of that name");
    EXPECT_EQ(refused("this,avx2"), "inlay: \"avx2\" in the CPU \"this,avx2\" must be +feature or -feature");
    EXPECT_EQ(refused("this,"), "inlay: \"\" in the CPU \"this,\" must be +feature or -feature");
    EXPECT_EQ(refused("this,+"), "inlay: \"+\" in the CPU \"this,+\" must be +feature or -feature");
    EXPECT_EQ(refused("x86-64-v3,+smap,+report.x,-amx_tile"), "accepted");
}

// ---- The text in memory -------------------------------------------------------------------------------

TEST_F(ReportSites, StatesFollowApply) {
    apply_with(true, false);
    auto what = collected("this");
    for (const auto* const function : optimised) {
        const auto site = site_in(what, function);
        EXPECT_EQ(site.state, report::state::patched) << function;
        EXPECT_EQ(site.now.bytes, site.after.bytes) << function;
        EXPECT_TRUE(site.as_decided()) << function;
    }
    EXPECT_EQ(run_call("a"), "a2");
#ifdef __OPTIMIZE__
    EXPECT_TRUE(site_in(what, "run_call").direct);
    EXPECT_EQ(site_in(what, "run_call").where.line, call_line) << "found again where apply() found it";
    EXPECT_EQ(what.summary.direct, what.summary.calls);
    EXPECT_EQ(what.summary.as_decided, what.sites.size());
    EXPECT_EQ(site_of("run_call", "this,-report.x").state, report::state::other);
#endif

    // The same memory against other CPUs.
    EXPECT_EQ(site_of("run_barrier", "none").state, report::state::other);
    EXPECT_EQ(site_of("run_barrier", "none").now.instructions[0], "lock add dword ptr [rsp-0x4], 0x0");
    EXPECT_EQ(site_of("run_chosen", "this,-report.x").state, report::state::other);

    // apply() writes the bytes that the report predicts.
    const auto predicted = site_of("run_chosen", "this,-report.x").after.bytes;
    apply_with(false, false);
    EXPECT_EQ(site_of("run_chosen").now.bytes, predicted);
    EXPECT_EQ(site_of("run_mixed", "none").state,
              inlay::arch::has(cpu.avx2.probe().encode()) ? report::state::other : report::state::original);
}

TEST_F(ReportSites, ReportingChangesNothing) {
    apply_with(true, false);
    (void)collected("none");
    (void)collected("this,-report.x");
    EXPECT_EQ(run_chosen(), 2);
    EXPECT_EQ(run_call("a"), "a2");
    const auto again = inlay::apply();
    EXPECT_TRUE(again);
    EXPECT_EQ(again.written, 0U);
}

// ---- Keys, switches and static calls --------------------------------------------------------------------

TEST_F(ReportSites, KeysOfAFreshProgramReadMemory) {
    const auto site = site_in(fresh, "run_key");
    EXPECT_EQ(site.kind, report::site_kind::static_key);
    EXPECT_EQ(site.name, "report.key");
    EXPECT_EQ(site.value, 0U);
    EXPECT_EQ(site.where.line, key_line);
    EXPECT_EQ(site.state, report::state::original);
    EXPECT_FALSE(site.direct);
    EXPECT_FALSE(site.as_decided());
    EXPECT_EQ(site.trouble, "");
    EXPECT_EQ(site.before.bytes, site.now.bytes);
    EXPECT_TRUE(site.before.instructions.at(0).starts_with("jmp ")) << site.before.instructions[0];
    EXPECT_EQ(site.after.instructions, lines{"nop"});
    EXPECT_EQ(predicates(site), (lines{"false *", "true"}));
    EXPECT_EQ(site.choices[0].where.at, 0U) << "falls through";
    const auto& taken = site.choices[1];
    EXPECT_NE(taken.where.function.find("run_key"), std::string::npos) << taken.where.function;
    EXPECT_TRUE(taken.where.file.empty() || taken.where.line == key_line || taken.where.line == key_line + 1)
        << taken.where.line;
    EXPECT_TRUE(taken.code.instructions.at(0).starts_with("jmp "));
    EXPECT_EQ(taken.code.bytes.size(), site.before.bytes.size());
    EXPECT_NE(taken.code.bytes, site.before.bytes);
    EXPECT_EQ(fresh.summary.keys, 1 + sites_of("report.switch").size());
    EXPECT_EQ(fresh.summary.keys_direct, 0U);
    EXPECT_EQ(fresh.summary.calls, 2U) << "those of dispatches";
    EXPECT_EQ(fresh.summary.static_calls, 4U);
    EXPECT_EQ(fresh.summary.static_calls_direct, 0U);
}

TEST_F(ReportSites, KeysFollowApplyAndSet) {
    const auto planned = site_of("run_key").choices.at(1).code.bytes;
    apply_with(false, false);
    auto site = site_of("run_key");
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_EQ(site.now.instructions, lines{"nop"});
    EXPECT_TRUE(site.direct);
    EXPECT_TRUE(site.before.bytes.empty()) << "it is noted nowhere";
    ASSERT_TRUE(inlay::set(key, true));
    site = site_of("run_key");
    EXPECT_EQ(site.value, 1U);
    EXPECT_EQ(predicates(site), (lines{"false", "true *"}));
    EXPECT_EQ(site.now.bytes, planned);
    EXPECT_EQ(site.after.bytes, planned);
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_EQ(run_key(1), 7);
}

TEST_F(ReportSites, ASwitchSaysWhichSitesStayWhatTheyAre) {
    apply_with(false, false);
    auto sites = sites_of("report.switch");
    ASSERT_GE(sites.size(), 3U); // without optimisation also those that are never reached
    const auto which = [&](const char* first) -> const report::site_entry& {
        return *std::find_if(sites.begin(), sites.end(), [&](const auto& s) {
            const std::string& predicate = s.choices.at(0).predicate;
            return predicate == first;
        });
    };
    EXPECT_EQ(predicates(which("0 to 15")), (lines{"0 to 15 *", "16 and up"}));
    EXPECT_EQ(which("0 to 15").now.instructions, lines{"nop"}) << "the initial value falls through";
    EXPECT_EQ(predicates(which("0")).at(3), "3 *");
    EXPECT_EQ(which("0").choices.size(), 16U);
    EXPECT_EQ(which("0").now.instructions, lines{"nop"});
    EXPECT_EQ(which("0").choices.at(3).where.at, 0U);
    EXPECT_NE(which("0").choices.at(4).where.at, 0U);
    EXPECT_EQ(predicates(which("16")), (lines{"16", "17", "18", "19"}));
    const char* const stays = "is in another group of ways: the site stays what it is";
    EXPECT_TRUE(which("16").trouble.ends_with(stays)) << which("16").trouble;
    EXPECT_EQ(which("16").after.bytes, which("16").now.bytes);
    EXPECT_TRUE(which("16").as_decided());
    EXPECT_FALSE(which("16").malformed);

    ASSERT_TRUE(inlay::set(way, 18));
    sites = sites_of("report.switch");
    EXPECT_EQ(predicates(which("0 to 15")), (lines{"0 to 15", "16 and up *"}));
    EXPECT_EQ(predicates(which("16")).at(2), "18 *");
    EXPECT_EQ(which("16").trouble, "");
    EXPECT_EQ(which("16").state, report::state::patched);
    EXPECT_EQ(which("16").now.bytes, which("16").choices[2].code.bytes);
    EXPECT_EQ(which("0").trouble, std::string{"the value 18 "} + stays);
    EXPECT_EQ(which("0").state, report::state::patched);
    EXPECT_EQ(collected("this").summary.keys_direct, fresh.summary.keys);
    EXPECT_EQ(run_switch(), 54U);
}

TEST_F(ReportSites, StaticCallsFollowApplyAndUpdate) {
    const auto before = site_in(fresh, "run_static");
    EXPECT_EQ(before.kind, report::site_kind::static_call);
    EXPECT_EQ(before.name, "report.static");
    EXPECT_EQ(before.choices.at(0).target, "(anonymous namespace)::plus_one");
    apply_with(false, false);
    EXPECT_EQ(site_of("run_probe").choices.at(0).target, "nothing");
    EXPECT_EQ(site_of("run_ask").choices.at(0).target, "returns zero");
#ifdef __OPTIMIZE__
    EXPECT_EQ(before.state, report::state::original);
    EXPECT_EQ(before.trouble, "not patched yet; the call goes through its trampoline");
    EXPECT_EQ(before.now.instructions, lines{"call trampoline of report.static"});
    EXPECT_EQ(before.after.instructions, lines{"call (anonymous namespace)::plus_one"});
    EXPECT_EQ(site_in(fresh, "run_probe").after.instructions, lines{"nop"});

    auto site = site_of("run_static");
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_TRUE(site.direct);
    EXPECT_EQ(site.trouble, "");
    EXPECT_EQ(site.before.instructions, lines{"call trampoline of report.static"});
    EXPECT_EQ(site.now.bytes, before.after.bytes);
    const auto what = collected("this");
    for (const auto* const function : {"run_probe", "run_ask"}) {
        site = site_in(what, function);
        EXPECT_EQ(site.state, report::state::patched) << function;
        EXPECT_TRUE(site.direct) << function;
        EXPECT_TRUE(site.before.instructions.at(0).starts_with("call trampoline of report.")) << function;
    }
    EXPECT_EQ(site_in(what, "run_probe").now.instructions, lines{"nop"});
    EXPECT_EQ(site_in(what, "run_ask").now.instructions, lines{"xor rax, rax"});
    EXPECT_EQ(what.summary.static_calls_direct, 4U);

    ASSERT_TRUE(inlay::update(retargeted, &plus_two));
    ASSERT_TRUE(inlay::update(probe, [](int) {}));
    site = site_of("run_static");
    EXPECT_EQ(site.choices.at(0).target, "(anonymous namespace)::plus_two");
    EXPECT_EQ(site.now.instructions, lines{"call (anonymous namespace)::plus_two"});
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_EQ(site_of("run_probe").choices.at(0).predicate, "target");
    EXPECT_TRUE(site_of("run_probe").now.instructions.at(0).starts_with("call "));
#endif
}

TEST_F(ReportSites, AHookIsANopOrACallOfItsTrampoline) {
    const auto before = site_in(fresh, "run_hooked");
    EXPECT_EQ(before.kind, report::site_kind::static_call);
    EXPECT_EQ(before.name, "report.hook");
    EXPECT_EQ(before.now.instructions, lines{"call trampoline of report.hook"});
    EXPECT_EQ(before.after.instructions, lines{"nop"});
    apply_with(false, false);
    auto site = site_of("run_hooked");
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_EQ(site.choices.at(0).target, "nothing");
    EXPECT_EQ(site.now.instructions, lines{"nop"});
    EXPECT_TRUE(site.direct);

    ASSERT_TRUE(inlay::update(hooked, &ignore_hook));
    site = site_of("run_hooked");
    EXPECT_EQ(site.trouble, "");
    EXPECT_EQ(site.choices.at(0).predicate, "hook");
    EXPECT_EQ(site.choices.at(0).target, "(anonymous namespace)::ignore_hook");
    EXPECT_EQ(site.now.instructions, lines{"call trampoline of report.hook"});
    EXPECT_EQ(site.after.bytes, site.now.bytes);
    EXPECT_TRUE(site.direct) << "there is no shorter way";
    run_hooked(1);
    ASSERT_TRUE(inlay::update(hooked, nullptr));
    EXPECT_EQ(site_of("run_hooked").now.instructions, lines{"nop"});
}

TEST_F(ReportSites, OtherCpusAreTheSameToKeysAndStaticCalls) {
    apply_with(false, false);
    ASSERT_TRUE(inlay::set(way, 19));
    const auto here = collected("this");
    for (const auto* const model : {"none", "x86-64-v4,+report.x"}) {
        const auto there = collected(model);
        for (const auto* const name : {"report.key", "report.switch", "report.static", "report.null"}) {
            const auto mine = sites_of(name, here);
            const auto theirs = sites_of(name, there);
            ASSERT_EQ(mine.size(), theirs.size());
            for (std::size_t i = 0; i < mine.size(); ++i) {
                EXPECT_EQ(mine[i].after.bytes, theirs[i].after.bytes) << name;
                EXPECT_EQ(mine[i].state, theirs[i].state) << name;
                EXPECT_EQ(predicates(mine[i]), predicates(theirs[i])) << name;
            }
        }
    }
}

TEST_F(ReportSites, KeysAndStaticCallsAsText) {
    std::ostringstream before;
    report::write_text(before, fresh);
    const std::string line = "report_test.cpp:" + std::to_string(key_line) + " in (anonymous namespace)::run_key";
    EXPECT_NE(before.str().find("report.key  static key  "), std::string::npos) << before.str();
    EXPECT_NE(before.str().find(line), std::string::npos);
    EXPECT_NE(before.str().find("    before  reads memory  "), std::string::npos);
    const std::string keys = std::to_string(fresh.summary.keys);
    EXPECT_NE(before.str().find("  " + keys + " sites of keys: 0 direct, " + keys + " reading memory\n"),
              std::string::npos);
    apply_with(false, false);
    ASSERT_TRUE(inlay::set(way, 18));
    const std::string after = text_of({});
    EXPECT_EQ(after.find("reads memory"), std::string::npos);
    EXPECT_NE(after.find("  nop, falls through\n"), std::string::npos);
    EXPECT_NE(after.find("report.switch  static switch  "), std::string::npos);
    EXPECT_NE(after.find("    note    the value 18 is in another group of ways"), std::string::npos);
    EXPECT_NE(after.find("    after   18  "), std::string::npos);
    EXPECT_NE(after.find("report.static  static call  "), std::string::npos);
    EXPECT_NE(after.find("  " + keys + " sites of keys: " + keys + " direct, 0 reading memory\n"), std::string::npos);
#ifdef __OPTIMIZE__
    EXPECT_NE(before.str().find("    note    not patched yet; the call goes through its trampoline"),
              std::string::npos);
    EXPECT_NE(after.find("    after   nothing     0f 1f 44 00 00  nop\n"), std::string::npos) << after;
    EXPECT_NE(after.find("  4 static calls: 4 direct, 0 through a trampoline\n"), std::string::npos);
#endif
}

TEST_F(ReportSites, KeysAndStaticCallsAsJson) {
    apply_with(false, false);
    const std::string file = testing::TempDir() + "inlay_report_names.json";
    std::ofstream{file} << text_of({.format = report::output::json});
    const std::string script =
        "import json,sys; r=json.load(open(sys.argv[1])); s={s['name']: s for s in r['sites']}; "
        "k=s['report.key']; assert k['kind']=='static key' and k['value'] is False and k['direct'] and not "
        "k['before']; "
        "assert [c['predicate'] for c in k['choices']]==['false','true']; "
        "assert k['choices'][0]['place'] is None and k['choices'][1]['place']['line']!=0; "
        "w=s['report.switch']; assert w['kind']=='static switch' and w['value']==3; "
        "c=s['report.null']; assert c['kind']=='static call' and 'direct' in c; "
        "assert c['choices'][0]['target']=='nothing' and c['choices'][0]['predicate'] is None; "
        "t=r['summary']; assert t['keys']>=4 and t['keys_direct']>=3 and t['static_calls']==4 and t['calls']==2";
    EXPECT_EQ(std::system(("python3 -c \"" + script + "\" " + file).c_str()),
              0); // NOLINT(cert-env33-c, concurrency-mt-unsafe)
}

// ---- Paravirt calls -------------------------------------------------------------------------------------

TEST_F(ReportSites, PvCallsOfAFreshProgramGoThroughThePointer) {
    auto site = site_in(fresh, "run_hook_add");
    EXPECT_EQ(site.kind, report::site_kind::pv_call);
    EXPECT_EQ(site.name, "hooks.add");
    EXPECT_EQ(site.where.line, hook_line);
    EXPECT_EQ(site.state, report::state::original);
    EXPECT_FALSE(site.direct);
    EXPECT_FALSE(site.as_decided());
    EXPECT_EQ(site.trouble, "");
    EXPECT_EQ(site.now.bytes, site.before.bytes);
    EXPECT_EQ(site.before.instructions, lines{"call [hooks.add]"});
    EXPECT_EQ(predicates(site), lines{"call *"});
    EXPECT_EQ(site.choices[0].ordinal, 0U);
    EXPECT_EQ(site.choices[0].target, "(anonymous namespace)::plus_one");
    EXPECT_EQ(site.choices[0].code.bytes, site.after.bytes);
    EXPECT_EQ(site.after.instructions, (lines{"call (anonymous namespace)::plus_one", "nop"}));

    site = site_in(fresh, "run_hook_seven");
    EXPECT_EQ(site.kind, report::site_kind::pv_call);
    EXPECT_EQ(site.state, report::state::original);
    EXPECT_EQ(predicates(site), (lines{"call", "!report.z *"}));
    EXPECT_EQ(site.choices[0].code.instructions, (lines{"call function of instructions", "nop"}));
    EXPECT_EQ(site.choices[0].target, "function of instructions");
    EXPECT_EQ(site.choices[1].target, "") << "code, no function";
    EXPECT_EQ(site.after.instructions, (lines{"mov eax, 0x7", "nop"}));

    EXPECT_EQ(site_in(fresh, "run_hook_kick").choices.at(0).target, "missing");
    EXPECT_EQ(site_in(fresh, "run_hook_kick").after.instructions,
              (lines{"call reporter of missing operations", "nop"}));
    EXPECT_EQ(fresh.summary.pv_calls, 4U);
    EXPECT_EQ(fresh.summary.pv_calls_direct + fresh.summary.pv_calls_inlined, 0U);
}

TEST_F(ReportSites, PvCallsFollowApplyAndTheirTable) {
    hooks.idle = inlay::pv_nop;
    const auto planned = collected("this");
    EXPECT_EQ(site_in(planned, "run_hook_idle").choices.at(0).target, "nothing");
    EXPECT_EQ(site_in(planned, "run_hook_idle").after.instructions, lines{"nop"});
    apply_with(false, false);
    const auto what = collected("this");
    for (const auto* const function : {"run_hook_add", "run_hook_seven", "run_hook_idle", "run_hook_kick"}) {
        const auto site = site_in(what, function);
        EXPECT_EQ(site.state, report::state::patched) << function;
        EXPECT_EQ(site.now.bytes, site_in(planned, function).after.bytes) << function;
        EXPECT_TRUE(site.as_decided()) << function;
        EXPECT_TRUE(site.direct) << function;
        EXPECT_EQ(site.inlined, std::string{function} == "run_hook_seven") << function;
        EXPECT_TRUE(site.before.instructions.at(0).starts_with("call [hooks.")) << function;
        EXPECT_EQ(site.trouble, "") << function;
    }
    EXPECT_EQ(what.summary.pv_calls, 4U);
    EXPECT_EQ(what.summary.pv_calls_direct, 3U);
    EXPECT_EQ(what.summary.pv_calls_inlined, 1U);
    EXPECT_EQ(run_hook_add(1), 4);
    run_hook_idle();
    static std::string missing;
    inlay::on_missing_operation([](const char* operation) noexcept { missing = operation; });
    run_hook_kick();
    EXPECT_EQ(missing, "hooks.kick");

    // A table that was changed since apply().
    hooks.add = &plus_two;
    EXPECT_EQ(site_of("run_hook_add").state, report::state::other);
    EXPECT_EQ(site_of("run_hook_add").choices.at(0).target, "(anonymous namespace)::plus_two");
    EXPECT_EQ(site_of("run_hook_add").after.instructions.at(0), "call (anonymous namespace)::plus_two");
    EXPECT_EQ(site_of("run_hook_add").now.instructions.at(0), "call (anonymous namespace)::plus_one");
    EXPECT_TRUE(site_of("run_hook_add").direct);

    // The call where the predicate does not hold, here and on CPUs by name.
    hooks.seven = inlay::callee_save<&eight>;
    EXPECT_EQ(site_of("run_hook_seven").state, report::state::patched) << "native code is in place: nothing is called";
    apply_with(false, true);
    const auto site = site_of("run_hook_seven");
    EXPECT_EQ(predicates(site), (lines{"call *", "!report.z"}));
    EXPECT_EQ(site.state, report::state::patched);
    EXPECT_FALSE(site.inlined);
    EXPECT_TRUE(site.direct);
    EXPECT_EQ(site.choices[0].target, "thunk of (anonymous namespace)::eight");
    EXPECT_EQ(site.now.instructions.at(0), "call thunk of (anonymous namespace)::eight");
    EXPECT_EQ(run_hook_seven(), 16);
    EXPECT_EQ(predicates(site_of("run_hook_seven", "none")), (lines{"call", "!report.z *"}));
    EXPECT_EQ(site_of("run_hook_seven", "none").state, report::state::other);
    EXPECT_EQ(site_of("run_hook_seven", "none,+report.z").after.bytes, site.now.bytes);
}

TEST_F(ReportSites, PvCallsAsText) {
    std::ostringstream before;
    report::write_text(before, fresh);
    const std::string line = "hooks.add  pv call  ";
    const auto first = before.str().find(line);
    ASSERT_NE(first, std::string::npos) << before.str();
    EXPECT_NE(before.str().find(
                  "report_test.cpp:" + std::to_string(hook_line) + " in (anonymous namespace)::run_hook_add", first),
              std::string::npos);
    EXPECT_NE(before.str().find("    before  pointer  ff 15 ", first), std::string::npos);
    EXPECT_NE(before.str().find("  call [hooks.add]\n", first), std::string::npos);
    EXPECT_NE(before.str().find("    after   call     e8 ", first), std::string::npos);
    EXPECT_NE(before.str().find("  4 pv calls: 0 direct, 0 inlined, 4 through the pointer\n"), std::string::npos);
    apply_with(false, false);
    const std::string after = text_of({});
    EXPECT_NE(after.find("  call (anonymous namespace)::plus_one; nop\n"), std::string::npos) << after;
    EXPECT_NE(after.find("    after   !report.z  b8 07 00 00 00 90  mov eax, 0x7; nop\n"), std::string::npos) << after;
    EXPECT_NE(after.find("            call       e8 "), std::string::npos) << "what is called elsewhere";
    EXPECT_NE(after.find("  4 pv calls: 3 direct, 1 inlined, 0 through the pointer\n"), std::string::npos);
}

TEST_F(ReportSites, PvCallsAsJson) {
    apply_with(false, false);
    const std::string file = testing::TempDir() + "inlay_report_pv.json";
    std::ofstream{file} << text_of({.format = report::output::json});
    const std::string script =
        "import json,sys; r=json.load(open(sys.argv[1])); s={s['name']: s for s in r['sites']}; "
        "a=s['hooks.add']; assert a['kind']=='pv call' and a['state']=='patched' and a['as_decided']; "
        "assert a['direct'] and not a['inlined']; "
        "assert a['before']['instructions']==['call [hooks.add]']; "
        "c=a['choices']; assert len(c)==1 and c[0]['ordinal']==0 and c[0]['predicate'] is None and c[0]['wins']; "
        "assert c[0]['target'].endswith('plus_one') and c[0]['code']==a['after']==a['now']; "
        "b=s['hooks.seven']; assert b['inlined'] and b['choices'][1]['target'] is None; "
        "assert b['choices'][1]['predicate']=='!report.z' and b['choices'][1]['wins']; "
        "assert s['hooks.kick']['choices'][0]['target']=='missing'; "
        "t=r['summary']; assert t['pv_calls']==4 and t['pv_calls_direct']==3 and t['pv_calls_inlined']==1";
    EXPECT_EQ(std::system(("python3 -c \"" + script + "\" " + file).c_str()),
              0); // NOLINT(cert-env33-c, concurrency-mt-unsafe)
}

// ---- Malformed and nested records, made by hand --------------------------------------------------------

/// One alternative in a made image: nop, or two bytes where a feature set by hand holds.
struct hand_made {
    made::memory memory{};
    made::platform image{memory};

    struct form {
        inlay::table::form head;
        std::array<std::uint8_t, 4> bytes;
    };
    struct call_form {
        inlay::table::form head;
        std::array<std::uint8_t, 8> bytes;
        inlay::table::indirect_call call;
    };
    struct data {
        inlay::address pointer;
        call_form call;
        std::array<inlay::table::alternative_record, 2> records;
        inlay::table::choice original, last, outer_original, outer;
        inlay::table::predicate_node holds;
        inlay::table::feature_record feature;
        inlay::table::feature_cell cell;
        form nop, pause, ud2;
        std::array<char, 8> name;
    };
    data& tables = *new (memory.data.data()) data{};

    hand_made() {
        memory.text.fill(0x90);
        made::refer(tables.feature.cell, &tables.cell);
        made::refer(tables.feature.name, tables.name.data());
        tables.name = {'h', 'a', 'n', 'd'};
        tables.holds.op = inlay::table::predicate_op::feature;
        made::refer(tables.holds.a, &tables.feature);
        const auto none = inlay::table::no_operand;
        const auto plain = inlay::table::form_kind::plain;
        tables.nop = {{1, plain, {}, {none, none, none, none}}, {0x90}};
        tables.pause = {{2, plain, {}, {none, none, none, none}}, {0xf3, 0x90}};
        tables.ud2 = {{4, plain, {}, {none, none, none, none}}, {0xcc, 0xcc, 0x0f, 0x0b}};
        chain(tables.original, tables.last, tables.pause, 2);
        chain(tables.outer_original, tables.outer, tables.ud2, 4);
        for (auto& record : tables.records) {
            made::refer(record.site, &memory.text[16]);
        }
        made::refer(tables.records[0].choices, &tables.last);
        made::refer(tables.records[1].choices, &tables.outer);
        tables.call = {{6, inlay::table::form_kind::indirect_call, {}, {2, none, none, none}}, {0xff, 0x15}, {}};
        const auto distance = static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(&tables.pointer) -
                                                        reinterpret_cast<std::intptr_t>(&tables.call.bytes[6]));
        std::memcpy(&tables.call.bytes[2], &distance, sizeof distance);
        made::refer(tables.call.call.pointer, &tables.pointer);
        made::refer(tables.call.call.nothing, &memory.text[600]);
        made::refer(tables.call.call.missing, &memory.text[700]);
    }

    /// Makes the original of one record a call through the pointer.
    void call_through_pointer(inlay::table::choice& original, inlay::table::choice& last) {
        made::refer(original.form, &tables.call);
        original.length = last.length = 6;
    }

    [[nodiscard]] std::pair<inlay::table::tables, report::contents> whole(std::size_t records) const {
        return {{{tables.records.data(), records * sizeof(tables.records[0])}, {}}, about(records)};
    }

    void chain(inlay::table::choice& original, inlay::table::choice& last, const form& to, std::uint8_t length) {
        made::refer(original.form, &tables.nop);
        original.length = length;
        made::refer(last.form, &to);
        made::refer(last.predicate, &tables.holds);
        made::refer(last.otherwise, &original);
        last.length = length;
        last.ordinal = 1;
    }

    [[nodiscard]] report::contents about(std::size_t records, const std::string& model = "none") const {
        const inlay::table::tables made_tables{{tables.records.data(), records * sizeof(tables.records[0])}, {}};
        return report::collect(made_tables, image, report::cpu_model::parse(model, {"hand"}));
    }
};

TEST(ReportOfMadeImage, NestedRecordsAreOneSite) {
    const hand_made made;
    const auto what = made.about(2, "none,+hand");
    ASSERT_EQ(what.sites.size(), 1U);
    EXPECT_EQ(predicates(what.sites[0]), (lines{"original", "hand", "hand *"}));
    EXPECT_EQ(what.sites[0].after.instructions, (lines{"int3", "int3", "ud2"}));
    EXPECT_EQ(what.sites[0].state, report::state::original) << "an assembler pads with single nops";
    EXPECT_EQ(made.about(2).sites[0].after.instructions, (lines{"nop", "nop"}));
}

TEST(ReportOfMadeImage, MalformedRecordsAreReportedInTheirPlace) {
    hand_made made;
    made.tables.last.length = 0;
    auto what = made.about(1);
    ASSERT_EQ(what.sites.size(), 1U);
    EXPECT_EQ(what.sites[0].trouble, inlay::message(inlay::error::site_empty));
    EXPECT_TRUE(what.sites[0].malformed);
    EXPECT_EQ(what.summary.malformed, 1U);
    made.tables.last.length = 2;

    made.tables.feature.kind = static_cast<inlay::table::probe_kind>(9);
    EXPECT_EQ(made.about(1).sites[0].trouble, inlay::message(inlay::error::feature_unknown));
    made.tables.feature.kind = {};

    made.tables.records[0].choices.distance = 0;
    EXPECT_EQ(made.about(1).sites[0].trouble, inlay::message(inlay::error::reference_outside));
    made::refer(made.tables.records[0].choices, &made.tables.last);

    made::refer(made.tables.records[0].site, made.memory.data.data());
    EXPECT_EQ(made.about(1).sites[0].trouble, inlay::message(inlay::error::site_outside_text));

    std::ostringstream text;
    report::write_text(text, made.about(1));
    EXPECT_NE(text.str().find("1 malformed"), std::string::npos);
}

TEST(ReportOfMadeImage, PvCallsOutOfReachGoThroughThePointer) {
    hand_made made;
    made.call_through_pointer(made.tables.original, made.tables.last);
    made.tables.pointer = reinterpret_cast<inlay::address>(made.memory.text.data()) + 800;
    auto site = made.about(1).sites.at(0);
    EXPECT_EQ(site.kind, report::site_kind::pv_call);
    EXPECT_EQ(site.trouble, "");
    EXPECT_EQ(site.after.bytes, (std::vector<std::uint8_t>{0xe8, 0x0b, 3, 0, 0, 0x90}));
    EXPECT_EQ(site.state, report::state::other) << "nops, which inlay did not write";

    made.tables.pointer = 0;
    EXPECT_EQ(made.about(1).sites.at(0).choices.at(0).target, "missing");
    EXPECT_EQ(made.about(1).sites.at(0).after.bytes, (std::vector<std::uint8_t>{0xe8, 0xa7, 2, 0, 0, 0x90}));

    made.tables.pointer = reinterpret_cast<inlay::address>(made.memory.text.data()) + (inlay::address{1} << 32U);
    site = made.about(1).sites.at(0);
    EXPECT_EQ(site.trouble, "the target is out of reach; the call goes through its pointer");
    EXPECT_FALSE(site.malformed);
    EXPECT_EQ(site.after.bytes, site.before.bytes);
    EXPECT_EQ(made.about(1, "none,+hand").sites.at(0).trouble, "") << "nothing is called";
    const auto [tables, planned] = made.whole(1);
    ASSERT_TRUE(inlay::apply(tables, made.image));
    EXPECT_EQ(made.about(1).sites.at(0).now.bytes, planned.sites.at(0).after.bytes);
    EXPECT_EQ(made.about(1).sites.at(0).state, report::state::original);
    EXPECT_TRUE(made.about(1).sites.at(0).as_decided());
    EXPECT_FALSE(made.about(1).sites.at(0).direct);
}

TEST(ReportOfMadeImage, AnAlternativeMayFollowAPvCallButNotComeBefore) {
    hand_made made;
    made.tables.pointer = reinterpret_cast<inlay::address>(made.memory.text.data()) + 800;
    made.call_through_pointer(made.tables.original, made.tables.last);
    EXPECT_EQ(predicates(made.about(2, "none,+hand").sites.at(0)), (lines{"call", "hand", "hand *"}));
    EXPECT_EQ(made.about(2).sites.at(0).kind, report::site_kind::pv_call);
    EXPECT_EQ(made.about(2).sites.at(0).trouble, "");

    made.call_through_pointer(made.tables.outer_original, made.tables.outer);
    made::refer(made.tables.original.form, &made.tables.nop);
    const auto [tables, what] = made.whole(2);
    EXPECT_EQ(what.sites.at(0).kind, report::site_kind::alternative);
    EXPECT_EQ(what.sites.at(0).trouble, inlay::message(inlay::error::call_behind_alternative));
    EXPECT_TRUE(what.sites.at(0).malformed);
    EXPECT_EQ(what.sites.at(0).state, report::state::unknown);
    EXPECT_EQ(what.summary.malformed, 1U);
    EXPECT_EQ(inlay::apply(tables, made.image).error(), inlay::error::call_behind_alternative);

    // A linker that folds two functions leaves the same call twice.
    made::refer(made.tables.original.form, &made.tables.call);
    EXPECT_EQ(made.about(2).sites.at(0).trouble, "");
    EXPECT_EQ(made.about(2).sites.at(0).kind, report::site_kind::pv_call);
}

/// A key, a switch and a static call in a made image, none of them patched.
struct hand_named {
    made::memory memory{};
    made::platform image{memory};

    struct data {
        std::array<inlay::table::key_record, 2> keys;
        std::array<inlay::table::call_record, 1> calls;
        std::array<inlay::table::named, 3> names;
        inlay::table::cell key, way, call;
        inlay::table::way_table ways;
        std::array<inlay::table::reference, 2> list;
        inlay::table::registry registry;
        std::array<std::array<char, 8>, 4> texts;
    };
    data& tables = *new (memory.data.data()) data{};

    static constexpr std::size_t key_at = 16, way_at = 128, call_at = 256, trampoline_at = 512;

    hand_named() {
        memory.text.fill(0x90);
        put(key_at, {0xe9, 0x0b, 0, 0, 0});  // to 32
        put(way_at, {0xe9, 0x1b, 0, 0, 0});  // to 160
        put(call_at, {0xe8, 0xfb, 0, 0, 0}); // to the trampoline
        tables.texts = {{{'k', 'e', 'y'}, {'w', 'a', 'y'}, {'c', 'a', 'l', 'l'}, {'t', 'y', 'p', 'e'}}};
        inlay::table::cell* const cells[] = {&tables.key, &tables.way, &tables.call}; // NOLINT(*-avoid-c-arrays)
        for (std::size_t i = 0; i < tables.names.size(); ++i) {
            made::refer(tables.names[i].name, tables.texts[i].data());
            made::refer(tables.names[i].signature, tables.texts[3].data());
            made::refer(tables.names[i].cell, cells[i]);
            cells[i]->state.hash = inlay::detail::hash_of(tables.texts[i].data());
        }
        made::refer(tables.names[2].trampoline, &memory.text[trampoline_at]);
        made::refer(tables.keys[0].site, &memory.text[key_at]);
        made::refer(tables.keys[0].targets, &memory.text[48]);
        made::refer(tables.keys[0].key, &tables.names[0]);
        tables.ways = {2, 0, 0, 0};
        made::refer(tables.list[1], &memory.text[192]);
        made::refer(tables.keys[1].site, &memory.text[way_at]);
        made::refer(tables.keys[1].targets, &tables.ways);
        made::refer(tables.keys[1].key, &tables.names[1]);
        tables.keys[1].key.distance += static_cast<std::int32_t>(inlay::table::many_ways);
        made::refer(tables.calls[0].site, &memory.text[call_at]);
        made::refer(tables.calls[0].callee, &tables.names[2]);
        tables.call.value = text(600);
    }

    [[nodiscard]] inlay::address text(std::size_t at) const {
        return reinterpret_cast<inlay::address>(memory.text.data()) + at;
    }
    void put(std::size_t at, const std::vector<std::uint8_t>& bytes) {
        std::copy(bytes.begin(), bytes.end(), memory.text.begin() + static_cast<std::ptrdiff_t>(at));
    }

    [[nodiscard]] inlay::table::tables all() const {
        return {{},
                {tables.calls.data(), sizeof(tables.calls)},
                {tables.keys.data(), sizeof(tables.keys)},
                {tables.names.data(), sizeof(tables.names)},
                &tables.registry};
    }
    [[nodiscard]] report::contents about() const { return about(all(), image); }
    template <class Platform>
    static report::contents about(const inlay::table::tables& tables, const Platform& platform) {
        return report::collect(tables, platform, report::cpu_model::parse("none"));
    }
    [[nodiscard]] report::site_entry key() const { return about().sites.at(0); }
    [[nodiscard]] report::site_entry way() const { return about().sites.at(1); }
    [[nodiscard]] report::site_entry call() const { return about().sites.at(2); }
};

TEST(ReportOfMadeImage, NamesInOrder) {
    const hand_named made;
    const auto what = made.about();
    EXPECT_EQ(what.trouble, "");
    EXPECT_EQ(what.summary.malformed, 0U);
    EXPECT_EQ(made.key().after.bytes, (std::vector<std::uint8_t>{0x0f, 0x1f, 0x44, 0, 0}));
    EXPECT_EQ(made.key().choices.at(1).code.bytes, (std::vector<std::uint8_t>{0xe9, 0x1b, 0, 0, 0}));
    EXPECT_EQ(made.key().choices.at(1).where.at, made.text(48));
    EXPECT_EQ(made.way().choices.at(1).code.bytes, (std::vector<std::uint8_t>{0xe9, 0x3b, 0, 0, 0}));
    EXPECT_EQ(made.call().after.bytes, (std::vector<std::uint8_t>{0xe8, 0x53, 1, 0, 0}));
    EXPECT_EQ(made.call().state, report::state::original);
}

TEST(ReportOfMadeImage, TargetsOutOfReachKeepTheOriginal) {
    hand_named made;
    made.tables.call.value = made.text(0) + (inlay::address{1} << 32U);
    EXPECT_EQ(made.call().trouble, "the target is out of reach; the call goes through its trampoline");
    EXPECT_EQ(made.call().after.bytes, made.call().before.bytes);
    EXPECT_TRUE(made.call().as_decided());
    EXPECT_FALSE(made.call().direct);

    // apply() does as the report said.
    const auto planned = made.about();
    ASSERT_TRUE(inlay::apply(made.all(), made.image));
    for (std::size_t i = 0; i < planned.sites.size(); ++i) {
        EXPECT_EQ(made.about().sites.at(i).now.bytes, planned.sites[i].after.bytes) << i;
    }
}

TEST(ReportOfMadeImage, WhereTextCannotBeChangedLaterNothingIs) {
    struct fixed : made::platform {
        [[nodiscard]] static bool live() noexcept { return false; }
    };
    hand_named made;
    fixed platform{{made.memory}};
    const auto what = hand_named::about(made.all(), platform);
    EXPECT_EQ(what.sites.at(0).trouble, "text cannot be changed later in this process: the site stays what it is");
    EXPECT_EQ(what.sites.at(2).trouble,
              "text cannot be changed later in this process; the call goes through its trampoline");
    ASSERT_TRUE(inlay::apply(made.all(), platform));
    for (const auto& each : hand_named::about(made.all(), platform).sites) {
        EXPECT_EQ(each.state, report::state::original) << each.name;
        EXPECT_TRUE(each.as_decided()) << each.name;
    }
}

TEST(ReportOfMadeImage, ForeignBytesAreSeen) {
    hand_named made;
    ASSERT_TRUE(inlay::apply(made.all(), made.image));
    EXPECT_EQ(made.about().summary.as_decided, 3U);
    const char* const changed = inlay::message(inlay::error::site_changed);
    made.put(hand_named::key_at, {0xcc});
    EXPECT_EQ(made.key().trouble, changed);
    EXPECT_EQ(made.key().state, report::state::other);
    EXPECT_EQ(made.key().now.instructions.at(0), "int3");
    EXPECT_TRUE(made.key().malformed) << "apply() refuses it";
    EXPECT_EQ(inlay::apply(made.all(), made.image).error(), inlay::error::site_changed);

    made.put(hand_named::call_at, {0xcc});
    EXPECT_EQ(made.call().trouble, changed);
    EXPECT_EQ(made.call().state, report::state::other);
    EXPECT_TRUE(made.call().malformed) << "apply() refuses it as well";

    made.put(hand_named::way_at, {0xcc});
    EXPECT_EQ(made.way().trouble, changed);
    made.tables.way.value = 20; // no way of the site's
    EXPECT_EQ(made.way().trouble, changed);
    EXPECT_FALSE(made.way().malformed);

    // A form of inlay's, though not the one that is due.
    made.put(hand_named::key_at, {0xe9, 0x1b, 0, 0, 0});
    EXPECT_EQ(made.key().state, report::state::other);
    EXPECT_EQ(made.key().trouble, "");
    std::ostringstream text;
    report::write_text(text, made.about());
    EXPECT_NE(text.str().find("\n    now            e9 1b 00 00 00  jmp "), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("\n    now    "), std::string::npos);
}

TEST(ReportOfMadeImage, MalformedNamesAreReportedInTheirPlace) {
    hand_named made;
    const std::string outside = inlay::message(inlay::error::reference_outside);
    const auto expect_malformed = [&](std::size_t site, inlay::error why, const char* what) {
        const auto entry = made.about().sites.at(site);
        EXPECT_TRUE(entry.malformed) << what;
        EXPECT_EQ(entry.trouble, inlay::message(why)) << what;
        EXPECT_EQ(entry.state, report::state::unknown) << what;
        EXPECT_EQ(inlay::apply(made.all(), made.image).error(), why) << what;
    };
    using inlay::error;
    made.tables.keys[0].key.distance = 0;
    expect_malformed(0, error::reference_outside, "of no key");
    EXPECT_EQ(made.about().sites[0].name, "(unnamed)");
    made::refer(made.tables.keys[0].key, &made.tables.names[2]);
    expect_malformed(0, error::reference_outside, "a static call is no key");
    made::refer(made.tables.keys[0].key, &made.tables.names[0]);

    made::refer(made.tables.calls[0].callee, &made.tables.names[1]);
    expect_malformed(2, error::reference_outside, "a key is no static call");
    made::refer(made.tables.calls[0].callee, &made.tables.names[2]);

    made.tables.ways.count = 255;
    made::refer(made.tables.keys[1].targets, &made.memory.data[made::data_size - 4]);
    expect_malformed(1, error::reference_outside, "ways outside");
    made::refer(made.tables.keys[1].targets, &made.tables.ways);
    made.tables.ways.count = 2;

    made::refer(made.tables.keys[1].site, made.memory.data.data());
    EXPECT_EQ(made.about().sites.at(2).trouble, inlay::message(error::site_outside_text)) << "sites are by address";
    made::refer(made.tables.keys[1].site, &made.memory.text[hand_named::way_at]);

    made.tables.names[0].cell.distance += 1;
    expect_malformed(0, error::reference_outside, "a cell that is not aligned");
    EXPECT_EQ(made.about().trouble, "name 0 \"key\": " + outside);
    EXPECT_EQ(made.about().summary.malformed, 2U) << "the name, and the site that is of it";
    made.tables.names[0].cell.distance -= 1;

    made.tables.texts[1] = made.tables.texts[0];
    EXPECT_EQ(made.about().trouble, std::string{"name 1 \"key\": "} + inlay::message(error::cell_of_another));
    made.tables.way.state.hash = made.tables.key.state.hash;
    made::refer(made.tables.names[1].signature, made.tables.texts[2].data());
    EXPECT_EQ(made.about().trouble, std::string{"name 1 \"key\": "} + inlay::message(error::name_clash));
    made::refer(made.tables.names[1].signature, made.tables.texts[3].data());

    auto tables = made.all();
    tables.registry = nullptr;
    EXPECT_NE(hand_named::about(tables, made.image).trouble.find(outside), std::string::npos);
    tables = made.all();
    tables.keys.bytes -= 1;
    EXPECT_EQ(hand_named::about(tables, made.image).trouble, inlay::message(error::table_truncated));
    EXPECT_EQ(hand_named::about(tables, made.image).sites.size(), 2U);
    tables = made.all();
    tables.names.bytes += 1;
    EXPECT_EQ(hand_named::about(tables, made.image).trouble, inlay::message(error::table_truncated));
}

// ---- Output -------------------------------------------------------------------------------------------

TEST_F(ReportSites, ColoursOnlyWhenAskedOrOnATerminal) {
    EXPECT_EQ(text_of({}).find('\x1b'), std::string::npos);
    EXPECT_EQ(text_of({.colour = report::colours::never}).find('\x1b'), std::string::npos);
    EXPECT_NE(text_of({.colour = report::colours::always}).find("\x1b["), std::string::npos);
    EXPECT_EQ(text_of({.format = report::output::json, .colour = report::colours::always}).find('\x1b'),
              std::string::npos);
    // A terminal of our own.
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0) {
        GTEST_SKIP() << "no pseudo terminal here";
    }
    using report::detail::wants_colour;
    ::setenv("TERM", "xterm", 1); // NOLINTBEGIN(concurrency-mt-unsafe)
    ::unsetenv("NO_COLOR");
    EXPECT_TRUE(wants_colour(report::colours::automatic, terminal));
    EXPECT_FALSE(wants_colour(report::colours::never, terminal));
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(wants_colour(report::colours::automatic, terminal));
    EXPECT_TRUE(wants_colour(report::colours::always, terminal));
    ::unsetenv("NO_COLOR");
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(wants_colour(report::colours::automatic, terminal));
    ::unsetenv("TERM"); // NOLINTEND(concurrency-mt-unsafe)
    ::close(terminal);
}

TEST_F(ReportSites, AFileIsWrittenToo) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), &std::fclose};
    ASSERT_NE(file, nullptr);
    report::print(file.get(), {.cpu = "none", .format = report::output::json});
    EXPECT_EQ(static_cast<std::size_t>(std::ftell(file.get())),
              text_of({.cpu = "none", .format = report::output::json}).size());
}

TEST(JsonString, EscapesWhatMustBe) {
    using report::detail::json_string;
    EXPECT_EQ(json_string("a\"b\\c\x01\x1f\n"), R"("a\"b\\c\u0001\u001f\u000a")");
    EXPECT_EQ(json_string("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    EXPECT_EQ(json_string("\xff|\xc3|\xc0\x80|\xed\xa0\x80"), R"("\ufffd|\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd")");
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
