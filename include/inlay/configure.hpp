// SPDX-License-Identifier: BSL-1.0
//
// configure: settings as text: from a string, a file, the environment, or the arguments of a program.
//
//     if (auto done = inlay::configure("app.trace=on, codec.level=2"); !done) std::fputs(done.text().c_str(), stderr);
//     inlay::configure_file("/etc/app.conf");
//     inlay::configure_environment();                          // the variable INLAY_SET
//     inlay::configure_arguments(argc, argv);                  // --set app.trace=on; takes them out of argv
//
//     # a file: a setting a line, or several with commas between
//     app.trace   = on
//     codec.level = 2, sched_clock = tsc      # to the end of the line
//
// These functions set names of the whole process. With controls (controls.hpp) as the first argument, they set only the
// names of the controls.
//
// How it works. The text is cut into settings, and all of them are looked up and checked, under one lock, before the
// first change. Then configure() makes the changes one by one, in their order. Other threads may see one change before
// the next; no other change comes between. If the system refuses one, configure() takes back the earlier ones;
// error::change_incomplete says that it could not. Values are as in set_by_name().
#pragma once

#include "inlay/names.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/auxv.h>

namespace [[gnu::visibility("hidden")]] inlay {

// (As functions: no unit uses a constructor from a unit for another processor.)
inline namespace INLAY_TARGET {

/// The result of configure().
class [[nodiscard]] configured {
public:
    configured() = default;
    configured(const inlay::outcome& done, std::string source, std::size_t line, std::string text)
        // The text of detail() may be gone: text() has a copy.
        : done_{*done.detail() != '\0' ? inlay::outcome{done.error(), ""} : done},
          source_{static_cast<std::string&&>(source)}, line_{line}, text_{static_cast<std::string&&>(text)} {}

    /// True if each setting is in force.
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(done_); }
    [[nodiscard]] inlay::error error() const noexcept { return done_.error(); }
    /// As the outcome of set(). (Its detail() is empty: text() has that.)
    [[nodiscard]] const inlay::outcome& outcome() const noexcept { return done_; }
    /// The file, the variable or the option that the error is about; "" for a string.
    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    /// The line with the error, from 1; 0 if the error concerns no line.
    [[nodiscard]] std::size_t line() const noexcept { return line_; }
    /// The error, for people: its place, its cause, and the existing names or values; ends with a newline. Empty
    /// without an error.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    inlay::outcome done_{};
    std::string source_{};
    std::size_t line_{};
    std::string text_{};
};

} // namespace INLAY_TARGET

namespace detail {

/// The names that a text may set: all, or the names of a list.
struct settable {
    const table::named* const* names{};
    std::size_t count{};
    bool all{true};

    [[nodiscard]] bool operator()(std::string_view text) const noexcept {
        bool found = all;
        for (std::size_t i = 0; i < count && !found; ++i) {
            found = asked_name{text}.is(text_at(names[i]->name)) || text == text_at(names[i]->name);
        }
        return found;
    }
};

inline namespace INLAY_TARGET {

/// Settings, and the line of each. (A std::vector has functions that an image would export.)
class settings {
public:
    /// Room for all settings of a text.
    void make_room(std::string_view text) {
        std::size_t most = 1;
        for (const char each : text) {
            most += each == ',' || each == '\n' ? 1 : 0;
        }
        // NOLINTBEGIN(modernize-make-unique): that is a function of the C++ library's with our type in it, as above
        all_.reset(new assignment[most]);
        lines_.reset(new std::size_t[most]);
        // NOLINTEND(modernize-make-unique)
    }
    void add(const assignment& one, std::size_t line) noexcept {
        all_[count_] = one;
        lines_[count_++] = line;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] assignment* all() const noexcept { return all_.get(); }
    [[nodiscard]] std::size_t line(std::size_t index) const noexcept { return lines_[index]; }

    std::string_view malformed{};
    std::size_t malformed_line{};

private:
    std::unique_ptr<assignment[]> all_{};    // NOLINT(*-avoid-c-arrays)
    std::unique_ptr<std::size_t[]> lines_{}; // NOLINT(*-avoid-c-arrays)
    std::size_t count_{};
};

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view blanks{" \t\r\v\f"};
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? text.substr(0, 0)
                                           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Cuts `name=value`; false if the text has another form.
[[nodiscard]] inline bool cut_setting(std::string_view text, assignment& result) noexcept {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    result = assignment{without_blanks(text.substr(0, equals)), without_blanks(text.substr(equals + 1))};
    const auto good = [](std::string_view part) noexcept {
        for (const char each : part) {
            if (!may_be_in_setting(each)) {
                return false;
            }
        }
        return !part.empty();
    };
    return good(result.name) && good(result.value);
}

/// Cuts a text into settings, and adds them. A comma may end a line.
inline void cut_settings(std::string_view text, settings& result) noexcept {
    for (std::size_t number = 1; !text.empty() && result.malformed_line == 0; ++number) {
        const std::size_t end = smaller(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(smaller(end + 1, text.size()));
        line = without_blanks(line.substr(0, line.find('#')));
        while (!line.empty() && result.malformed_line == 0) {
            const std::size_t comma = smaller(line.find(','), line.size());
            assignment one{};
            if (cut_setting(line.substr(0, comma), one)) {
                result.add(one, number);
            } else {
                result.malformed = without_blanks(line.substr(0, comma));
                result.malformed_line = number;
            }
            line = without_blanks(line.substr(smaller(comma + 1, line.size())));
        }
    }
}
[[nodiscard]] inline settings cut_settings(std::string_view text) {
    settings result;
    result.make_room(text);
    cut_settings(text, result);
    return result;
}

/// "inlay: source:line: ", or the part of it that exists.
[[nodiscard]] inline std::string place_of(const std::string& source, std::size_t line, bool lines) {
    std::string result = "inlay: " + source;
    if (lines && line != 0) {
        // (Not std::to_string(): GCC gives it a unique symbol, which keeps a plugin loaded for ever.)
        result.append(source.empty() ? "line " : ":").append(short_text<24>{}.add(line).get());
    }
    return !source.empty() || (lines && line != 0) ? result + ": " : result;
}

/// The error in a text of settings.
[[nodiscard]] inline configured explained(const outcome& done, const std::string& source, std::size_t line, bool lines,
                                          const assignment& one, const settable& wanted) {
    std::string text = place_of(source, line, lines);
    text.append("\"").append(one.name).append("=").append(one.value).append("\": ");
    const char* const sentence = done.error() == error::name_unknown && !wanted.all
                                     ? "none of the controls has this name"
                                     : message(done.error());
    explain_to(done, one.name, one.value, sentence, wanted, [&](std::string_view part) { text.append(part); });
    return {done, source, line, text};
}

/// Carries out settings that have been cut.
[[nodiscard]] inline configured carry_out(settings& cut, const std::string& source, bool lines,
                                          const settable& wanted) {
    if (cut.malformed_line != 0) {
        const outcome done{error::setting_malformed, begin_of(cut.malformed)};
        std::string text = place_of(source, cut.malformed_line, lines);
        text.append("\"").append(cut.malformed).append("\": ").append(message(done.error())).append("\n");
        return {done, source, cut.malformed_line, text};
    }
    for (std::size_t i = 0; i < cut.size(); ++i) {
        if (!wanted(cut.all()[i].name)) {
            const outcome done{error::name_unknown, begin_of(cut.all()[i].name)};
            return explained(done, source, cut.line(i), lines, cut.all()[i], wanted);
        }
    }
    std::size_t failed = 0;
    const outcome done = cut.size() == 0 ? outcome{} : assign(cut.all(), cut.size(), failed);
    if (done) {
        return {done, source, 0, {}};
    }
    if (failed < cut.size() && done.error() != error::no_memory) {
        return explained(done, source, cut.line(failed), lines, cut.all()[failed], wanted);
    }
    return {done, source, 0, place_of(source, 0, lines) + message(done.error()) + "\n"};
}

[[nodiscard]] inline configured configure_text(std::string_view text, const std::string& source,
                                               const settable& wanted) {
    settings cut = cut_settings(text);
    return carry_out(cut, source, text.find('\n') != std::string_view::npos, wanted);
}

/// The content of a file, of any kind; errno if it cannot be read.
[[nodiscard]] inline int read_file(const char* path, std::string& content) {
    struct closing {
        void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, closing> file{std::fopen(path, "re")};
    if (file == nullptr) {
        return errno;
    }
    char part[4096]; // NOLINT(*-member-init): fread() fills the used part
    while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
        content.append(part, std::fread(part, 1, sizeof(part), file.get()));
    }
    return std::ferror(file.get()) != 0 ? errno : 0;
}

[[nodiscard]] inline configured configure_file(const char* path, const settable& wanted) {
    std::string content;
    if (const int trouble = read_file(path, content); trouble != 0) {
        outcome done{error::file_unreadable, ""};
        done.system_error = trouble;
        return {done, path, 0, place_of(path, 0, false) + message(done.error()) + ": " + std::strerror(trouble) + "\n"};
    }
    std::string_view text{content};
    if (constexpr std::string_view mark{"\xef\xbb\xbf"}; text.substr(0, mark.size()) == mark) { // of UTF-8
        text.remove_prefix(mark.size());
    }
    settings cut = cut_settings(text);
    return carry_out(cut, path, true, wanted);
}

[[nodiscard]] inline configured configure_environment(const char* variable, const settable& wanted) {
    // A user who runs a program with the rights of another user must not change its behaviour.
    const bool trusted = ::getauxval(AT_SECURE) == 0;
    const char* const text = trusted ? std::getenv(variable) : nullptr;
    return text != nullptr ? configure_text(text, variable, wanted) : configured{};
}

[[nodiscard]] inline std::size_t begin_of_last_line(const std::string& text) noexcept { // of a line that ends
    const std::size_t before = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
    return before == std::string::npos ? 0 : before + 1;
}

[[nodiscard]] inline configured configure_arguments(int& count, char** arguments, std::string_view option,
                                                    const settable& wanted) {
    // The settings come from one text; line ends separate the arguments. The text lives until all settings are carried
    // out.
    std::string text;
    std::vector<char*> others;
    bool options = true;
    for (int i = 0; i < count; ++i) {
        const std::string_view argument{arguments[i]};
        options = options && argument != "--";
        if (i != 0 && options && argument == option) {
            text.append(++i < count ? arguments[i] : "").append("\n");
        } else if (i != 0 && options && argument.size() > option.size() && argument[option.size()] == '=' &&
                   argument.substr(0, option.size()) == option) {
            text.append(argument.substr(option.size() + 1)).append("\n");
        } else {
            others.push_back(arguments[i]);
            continue;
        }
        if (without_blanks({text.data() + begin_of_last_line(text), text.size() - 1 - begin_of_last_line(text)})
                .empty()) {
            text.back() = ','; // nothing stands there: refused
            text.push_back('\n');
        }
    }
    settings cut = cut_settings(text);
    configured result = carry_out(cut, std::string{option}, false, wanted);
    if (result) {
        int kept = 0;
        for (char* const each : others) {
            arguments[kept++] = each;
        }
        if (kept < count) {
            arguments[kept] = nullptr;
        }
        count = kept;
    }
    return {result.outcome(), result.source(), 0, result.text()};
}

} // namespace INLAY_TARGET

} // namespace detail

inline namespace INLAY_TARGET {

// All are thread-safe and work before apply() and after. They allocate, but not under the lock. On an error, error(),
// line() and text() describe it, and nothing has changed. Only after error::change_incomplete, some sites have changed.

/// Makes the settings of a text: "app.trace=on, codec.level=2". If a name occurs twice, its last setting counts.
[[gnu::visibility("hidden")]] inline configured configure(std::string_view text) {
    return detail::configure_text(text, {}, {});
}

/// Makes the settings of a file. error::file_unreadable if it cannot be read; outcome().system_error is errno.
[[gnu::visibility("hidden")]] inline configured configure_file(const char* path) {
    return detail::configure_file(path, {});
}

/// Makes the settings of an environment variable, if it exists. A set-user-id program ignores it.
[[gnu::visibility("hidden")]] inline configured configure_environment(const char* variable = "INLAY_SET") {
    return detail::configure_environment(variable, {});
}

/// Carries out the options `--set name=value` and `--set=name=value`, all of them or none, and removes them from the
/// arguments. On an error the arguments do not change. Arguments after "--" are no options.
[[gnu::visibility("hidden")]] inline configured configure_arguments(int& argc, char** argv,
                                                                    std::string_view option = "--set") {
    return detail::configure_arguments(argc, argv, option, {});
}

} // namespace INLAY_TARGET

} // namespace inlay
