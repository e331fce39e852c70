// SPDX-License-Identifier: BSL-1.0
//
// The report on a file. On this program's file it equals the program's report on itself, in each way that the file may
// name its tables. A damaged file, or none at all, is an error that names the part and its place.
#include <inlay/inlay.hpp>
#include <inlay/report.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <elf.h>
#include <unistd.h>

// NOLINTBEGIN(*-avoid-magic-numbers)

namespace {

using namespace inlay;            // NOLINT(google-build-using-namespace): the vocabulary of declarations
using namespace inlay::x86::insn; // NOLINT(google-build-using-namespace)

inline constexpr feature<"file.hand", by_hand{}> hand;
int one_more(int n) { return n + 1; }
int two_more(int n) { return n + 2; }

inline constexpr auto barrier = alternative<mfence(), when<cpu.sse2 && !hand, lfence()>>{}.named<"file.barrier">();
inline constexpr dispatch<"file.dispatch", &one_more, when<cpu.avx2, &two_more>> chosen;
inline constexpr static_key<"file.key", true> key;
inline constexpr static_call<"file.static", &one_more> retargeted;
inline constexpr static_call<"file.imported", &::isatty> imported; // of another image

[[gnu::noinline]] void run_barrier() { barrier(); }
[[gnu::noinline]] int run_calls(int n) { return chosen(n) + retargeted(n) + 1; }
[[gnu::noinline]] int run_imported(int n) { return imported(n) + 1; }
[[gnu::noinline]] int run_key(int n) { return key ? n * 3 : n + 7; }

std::vector<char> read(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

class ReportOnFile : public testing::Test {
protected:
    void SetUp() override {
        run_barrier();
        EXPECT_EQ(run_calls(1) + run_imported(-1) + run_key(1), 9);
    }
    void TearDown() override { std::filesystem::remove(path_); }

    /// A copy of this program, changed.
    std::string changed(const std::function<void(std::vector<char>&)>& change) {
        auto bytes = program_;
        change(bytes);
        std::ofstream{path_, std::ios::binary}.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return path_;
    }

    /// The error of the changed file.
    std::string error_of(const std::function<void(std::vector<char>&)>& change) {
        try {
            (void)report::collect_file(changed(change), "none");
        } catch (const report::file_error& error) {
            return error.what();
        }
        return {};
    }

    static Elf64_Ehdr& header(std::vector<char>& bytes) {
        return *reinterpret_cast<Elf64_Ehdr*>(bytes.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    }

    std::vector<char> program_ = read("/proc/self/exe");
    std::string path_ = testing::TempDir() + "report_file_test." + std::to_string(::getpid());
};

/// Compares the facts that do not depend on the image's address.
void expect_same(const report::contents& file, const report::contents& self) {
    ASSERT_EQ(file.sites.size(), self.sites.size());
    EXPECT_EQ(file.trouble, self.trouble);
    for (std::size_t i = 0; i < file.sites.size(); ++i) {
        const auto& a = file.sites[i];
        const auto& b = self.sites[i];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.kind, b.kind) << a.name;
        EXPECT_EQ(a.where.function, b.where.function) << a.name;
        EXPECT_EQ(a.where.module_offset, b.where.module_offset) << a.name;
        EXPECT_EQ(a.where.file, b.where.file) << a.name;
        EXPECT_EQ(a.where.line, b.where.line) << a.name;
        EXPECT_EQ(a.before.bytes, b.before.bytes) << a.name;
        EXPECT_EQ(a.after.bytes, b.after.bytes) << a.name;
        EXPECT_EQ(a.now.bytes, b.now.bytes) << a.name;
        EXPECT_EQ(a.after.instructions, b.after.instructions) << a.name;
        EXPECT_EQ(a.state, b.state) << a.name;
        EXPECT_EQ(a.value, b.value) << a.name;
        EXPECT_EQ(a.trouble, b.trouble) << a.name;
        ASSERT_EQ(a.choices.size(), b.choices.size()) << a.name;
        for (std::size_t j = 0; j < a.choices.size(); ++j) {
            EXPECT_EQ(a.choices[j].predicate, b.choices[j].predicate) << a.name;
            EXPECT_EQ(a.choices[j].wins, b.choices[j].wins) << a.name;
            EXPECT_EQ(a.choices[j].target.substr(0, 3), b.choices[j].target.substr(0, 3)) << a.name;
            EXPECT_EQ(a.choices[j].code.bytes, b.choices[j].code.bytes) << a.name;
        }
    }
    ASSERT_EQ(file.features.size(), self.features.size());
    for (std::size_t i = 0; i < file.features.size(); ++i) {
        EXPECT_EQ(file.features[i].name, self.features[i].name);
        EXPECT_EQ(file.features[i].value, self.features[i].value) << file.features[i].name;
        EXPECT_EQ(file.features[i].found_by, self.features[i].found_by) << file.features[i].name;
    }
}

TEST_F(ReportOnFile, SaysWhatTheProgramSaysOfItself) {
    const table::tables tables = this_image();
    const platform::process image;
    for (const char* const cpu : {"none", "x86-64-v3", "this", "x86-64-v2,+file.hand"}) {
        const auto model = report::cpu_model::parse(cpu, report::used_feature_names(tables, image));
        expect_same(report::collect_file("/proc/self/exe", cpu), report::collect(tables, image, model));
    }
}

TEST_F(ReportOnFile, FindsTheTablesByTheNoteAlone) {
    const std::string stripped = changed([](auto& bytes) {
        header(bytes).e_shoff = 0; // no sections, so no symbols and no names of sections
        header(bytes).e_shnum = 0;
        header(bytes).e_shstrndx = 0;
    });
    const auto all = report::collect_file("/proc/self/exe", "none");
    const auto some = report::collect_file(stripped, "none");
    ASSERT_EQ(some.sites.size(), all.sites.size());
    EXPECT_GE(some.sites.size(), 5U);
    for (std::size_t i = 0; i < all.sites.size(); ++i) {
        EXPECT_EQ(some.sites[i].after.bytes, all.sites[i].after.bytes);
    }
}

TEST_F(ReportOnFile, FunctionsOfOtherImagesHaveNames) {
    for (const auto& site : report::collect_file("/proc/self/exe", "none").sites) {
        if (site.name == "file.imported") {
            ASSERT_EQ(site.choices.size(), 1U);
            EXPECT_EQ(site.choices[0].target.substr(0, 6), "isatty");
            return;
        }
    }
    ADD_FAILURE() << "file.imported is not there";
}

TEST_F(ReportOnFile, IsWrittenAsTextAndJson) {
    std::ostringstream text;
    report::print_file(text, "/proc/self/exe", {.cpu = "none"});
    EXPECT_NE(text.str().find("file.barrier  alternative"), std::string::npos);
    std::FILE* const json = std::tmpfile();
    report::print_file(json, "/proc/self/exe", {.cpu = "none", .format = report::output::json});
    EXPECT_GT(std::ftell(json), 1000);
    std::fclose(json);
}

TEST_F(ReportOnFile, OtherFilesAreRefusedWithTheReason) {
    EXPECT_NE(error_of([](auto& bytes) { bytes.clear(); }).find("no ELF file"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { bytes[1] = 'X'; }).find(path_ + ": it is no ELF file"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { bytes[EI_DATA] = ELFDATA2MSB; }).find("big-endian"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { bytes[EI_CLASS] = 7; }).find("neither 32 nor 64"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { header(bytes).e_machine = EM_RISCV; }).find("machine 243"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { header(bytes).e_machine = EM_386; }).find("it is not for i386"),
              std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { header(bytes).e_phnum = 0; }).find("no segment"), std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { bytes.resize(bytes.size() / 2); }).find("outside of the file"),
              std::string::npos);
    EXPECT_NE(error_of([](auto& bytes) { bytes.resize(80); }).find("a program header"), std::string::npos);
    try {
        (void)report::collect_file("/nowhere", "none");
        ADD_FAILURE();
    } catch (const report::file_error& error) {
        EXPECT_STREQ(error.what(), "inlay: /nowhere: it cannot be read");
    }
    try {
        (void)report::collect_file("/bin/true", "none");
        ADD_FAILURE();
    } catch (const report::file_error& error) {
        EXPECT_NE(std::string{error.what()}.find("no tables of inlay"), std::string::npos) << error.what();
    }
}

TEST_F(ReportOnFile, OtherVersionsAreRefused) {
    std::string note{"\6\0\0\0\10\0\0\0V\0\0\0inlay", 17};
    note[8] = static_cast<char>(inlay::table::version);
    EXPECT_NE(error_of([&](auto& bytes) {
                  const auto at = std::search(bytes.begin(), bytes.end(), note.begin(), note.end());
                  ASSERT_NE(at, bytes.end());
                  at[8] = 77;
              }).find("version 77"),
              std::string::npos);
}

/// For any value of a byte, the report is made or the file refused.
TEST_F(ReportOnFile, DamageIsNoSurprise) {
    unsigned made = 0;
    unsigned refused = 0;
    const auto attempt = [&](const std::string& path) {
        try {
            const report::elf_file file{path};
            const report::file_image<x86::target<64>> image{file};
            const auto model = report::cpu_model::parse("none");
            made += report::collect(image.tables(), image, model, report::symbols{"/nowhere"}).sites.empty() ? 0U : 1U;
        } catch (const report::file_error&) {
            ++refused;
        }
    };
    std::uint32_t random = 1;
    const auto next = [&] { return random = random * 1664525U + 1013904223U; };
    for (int i = 0; i < 150; ++i) {
        attempt(changed([&](auto& bytes) { // the headers (file and segments), and the dynamic section
            for (int k = 0; k < 2; ++k) {
                bytes[next() % (64 + 13 * 56)] ^= static_cast<char>(1U << (next() >> 24 & 7U));
            }
        }));
    }
    for (std::size_t size = 0; size < program_.size(); size += program_.size() / 60 + 1) {
        attempt(changed([&](auto& bytes) { bytes.resize(size); }));
    }
    EXPECT_GT(made, 20U);
    EXPECT_GT(refused, 60U);
}

/// A table whose references lead nowhere is reported in its place.
TEST_F(ReportOnFile, MalformedRecordsAreReportedInTheirPlace) {
    const auto whole = report::collect_file("/proc/self/exe", "none");
    const report::elf_file file{"/proc/self/exe"};
    std::uint64_t offset = 0;
    for (const auto& section : file.sections()) {
        offset = section.name == "inlay_alternatives" ? section.offset : offset;
    }
    ASSERT_NE(offset, 0U);
    const auto damaged = report::collect_file(changed([&](auto& bytes) { bytes[offset + 7] = 0x70; }), "none");
    EXPECT_EQ(whole.summary.malformed, 0U);
    EXPECT_EQ(damaged.summary.malformed, 1U);
    EXPECT_EQ(damaged.sites.size(), whole.sites.size());
}

} // namespace

// NOLINTEND(*-avoid-magic-numbers)
