// SPDX-License-Identifier: BSL-1.0
//
// commands: the subcommands of the program `inlay`, each in a file of its own name.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace tool {

/// Exit statuses, which the man page lists.
enum class status : int {
    good = 0,     ///< proven, shown, written
    found = 1,    ///< the file is wrong; each fault has been printed
    unusable = 2, ///< wrong arguments, or a file that cannot be read
};

/// The state that all subcommands share.
struct context {
    status result{status::good};
    bool coloured_output{}; ///< standard output takes colours
    bool coloured_errors{}; ///< standard error does
    bool progress{};        ///< standard error is a terminal: long work says how far it is
};

/// Each adds its subcommand, whose callback does the work and sets `with.result`. It may throw std::exception: the sentence
/// is printed, and the status is `unusable`.
void add_attest(CLI::App& to, context& with);
void add_check(CLI::App& to, context& with);
void add_show(CLI::App& to, context& with);
void add_orc(CLI::App& to, context& with);

/// Writes "inlay: TEXT" to a terminal's current line, which the next line overwrites; "" clears it.
void say_progress(const context& with, const std::string& text);

} // namespace tool
