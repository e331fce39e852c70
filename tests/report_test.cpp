// SPDX-License-Identifier: BSL-1.0
//
// The report on this very program: words, places, bytes and instructions, as data, as text and as JSON.
#include <inlay/inlay.hpp>
#include <inlay/report.hpp>

#include "made_image.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
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

const report::site_entry& site_called(const report::contents& all, const std::string& name) {
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
        // The linker keeps what is used.
        run_barrier();
        run_mixed();
        EXPECT_NE(run_chosen(), 3);
        EXPECT_NE(run_call(""), "");
        inlay::set(x, false);
        inlay::set(z, false);
        inlay::set(cpu.xenpv, false);
    }
};

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

// ---- What is in memory --------------------------------------------------------------------------------

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

    // What a report says will be is what apply() then writes.
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

// ---- Malformed and nested records, made by hand --------------------------------------------------------

/// One alternative in a made image: nop, or two bytes where a feature set by hand holds.
struct hand_made {
    made::memory memory{};
    made::platform image{memory};

    struct form {
        inlay::table::form head;
        std::array<std::uint8_t, 4> bytes;
    };
    struct data {
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
