// SPDX-License-Identifier: BSL-1.0
//
// check: inlay check FILE...: proves that the sites of files are right, or says where not.
#include "commands.hpp"

#include <inlay/check/print.hpp>
#include <inlay/check/program.hpp>
#include <inlay/check/rules.hpp>
#include <inlay/check/seal.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

struct arguments {
    std::vector<std::string> files{};
    inlay::check::options rules{};
    bool strict{};
    bool list{};
    bool quiet{};
    bool seal{};
};

/// Checks one file, and prints the findings.
bool check_file(const std::string& path, const arguments& with, const tool::context& context) {
    say_progress(context, "reading " + path);
    const inlay::check::program program{path};
    inlay::check::findings found;
    inlay::check::check_all(program, with.rules, found,
                            [&](const std::string& text) { say_progress(context, path + ": " + text); });
    say_progress(context, "");
    for (const auto& each : found) {
        print(std::cerr, each, path, context.coloured_errors);
    }
    if (with.list) {
        for (const auto& site : program.sites()) {
            fmt::print("{:#x} {} {}{}{}\n", site.at, unsigned{site.length}, word_of(site.kind),
                       site.name.empty() ? "" : " ", site.name);
        }
    }
    const auto errors = std::count_if(found.begin(), found.end(), [&](const inlay::check::finding& each) {
        return each.severity == inlay::check::severity::error ||
               (with.strict && each.severity == inlay::check::severity::warning);
    });
    if (!with.quiet || errors != 0) {
        fmt::print("{}: {}\n", path, inlay::check::summary(program, static_cast<std::size_t>(errors)));
    }
    return errors == 0;
}

/// Seals one file in which nothing is wrong.
void seal_file(const std::string& path, const arguments& with, const tool::context& context) {
    say_progress(context, path + ": sealing");
    const auto done = inlay::check::seal_file(path);
    say_progress(context, "");
    if (!with.quiet) {
        fmt::print("{}: sealed, {} of {} bytes\n", path, done.used, done.room);
    }
}

} // namespace

void tool::add_check(CLI::App& to, context& with) {
    const auto given = std::make_shared<arguments>();
    CLI::App* const command = to.add_subcommand("check", "Prove that every site is right, or say where and why not");
    command->add_option("FILE", given->files, "Programs, shared libraries, objects or kernels")->required();
    command->add_flag("--retpoline", given->rules.retpoline,
                      "The image is built for retpolines: refuse indirect branches through registers or memory");
    command->add_flag("--strict", given->strict, "Warnings count as errors");
    command->add_flag("--list", given->list, "Print each site: its address, its length in bytes, its kind and name");
    command->add_flag("--seal", given->seal,
                      "Write into each file that is right what apply_proven() needs; replaces the file");
    command->add_flag("-q,--quiet", given->quiet, "Print nothing about a file that is right");
    command->callback([given, &with] {
        for (const auto& path : given->files) {
            if (!check_file(path, *given, with)) {
                with.result = status::found;
            } else if (given->seal) {
                seal_file(path, *given, with);
            }
        }
    });
}
