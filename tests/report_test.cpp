// SPDX-License-Identifier: BSL-1.0
//
// The report on this very program: words, places, bytes and instructions, as data, as text and as JSON.
#include <inlay/inlay.hpp>
#include <inlay/report.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

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

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
