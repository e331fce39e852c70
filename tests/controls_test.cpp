// SPDX-License-Identifier: BSL-1.0
//
// Names listed and set by text, settings as text, and controls by name.
#include <inlay/controls.hpp>
#include <inlay/hana.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/hana/cartesian_product.hpp>
#include <boost/hana/fuse.hpp>
#include <boost/hana/size.hpp>
#include <boost/hana/tuple.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

inline constexpr inlay::static_key<"controls.trace", false> trace;
inline constexpr inlay::static_key<"controls.checks", true> checks;
inline constexpr inlay::static_switch<"controls.level", 4, 1> level;
inline constexpr inlay::static_switch<"controls.many", 64, 0U> many;

enum class codec : std::uint8_t { none, fast, small };
inline constexpr inlay::static_switch<"controls.codec", 3, codec::fast> chosen; // its type belongs to this unit

[[gnu::noinline]] unsigned long jiffies() { return 100; }
[[gnu::noinline]] unsigned long tsc() noexcept { return 200; }
[[gnu::noinline]] unsigned long unnamed() { return 300; }
inline constexpr inlay::static_call<"controls.clock", &jiffies> clock_source;

int probed = 0;
void count_probe(int by) { probed += by; }
inline constexpr inlay::static_call<"controls.probe", inlay::no_target<void(int)>> probe;

struct object {
    int value;
};
object make_one() { return {1}; }
inline constexpr inlay::static_call<"controls.object", &make_one> object_maker;
inline constexpr inlay::static_call<"controls.bare", &jiffies> bare; // its targets have no names

void add_one(int* to) noexcept { *to += 1; }
void add_ten(int* to) noexcept { *to += 10; }
inline constexpr inlay::hook<"controls.event", void(int*)> event;
inline constexpr auto hooks =
    inlay::controls(inlay::control(event, inlay::target<"one", &add_one>, inlay::target<"ten", &add_ten>));

inline constexpr inlay::static_key<"controls.\0null and blank", false> odd;
inline constexpr inlay::static_key<"controls.sealed", false> sealed;

inline constexpr auto knobs =
    inlay::controls(trace, checks, level, many, chosen,
                    inlay::control(clock_source, inlay::target<"jiffies", &jiffies>, inlay::target<"tsc", &tsc>,
                                   inlay::target<"lambda", [] { return 400UL; }>,
                                   inlay::target<"zero", inlay::returns_zero<unsigned long()>>),
                    inlay::control(probe, inlay::target<"count", &count_probe>, inlay::target<"none", nullptr>),
                    inlay::control(object_maker, inlay::target<"one", &make_one>));

using namespace inlay::literals;

[[gnu::noinline]] bool ask_trace() { return trace; }
[[gnu::noinline]] bool ask_checks() { return checks; }
[[gnu::noinline]] unsigned ask_level() { return level; }
[[gnu::noinline]] unsigned ask_many() { return many; }
[[gnu::noinline]] codec ask_codec() { return chosen; }
[[gnu::noinline]] unsigned long ask_clock() { return clock_source(); }
[[gnu::noinline]] unsigned long ask_bare() { return bare(); }
[[gnu::noinline]] bool ask_odd() { return odd; }
[[gnu::noinline]] int ask_object() { return object_maker().value; }
void ask_probe() { probe.maybe(1); }

std::string said;
void write(std::string_view text) { said.append(text); }

std::map<std::string, std::string> values() {
    std::map<std::string, std::string> result;
    EXPECT_TRUE(inlay::for_each_name([&](const inlay::name_entry& each) { result[each.name] = each.value; }));
    return result;
}

/// An entry whose texts stay.
struct entry {
    std::string type, value, initial, values;
    inlay::name_entry numbers{};
};
entry entry_of(const std::string& name) {
    entry result;
    unsigned found = 0;
    EXPECT_TRUE(inlay::for_each_name([&](const inlay::name_entry& each) {
        if (name == each.name) {
            result = {each.type, each.value, each.initial, each.values, each};
            ++found;
        }
    }));
    EXPECT_EQ(found, 1U) << name;
    return result;
}

/// Everything as the declarations say; before apply() or after.
class Controls : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (GetParam()) {
            ASSERT_TRUE(inlay::apply());
        }
        reset();
    }
    void TearDown() override { reset(); }

    static void reset() {
        ASSERT_TRUE(inlay::configure(knobs, "controls.trace=off,controls.checks=on,controls.level=1,controls.many=0,"
                                            "controls.codec=1,controls.clock=default,controls.probe=default"));
        ASSERT_FALSE(ask_trace());
        ASSERT_TRUE(ask_checks());
        ASSERT_EQ(ask_level(), 1U);
        ASSERT_EQ(ask_many(), 0U);
        ASSERT_EQ(ask_codec(), codec::fast);
        ASSERT_EQ(ask_clock(), 100U);
        ask_probe();
        ASSERT_EQ(probed, 0);
    }
};
// "Before" runs first, in the order of the parameters.
INSTANTIATE_TEST_SUITE_P(Before, Controls, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(ThenAfter, Controls, testing::Values(true));

TEST_P(Controls, EachNameIsListed) {
    EXPECT_FALSE(ask_odd());
    EXPECT_EQ(ask_bare(), 100U);
    EXPECT_EQ(ask_object(), 1);
    std::vector<std::string> names;
    ASSERT_TRUE(inlay::for_each_name([&](const inlay::name_entry& each) { names.emplace_back(each.name); }));
    const std::vector<std::string> wanted{"controls.bare",   "controls.checks", "controls.clock",
                                          "controls.codec",  "controls.event",  "controls.level",
                                          "controls.many",   "controls.object", "controls.probe",
                                          "controls.sealed", "controls.trace",  "controls.\xc0\x80null and blank"};
    EXPECT_EQ(names, wanted);
}

TEST_P(Controls, AnEntrySaysEverything) {
    const entry of_trace = entry_of("controls.trace");
    EXPECT_EQ(of_trace.numbers.kind, inlay::name_kind::static_key);
    EXPECT_EQ(of_trace.type + of_trace.value + of_trace.initial + of_trace.values, "booloffoffon, off");
    EXPECT_GE(of_trace.numbers.sites, 1U);
    EXPECT_EQ(of_trace.numbers.patched, GetParam() ? of_trace.numbers.sites : 0);
    EXPECT_EQ(of_trace.numbers.images, 1U);
    EXPECT_EQ(of_trace.numbers.ways, 2U);
    EXPECT_FALSE(of_trace.numbers.clashes);

    const entry of_level = entry_of("controls.level");
    EXPECT_EQ(of_level.numbers.kind, inlay::name_kind::static_switch);
    EXPECT_EQ(of_level.type + ' ' + of_level.value + ' ' + of_level.initial + ' ' + of_level.values,
              "unsigned int 1 1 0 to 3");
    EXPECT_EQ(of_level.numbers.ways, 4U);
    EXPECT_EQ(entry_of("controls.many").values, "0 to 63");

    const entry of_codec = entry_of("controls.codec");
    EXPECT_EQ(of_codec.type, "(anonymous namespace)::codec");
    EXPECT_EQ(of_codec.value + of_codec.initial + of_codec.values, "110 to 2");

    const entry of_clock = entry_of("controls.clock");
    EXPECT_EQ(of_clock.numbers.kind, inlay::name_kind::static_call);
    EXPECT_EQ(of_clock.type, "unsigned long ()");
    EXPECT_EQ(of_clock.value + ' ' + of_clock.initial, "jiffies jiffies");
    EXPECT_EQ(of_clock.values, "jiffies, lambda, tsc, zero, default, null");
    EXPECT_EQ(of_clock.numbers.number, reinterpret_cast<inlay::address>(&jiffies));
    EXPECT_EQ(of_clock.numbers.ways, 0U);

    const entry of_object = entry_of("controls.object");
    EXPECT_EQ(of_object.values, "one, default");
    const entry of_bare = entry_of("controls.bare");
    EXPECT_EQ(of_bare.values + '|' + of_bare.initial, "null|");
    EXPECT_EQ(of_bare.value.substr(0, 2), "0x") << "an internal function has no symbol";
}

TEST_P(Controls, ACountIsShown) {
    ASSERT_TRUE(inlay::enable(trace) && inlay::enable(trace));
    EXPECT_EQ(entry_of("controls.trace").numbers.enabled, 2);
    EXPECT_TRUE(entry_of("controls.trace").numbers.changed);
    ASSERT_TRUE(inlay::set_by_name("controls.trace", "disable"));
    EXPECT_TRUE(ask_trace());
    ASSERT_TRUE(inlay::set_by_name("controls.trace", "enable"));
    EXPECT_EQ(entry_of("controls.trace").numbers.enabled, 2);
    ASSERT_TRUE(inlay::set_by_name("controls.trace", "on")); // as set(): the count becomes 1
    EXPECT_EQ(entry_of("controls.trace").numbers.enabled, 1);
    ASSERT_TRUE(inlay::set_by_name("controls.trace", "disable"));
    EXPECT_FALSE(ask_trace());
    const char* const value = "disable";
    const auto done = inlay::set_by_name("controls.trace", value);
    EXPECT_EQ(done.error(), inlay::error::not_enabled);
    EXPECT_EQ(done.detail(), value);
}

TEST_P(Controls, KeysTakeWords) {
    namespace hana = boost::hana;
    constexpr auto on = hana::make_tuple("on", "true", "1", "yes", "ON", "True", "YES");
    constexpr auto off = hana::make_tuple("off", "false", "0", "no", "Off", "FALSE", "No");
    hana::for_each(hana::cartesian_product(hana::make_tuple(on, off)), hana::fuse([](const char* yes, const char* no) {
                       EXPECT_TRUE(inlay::set_by_name("controls.trace", yes)) << yes;
                       EXPECT_TRUE(ask_trace()) << yes;
                       EXPECT_TRUE(inlay::set_by_name("controls.trace", no)) << no;
                       EXPECT_FALSE(ask_trace()) << no;
                   }));
    for (const char* wrong : {"", "onn", "o", "2", "-1", "01", " on", "on ", "tru", "null"}) {
        const auto done = inlay::set_by_name("controls.trace", wrong);
        EXPECT_EQ(done.error(), inlay::error::value_unknown) << wrong;
        EXPECT_STREQ(done.detail(), wrong);
        EXPECT_EQ(done.refused(), 0U);
    }
    EXPECT_FALSE(ask_trace());
}

TEST_P(Controls, SwitchesTakeNumbers) {
    for (unsigned i = 0; i < 64; ++i) {
        ASSERT_TRUE(inlay::set_by_name("controls.many", std::to_string(i)));
        ASSERT_EQ(ask_many(), i);
    }
    ASSERT_TRUE(inlay::set_by_name("controls.many", "007"));
    EXPECT_EQ(ask_many(), 7U);
    ASSERT_TRUE(inlay::set_by_name("controls.codec", "2"));
    EXPECT_EQ(ask_codec(), codec::small);
    for (const char* wrong : {"64", "4294967296", "18446744073709551616", "99999999999999999999999999"}) {
        EXPECT_EQ(inlay::set_by_name("controls.many", wrong).error(), inlay::error::value_outside) << wrong;
        EXPECT_STREQ(inlay::set_by_name("controls.many", wrong).detail(), wrong);
    }
    for (const char* wrong : {"", "-1", "+1", "1x", "0x1", "on", "1 "}) {
        EXPECT_EQ(inlay::set_by_name("controls.many", wrong).error(), inlay::error::value_unknown) << wrong;
    }
    EXPECT_EQ(ask_many(), 7U);
    // set() still blames a record for its value.
    EXPECT_EQ(inlay::set(many, 64).error(), inlay::error::value_outside);
    EXPECT_STREQ(inlay::set(many, 64).detail(), "");
}

TEST_P(Controls, CallsTakeNamesOfTargets) {
    const std::map<std::string, unsigned long> targets{{"tsc", 200}, {"jiffies", 100}, {"lambda", 400},
                                                       {"zero", 0},  {"default", 100}, {"null", 0}};
    for (const auto& [name, value] : targets) {
        ASSERT_TRUE(inlay::set_by_name("controls.clock", name)) << name;
        ASSERT_EQ(ask_clock(), value) << name;
    }
    ASSERT_TRUE(inlay::set_by_name("controls.clock", "zero"));
    EXPECT_EQ(values()["controls.clock"], "null") << "with any name";
    ASSERT_TRUE(inlay::set_by_name("controls.clock", "tsc"));
    EXPECT_EQ(values()["controls.clock"], "tsc");
    EXPECT_EQ(entry_of("controls.clock").initial, "jiffies");
    ASSERT_TRUE(inlay::update(clock_source, &unnamed));
    EXPECT_EQ(values()["controls.clock"].substr(0, 2), "0x");

    ASSERT_TRUE(inlay::set_by_name("controls.probe", "count"));
    ask_probe();
    EXPECT_EQ(probed, 1);
    probed = 0;
    ASSERT_TRUE(inlay::set_by_name("controls.probe", "none"));
    ask_probe();
    EXPECT_EQ(probed, 0);

    EXPECT_EQ(inlay::set_by_name("controls.object", "null").error(), inlay::error::value_unknown);
    EXPECT_TRUE(inlay::set_by_name("controls.object", "one"));
    // Without names for its targets, only the values that the result's type allows are known.
    EXPECT_TRUE(inlay::set_by_name("controls.bare", "null"));
    EXPECT_EQ(ask_bare(), 0U);
    EXPECT_EQ(values()["controls.bare"], "null");
    EXPECT_EQ(inlay::set_by_name("controls.bare", "default").error(), inlay::error::value_unknown);
    ASSERT_TRUE(inlay::update(bare, &jiffies));
    for (const char* wrong : {"", "tcs", "TSC", "controls.clock", "tsc "}) {
        EXPECT_EQ(inlay::set_by_name("controls.clock", wrong).error(), inlay::error::value_unknown) << wrong;
    }
}

TEST_P(Controls, AnUnknownNameIsAnError) {
    for (const std::string wrong : {"", "controls", "controls.trac", "controls.trace ", "controls.clock=tsc", "*"}) {
        const auto done = inlay::set_by_name(wrong, "on");
        EXPECT_EQ(done.error(), inlay::error::name_unknown) << wrong;
        EXPECT_EQ(std::string{done.detail()}, wrong);
    }
    EXPECT_EQ(inlay::set_by_name({}, {}).error(), inlay::error::name_unknown);
    EXPECT_STREQ(inlay::set_by_name({}, {}).detail(), "");
    using namespace std::string_view_literals;
    EXPECT_TRUE(inlay::set_by_name("controls.\0null and blank"sv, "on"));
    EXPECT_TRUE(ask_odd());
    EXPECT_TRUE(inlay::set_by_name("controls.\0null and blank"sv, "off"));
}

TEST_P(Controls, ErrorsAreExplained) {
    const auto explain = [](const char* name, const char* value) {
        said.clear();
        inlay::explain(inlay::set_by_name(name, value), name, value, &write);
        return said;
    };
    const auto unknown = explain("controls.tracee", "on");
    EXPECT_NE(unknown.find("no key, switch or static call of this process has this name; did you mean "
                           "controls.trace? The names are:\n"),
              std::string::npos)
        << unknown;
    EXPECT_NE(unknown.find("\n    controls.level = 1 (switch of type unsigned int: 0 to 3; default 1; "),
              std::string::npos)
        << unknown;
    EXPECT_NE(explain("level", "on").find("did you mean controls.level?"), std::string::npos) << said;
    EXPECT_EQ(explain("nothing of the kind", "on").find("did you mean"), std::string::npos) << said;
    EXPECT_NE(explain("controls.level", "7").find("; controls.level takes 0 to 3; it is 1\n"), std::string::npos)
        << said;
    EXPECT_NE(
        explain("controls.clock", "tcs").find("takes jiffies, lambda, tsc, zero, default, null; did you mean tsc?"),
        std::string::npos)
        << said;
}

TEST_P(Controls, AFunctionThatIsGivenNamesMayDoAnything) {
    unsigned sets = 0;
    ASSERT_TRUE(inlay::for_each_name([&](const inlay::name_entry& each) {
        if (each.kind == inlay::name_kind::static_key) {
            sets += inlay::set_by_name(each.name, each.initial) ? 1 : 0;
            EXPECT_TRUE(inlay::for_each_name([](const inlay::name_entry&) {}));
        }
    }));
    EXPECT_EQ(sets, 4U) << "also the one with a null in its name, as it is listed";
    EXPECT_THROW((void)inlay::for_each_name([](const inlay::name_entry&) { throw 1; }), int);
}

TEST_P(Controls, ATextIsCarriedOut) {
    ASSERT_TRUE(inlay::configure(knobs, "controls.trace=on,controls.level=2,controls.clock=tsc"));
    EXPECT_TRUE(ask_trace());
    EXPECT_EQ(ask_level(), 2U);
    EXPECT_EQ(ask_clock(), 200U);
    ASSERT_TRUE(inlay::configure(knobs, "\n# all of it\n\n \t controls.trace =\toff # not now\r\n"
                                        "controls.level=3, controls.clock = jiffies,\n#controls.level=0"));
    EXPECT_FALSE(ask_trace());
    EXPECT_EQ(ask_level(), 3U);
    EXPECT_EQ(ask_clock(), 100U);
    for (const char* nothing : {"", " ", "\n\n", "# controls.level=0", " \n # \n"}) {
        EXPECT_TRUE(inlay::configure(knobs, nothing));
    }
    EXPECT_EQ(ask_level(), 3U);
    // If a text sets a name twice, the last setting counts; and enable() still counts.
    ASSERT_TRUE(inlay::configure(knobs, "controls.level=0,controls.level=2"));
    EXPECT_EQ(ask_level(), 2U);
    ASSERT_TRUE(inlay::configure(knobs, "controls.trace=enable,controls.trace=enable,controls.trace=disable"));
    EXPECT_TRUE(ask_trace());
    EXPECT_EQ(inlay::configure(knobs, "controls.trace=disable,controls.trace=disable").error(),
              inlay::error::not_enabled);
    EXPECT_EQ(entry_of("controls.trace").numbers.enabled, 1) << "nothing was changed";
}

TEST_P(Controls, AnErrorInATextChangesNothing) {
    const struct {
        const char* last;
        inlay::error error;
    } cases[] = {{"controls.trac=on", inlay::error::name_unknown},
                 {"controls.bare=null", inlay::error::name_unknown}, // no control, but a name
                 {"controls.trace=onn", inlay::error::value_unknown},
                 {"controls.level=4", inlay::error::value_outside},
                 {"controls.clock=sundial", inlay::error::value_unknown},
                 {"controls.object=null", inlay::error::value_unknown},
                 {"controls.checks=disable,controls.checks=disable", inlay::error::not_enabled},
                 {"controls.trace", inlay::error::setting_malformed},
                 {"=on", inlay::error::setting_malformed},
                 {"controls.trace=", inlay::error::setting_malformed},
                 {"controls.trace=on=off", inlay::error::setting_malformed},
                 {"controls.trace=on controls.level=2", inlay::error::setting_malformed},
                 {",controls.trace=on", inlay::error::setting_malformed}};
    for (const auto& each : cases) {
        const std::string text = std::string{"controls.trace=on,controls.level=2,controls.clock=tsc,"} + each.last;
        const auto done = inlay::configure(knobs, text);
        EXPECT_EQ(done.error(), each.error) << text << done.text();
        EXPECT_EQ(done.line(), 1U) << text;
        EXPECT_EQ(done.text().substr(0, 7), "inlay: ");
        EXPECT_EQ(done.text().back(), '\n');
        EXPECT_FALSE(ask_trace());
        EXPECT_EQ(ask_level(), 1U);
        EXPECT_EQ(ask_clock(), 100U);
    }
    const auto done = inlay::configure(knobs, "controls.trac=on");
    EXPECT_EQ(done.text().find("inlay: \"controls.trac=on\": none of the controls has this name; did you mean "
                               "controls.trace? The names are:\n"),
              0U)
        << done.text();
    EXPECT_NE(
        done.text().find("    controls.clock = jiffies (call of type unsigned long (): jiffies, lambda, tsc, zero, "
                         "default, null; default jiffies; "),
        std::string::npos)
        << done.text();
    EXPECT_EQ(done.text().find("controls.bare"), std::string::npos) << "only controls are listed";
    EXPECT_TRUE(inlay::configure("controls.bare=null"));
    ASSERT_TRUE(inlay::update(bare, &jiffies));
}

/// A file that goes away.
class file {
public:
    explicit file(const std::string& content) { std::ofstream{path_} << content; }
    file(const file&) = delete;
    file(file&&) = delete;
    file& operator=(const file&) = delete;
    file& operator=(file&&) = delete;
    ~file() { unlink(path_.c_str()); }
    [[nodiscard]] const char* path() const { return path_.c_str(); }

private:
    std::string path_{testing::TempDir() + "inlay_controls_" + std::to_string(getpid()) + ".conf"};
};

TEST_P(Controls, AFileIsCarriedOut) {
    const file good{
        "\xef\xbb\xbf# settings\n\ncontrols.trace = on\r\ncontrols.level=2 # a comment\n\ncontrols.clock=tsc"};
    ASSERT_TRUE(inlay::configure_file(knobs, good.path()));
    EXPECT_TRUE(ask_trace());
    EXPECT_EQ(ask_level(), 2U);
    EXPECT_EQ(ask_clock(), 200U);
}

TEST_P(Controls, AnErrorInAFileHasItsLine) {
    const file wrong{"# settings\n\ncontrols.trace = on\ncontrols.clock=tsc, controls.level=9\ncontrols.level=2\n"};
    const auto done = inlay::configure_file(knobs, wrong.path());
    EXPECT_EQ(done.error(), inlay::error::value_outside);
    EXPECT_EQ(done.line(), 4U);
    EXPECT_EQ(done.source(), wrong.path());
    EXPECT_EQ(done.text(),
              std::string{"inlay: "} + wrong.path() +
                  ":4: \"controls.level=9\": the switch has no such value; controls.level takes 0 to 3; it "
                  "is 1\n");
    EXPECT_FALSE(ask_trace());
    EXPECT_EQ(ask_clock(), 100U);
    const file malformed{std::string{"controls.trace=on\n\n  controls\0.level=2\n", 37}};
    EXPECT_EQ(inlay::configure_file(malformed.path()).error(), inlay::error::setting_malformed);
    EXPECT_EQ(inlay::configure_file(malformed.path()).line(), 3U);
    EXPECT_FALSE(ask_trace());
    const auto none = inlay::configure_file(knobs, "/nonexistent/settings");
    EXPECT_EQ(none.error(), inlay::error::file_unreadable);
    EXPECT_EQ(none.outcome().system_error, ENOENT);
    EXPECT_EQ(none.text(),
              "inlay: /nonexistent/settings: the file of settings cannot be read: No such file or directory\n");
    EXPECT_EQ(inlay::configure_file(knobs, "/").error(), inlay::error::file_unreadable);
}

TEST_P(Controls, TheEnvironmentIsCarriedOut) {
    unsetenv("INLAY_SET");
    EXPECT_TRUE(inlay::configure_environment(knobs));
    setenv("INLAY_SET", "controls.level=3,controls.clock=lambda", 1);
    EXPECT_TRUE(inlay::configure_environment(knobs));
    EXPECT_EQ(ask_level(), 3U);
    EXPECT_EQ(ask_clock(), 400U);
    setenv("INLAY_SET", "controls.level=0,controls.levle=3", 1);
    const auto done = inlay::configure_environment();
    EXPECT_EQ(done.error(), inlay::error::name_unknown);
    EXPECT_EQ(done.source(), "INLAY_SET");
    EXPECT_EQ(done.text().find("inlay: INLAY_SET: \"controls.levle=3\": "), 0U) << done.text();
    EXPECT_EQ(ask_level(), 3U);
    unsetenv("INLAY_SET");
    setenv("CONTROLS_TEST_SET", "controls.level=0", 1);
    EXPECT_TRUE(inlay::configure_environment(knobs, "CONTROLS_TEST_SET"));
    EXPECT_EQ(ask_level(), 0U);
}

TEST_P(Controls, ArgumentsAreCarriedOutAndTakenOut) {
    std::string texts[]{
        "program", "--set", "controls.level=2,controls.trace=on", "file", "--set=controls.clock=tsc", "--settle", "--",
        "--set",   "x=y"};
    std::vector<char*> arguments;
    for (auto& each : texts) {
        arguments.push_back(each.data());
    }
    arguments.push_back(nullptr);
    int count = 9;
    ASSERT_TRUE(inlay::configure_arguments(knobs, count, arguments.data()));
    EXPECT_EQ(ask_level(), 2U);
    EXPECT_TRUE(ask_trace());
    EXPECT_EQ(ask_clock(), 200U);
    ASSERT_EQ(count, 6);
    const char* const left[]{"program", "file", "--settle", "--", "--set", "x=y"};
    for (std::size_t i = 0; i < 6; ++i) {
        EXPECT_STREQ(arguments[i], left[i]);
    }
    EXPECT_EQ(arguments[6], nullptr);

    for (const char* wrong : {"--set=", "--set=controls.level", "--set=controls.level=9", "--set"}) {
        std::string all[]{"program", "--set", "controls.level=1", wrong};
        char* given[]{all[0].data(), all[1].data(), all[2].data(), all[3].data(), nullptr};
        int number = 4;
        const auto done = inlay::configure_arguments(knobs, number, given);
        EXPECT_FALSE(done) << wrong;
        EXPECT_EQ(done.line(), 0U);
        EXPECT_EQ(done.text().find("inlay: --set: "), 0U) << done.text();
        EXPECT_EQ(number, 4);
        EXPECT_STREQ(given[1], "--set");
        EXPECT_EQ(ask_level(), 2U) << wrong;
    }
    int none = 0;
    char* nothing[]{nullptr};
    EXPECT_TRUE(inlay::configure_arguments(knobs, none, nothing));
}

TEST_P(Controls, KnobsAreTheDeclarations) {
    static_assert(std::is_same_v<decltype(knobs["controls.trace"_s]), std::remove_const_t<decltype(trace)>>);
    static_assert(std::is_same_v<decltype(knobs["controls.level"_s]), std::remove_const_t<decltype(level)>>);
    static_assert(std::is_same_v<decltype(knobs["controls.clock"_s]), std::remove_const_t<decltype(clock_source)>>);
    static_assert(std::is_empty_v<decltype(knobs)>);
    static_assert(decltype(boost::hana::size(knobs))::value == 8 && decltype(knobs)::size == 8);
    ASSERT_TRUE(inlay::set(knobs["controls.trace"_s], true));
    EXPECT_TRUE(knobs["controls.trace"_s]);
    EXPECT_TRUE(ask_trace());
    ASSERT_TRUE(inlay::set(knobs["controls.level"_s], 2));
    switch (knobs["controls.level"_s]) {
    case 2:
        break;
    default:
        ADD_FAILURE();
    }
    EXPECT_EQ(knobs["controls.clock"_s](), 100U);
    EXPECT_EQ(knobs[BOOST_HANA_STRING("controls.clock")](), 100U);
    knobs["controls.probe"_s].maybe(1);

    std::string names;
    inlay::for_each(knobs, [&](auto control) { names.append(control.name()).append(" "); });
    EXPECT_EQ(names, "controls.trace controls.checks controls.level controls.many controls.codec controls.clock "
                     "controls.probe controls.object ");
    std::size_t pairs = 0;
    boost::hana::for_each(knobs, [&](auto pair) {
        pairs += std::string_view{boost::hana::first(pair).c_str()} == boost::hana::second(pair).name() ? 1 : 0;
    });
    EXPECT_EQ(pairs, 8U);
}

[[gnu::noinline]] int after_event() {
    int value = 0;
    hooks["controls.event"_s](&value);
    return value;
}

TEST_P(Controls, AHookTakesTargetsByName) {
    static_assert(std::is_same_v<decltype(hooks["controls.event"_s]), std::remove_const_t<decltype(event)>>);
    EXPECT_EQ(after_event(), 0);
    ASSERT_TRUE(inlay::configure(hooks, "controls.event=ten"));
    EXPECT_EQ(after_event(), 10);
    testing::internal::CaptureStdout();
    ASSERT_TRUE(inlay::print(hooks));
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(text.find("controls.event = ten (hook of type void (int*): one, ten, null; "), 0U) << text;
    const auto done = inlay::configure(hooks, "controls.event=one,controls.event=two");
    EXPECT_EQ(done.error(), inlay::error::value_unknown);
    EXPECT_EQ(after_event(), 10) << "nothing changes";
    ASSERT_TRUE(inlay::configure(hooks, "controls.event=one"));
    EXPECT_EQ(after_event(), 1);
    ASSERT_TRUE(inlay::configure(hooks, "controls.event=null"));
    EXPECT_EQ(after_event(), 0);
}

TEST_P(Controls, ALinePrintsEachControl) {
    ASSERT_TRUE(inlay::set(level, 3));
    testing::internal::CaptureStdout();
    ASSERT_TRUE(inlay::print(knobs));
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8) << text;
    EXPECT_NE(text.find("controls.level = 3 (switch of type unsigned int: 0 to 3; default 1; "), std::string::npos)
        << text;
    EXPECT_NE(text.find(" site"), std::string::npos) << text;
}

TEST_P(Controls, ThreadsSeeOneOrTheOther) {
    std::atomic<bool> stop{false};
    std::atomic<unsigned> wrong{0};
    std::atomic<unsigned long> asked{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        while (!stop) {
            const auto ways = ask_level();
            const auto clock = ask_clock();
            wrong += (ways == 1 || ways == 2) && (clock == 100 || clock == 200) ? 0 : 1;
            (void)ask_trace();
            ++asked;
        }
    });
    threads.emplace_back([&] {
        while (!stop) {
            wrong += inlay::configure(knobs, "controls.trace=on,controls.level=2,controls.nothing=1") ? 1 : 0;
            wrong += inlay::for_each_name([](const inlay::name_entry&) {}) ? 0 : 1;
        }
    });
    for (unsigned i = 0; i < 300 || asked < 1000; ++i) {
        const bool other = i % 2 != 0;
        ASSERT_TRUE(inlay::configure(knobs, other ? "controls.trace=off,controls.level=1,controls.clock=default"
                                                  : "controls.trace=on,controls.level=2,controls.clock=tsc"));
        ASSERT_EQ(ask_clock(), other ? 100U : 200U);
        ASSERT_EQ(ask_level(), other ? 1U : 2U);
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    EXPECT_EQ(wrong, 0U);
}

// ---- A site that cannot be changed -----------------------------------------------------------------

TEST_P(Controls, ABreakpointAtASiteIsFoundBeforeTheFirstChange) {
    if (!GetParam()) {
        GTEST_SKIP() << "sites read memory: nothing can refuse";
    }
    std::vector<std::uint8_t*> sites;
    const auto keys = inlay::this_image().keys;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto* const named =
            reinterpret_cast<const inlay::table::named*>(keys.records[i].key.target() & ~inlay::address{3});
        if (named->cell.target() == reinterpret_cast<inlay::address>(&decltype(checks)::state)) {
            sites.push_back(reinterpret_cast<std::uint8_t*>(keys.records[i].site.target()));
        }
    }
    ASSERT_FALSE(sites.empty());
    inlay::platform::process self;
    const std::uint8_t kept = *sites.back();
    const std::uint8_t breakpoint = 0xcc;
    ASSERT_TRUE(self.write(reinterpret_cast<inlay::address>(sites.back()), &breakpoint, 1) && self.finish());
    const auto done = inlay::configure(knobs, "controls.trace=on,controls.level=2,controls.checks=off");
    ASSERT_TRUE(self.write(reinterpret_cast<inlay::address>(sites.back()), &kept, 1) && self.finish());
    EXPECT_EQ(done.error(), inlay::error::site_changed);
    EXPECT_NE(done.text().find("\"controls.checks=off\": the site holds bytes"), std::string::npos) << done.text();
    EXPECT_FALSE(ask_trace());
    EXPECT_EQ(ask_level(), 1U);
    EXPECT_TRUE(ask_checks());
}

/// On pages without another site.
[[gnu::noinline, gnu::section("sealed_text"), gnu::aligned(4096)]] bool ask_sealed() { return sealed; }

TEST_P(Controls, AChangeThatIsRefusedTakesBackThoseBeforeIt) {
    if (!GetParam()) {
        GTEST_SKIP() << "sites read memory: nothing can refuse";
    }
    constexpr int no_mseal = 77;
    EXPECT_EXIT(
        {
            constexpr long mseal = 462; // Linux 6.10: the page cannot be replaced
            if (syscall(mseal, &ask_sealed, 4096, 0) != 0) {
                _exit(no_mseal);
            }
            const auto done = inlay::configure("controls.trace=enable,controls.level=2,controls.clock=tsc,"
                                               "controls.many=40,controls.sealed=on,controls.checks=off");
            const bool right = done.error() == inlay::error::text_not_writable &&
                               done.outcome().system_error == EPERM && done.outcome().written == 0 &&
                               done.text().find("\"controls.sealed=on\": text cannot be written") != std::string::npos;
            const bool back = !ask_trace() && ask_level() == 1 && ask_clock() == 100 && ask_many() == 0 &&
                              !ask_sealed() && ask_checks() &&
                              inlay::disable(trace).error() == inlay::error::not_enabled;
            std::fputs(done.text().c_str(), stderr);
            // Those on other pages can still be changed.
            _exit(!right ? 1 : !back ? 2 : inlay::configure(knobs, "controls.level=3") && ask_level() == 3 ? 0 : 3);
        },
        [](int status) { return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == no_mseal); },
        "");
}

} // namespace
