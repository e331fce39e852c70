// SPDX-License-Identifier: BSL-1.0
//
// inlay: checks and shows the sites of programs, libraries and kernels.
//
//     inlay check a.out        inlay show --cpu=x86-64-v3 a.out
#include "commands.hpp"

#include <inlay/version.hpp>

#include <fmt/color.h>
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

/// https://no-color.org
bool takes_colours(int descriptor) {
    const char* const forbidden = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && (forbidden == nullptr || *forbidden == '\0') && terminal != nullptr &&
           std::string_view{terminal} != "dumb";
}

int run(int count, char** arguments) {
    tool::context with{.coloured_output = takes_colours(STDOUT_FILENO),
                       .coloured_errors = takes_colours(STDERR_FILENO),
                       .progress = ::isatty(STDERR_FILENO) == 1};
    CLI::App app{"Checks and shows the patch sites of programs, shared libraries, objects and kernels.", "inlay"};
    app.set_version_flag("--version",
                         fmt::format("inlay {}.{}.{}", INLAY_VERSION_MAJOR, INLAY_VERSION_MINOR, INLAY_VERSION_PATCH));
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 if all is well, 1 if the file is wrong, 2 if it cannot be read or the arguments are wrong.");
    tool::add_check(app, with);
    tool::add_attest(app, with);
    tool::add_show(app, with);
    tool::add_orc(app, with);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(tool::status::unusable);
    }
    return static_cast<int>(with.result);
}

} // namespace

namespace tool {

void say_progress(const context& with, const std::string& text) {
    if (with.progress) {
        fmt::print(stderr, "\r\x1b[K{}", text.empty() ? "" : "inlay: " + text);
        std::fflush(stderr);
    }
}

} // namespace tool

int main(int count, char** arguments) {
    try {
        return run(count, arguments);
    } catch (const std::exception& error) {
        const std::string text = error.what();
        fmt::print(stderr, "{}{}\n", text.starts_with("inlay: ") ? "" : "inlay: ", text);
        return static_cast<int>(tool::status::unusable);
    }
}
