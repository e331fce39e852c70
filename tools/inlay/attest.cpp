// SPDX-License-Identifier: BSL-1.0
//
// attest: inlay attest PID: whether the files and the tables allow the text in memory.
#include "commands.hpp"

#include <inlay/check/attest.hpp>
#include <inlay/check/memory.hpp>
#include <inlay/check/print.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <string>

namespace {

struct arguments {
    std::string what{};
    std::string stub{};
    bool core{};
    bool quiet{};
};

std::unique_ptr<inlay::check::memory_source> open(const arguments& from) {
    if (!from.stub.empty()) {
        return std::make_unique<inlay::check::stub_memory>(from.stub, from.what);
    }
    if (from.core) {
        return std::make_unique<inlay::check::core_memory>(from.what);
    }
    std::uint64_t pid = 0;
    const char* const end = from.what.data() + from.what.size();
    const auto [stop, trouble] = std::from_chars(from.what.data(), end, pid);
    if (trouble != std::errc{} || stop != end) {
        throw CLI::ValidationError("PID", from.what + " is no number; --core takes a core file, --gdb a kernel's file");
    }
    return std::make_unique<inlay::check::process_memory>(pid);
}

/// Attests, and prints the findings. True if all text is as it may be.
bool attest(const arguments& with, const tool::context& context) {
    say_progress(context, "reading " + with.what);
    const auto memory = open(with);
    inlay::check::attestation all{*memory};
    all.run();
    say_progress(context, "");
    std::size_t errors = 0;
    for (const auto& each : all.differences()) {
        print(std::cerr, each.what, each.path.empty() ? memory->name() : each.path, context.coloured_errors);
        errors += each.what.severity == inlay::check::severity::error ? 1 : 0;
    }
    const auto& counted = all.counted();
    if (!with.quiet || errors != 0) {
        fmt::print("{}: {} in {} bytes of text of {}, {} of {} sites patched", memory->name(),
                   errors == 0   ? "no difference"
                   : errors == 1 ? "1 difference"
                                 : fmt::format("{} differences", errors),
                   counted.text, counted.images == 1 ? "1 image" : fmt::format("{} images", counted.images),
                   counted.patched, counted.sites);
        if (counted.absent != 0) {
            fmt::print(", {} bytes not read", counted.absent);
        }
        fmt::print("\n");
    }
    if (counted.images == 0) {
        throw inlay::report::file_error{"inlay: " + memory->name() + ": no image is mapped in it"};
    }
    return errors == 0;
}

} // namespace

void tool::add_attest(CLI::App& to, context& with) {
    const auto given = std::make_shared<arguments>();
    CLI::App* const command =
        to.add_subcommand("attest", "Compare the text in memory with the files and the forms of their sites");
    command->add_option("WHAT", given->what, "The number of a process; with --core or --gdb a file")->required();
    CLI::Option* const core = command->add_flag("--core", given->core, "WHAT is a core file");
    command
        ->add_option("--gdb", given->stub,
                     "WHAT is the file of a kernel or static program that this stub of gdb holds, HOST:PORT or a "
                     "socket's path (QEMU's -gdb and -g, gdbserver); it goes on afterwards")
        ->excludes(core);
    command->add_flag("-q,--quiet", given->quiet, "Print nothing if there is no difference");
    command->callback([given, &with] {
        if (!attest(*given, with)) {
            with.result = status::found;
        }
    });
}
