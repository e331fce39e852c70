// SPDX-License-Identifier: BSL-1.0
//
// orc: inlay orc FILE: fills the file's section inlay_unwind with the table that inlay/unwind.hpp reads.
#include "commands.hpp"

#include <inlay/check/orc.hpp>
#include <inlay/check/print.hpp>
#include <inlay/check/program.hpp>

#include <fmt/core.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

bool write_table(const std::string& path, const tool::context& context) {
    say_progress(context, "reading " + path);
    const inlay::check::program program{path};
    inlay::check::findings found;
    const auto table = make_unwind_table(program, found);
    say_progress(context, "");
    for (const auto& each : found) {
        print(std::cerr, each, path, context.coloured_errors);
    }
    if (!found.empty()) {
        return false; // nothing is written
    }
    inlay::check::write_unwind_table(path, table);
    fmt::print("{}: {} entries\n", path, table.size());
    return true;
}

} // namespace

void tool::add_orc(CLI::App& to, context& with) {
    const auto files = std::make_shared<std::vector<std::string>>();
    CLI::App* const command = to.add_subcommand(
        "orc", "Write a table for unwinding without frame pointers into section inlay_unwind of a linked file");
    command->add_option("FILE", *files, "Programs, shared libraries or kernels; they are changed")->required();
    command->callback([files, &with] {
        for (const auto& path : *files) {
            if (!write_table(path, with)) {
                with.result = status::found;
            }
        }
    });
}
