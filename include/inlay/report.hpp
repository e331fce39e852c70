// SPDX-License-Identifier: BSL-1.0
//
// report: the form of each site, before and after. Hosted programs only; link Zydis and libdw (CMake: inlay::report).
//
//     inlay::report::print(std::cout);                               // this image, this CPU, text
//     inlay::report::print(std::cout, {.cpu = "x86-64-v3,-avx2"});   // for another CPU
//     inlay::report::print(stdout, {.format = inlay::report::output::json});
//     inlay::report::print_file(std::cout, "kernel.elf", {.cpu = "none,+crc32"});   // a file of any architecture
//
// The report is on the image that calls it. For every alternative and every call, it has the name, the place in the
// source, and the predicate and code of each choice. It also has the winning choice, and the bytes before, after and in
// memory now. A static call has its target, a pv call its pointer's target, and a key or switch site the path of each
// value. Each used feature follows, with its value and its probe; the totals come last.
//
// How it works. decide.hpp is pure. So the report asks the same function as the patcher. It uses the features of the
// named CPU, and the current values of keys and static calls. The report writes nothing. From apply()'s notes, it uses
// only the places of calls.
//
//     report/cpu_model.hpp    CPUs by name              report/collect.hpp      the report as data
//     report/symbols.hpp      functions and lines       report/text.hpp         for people
//     report/disassembly.hpp  instructions              report/json.hpp         for programs
//     report/file.hpp         the image in an ELF file
//
// On the CPU `this`, the features that INLAY_FEATURES forces count from the apply() that read the variable.
#pragma once

#include "inlay/apply.hpp"
#include "inlay/platform/linux.hpp"
#include "inlay/report/collect.hpp"
#include "inlay/report/cpu_model.hpp"
#include "inlay/report/file.hpp"
#include "inlay/report/json.hpp"
#include "inlay/report/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] inlay {
namespace report {

enum class output : std::uint8_t { text, json };

enum class colours : std::uint8_t {
    automatic, ///< on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb
    never,
    always,
};

struct options {
    std::string cpu{"this"}; ///< see cpu_model.hpp
    output format{output::text};
    colours colour{colours::automatic};
};

namespace detail {

[[nodiscard]] inline bool wants_colour(colours choice, int file) noexcept {
    // NOLINTBEGIN(concurrency-mt-unsafe): read only
    const char* const no_colour = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    // NOLINTEND(concurrency-mt-unsafe)
    const bool unwanted =
        (no_colour != nullptr && *no_colour != '\0') || (terminal != nullptr && std::string_view{terminal} == "dumb");
    return choice == colours::always || (choice == colours::automatic && !unwanted && file >= 0 && ::isatty(file) == 1);
}

inline void write(std::ostream& out, const contents& what, const options& how, int file) {
    if (how.format == output::json) {
        write_json(out, what);
    } else {
        write_text(out, what, wants_colour(how.colour, file));
    }
}

/// Hidden, like everything that asks for the calling image.
[[gnu::visibility("hidden")]] inline void print(std::ostream& out, const options& how, int file) {
    const table::tables tables = this_image();
    const platform::process image;
    write(out, collect(tables, image, cpu_model::parse(how.cpu, used_feature_names(tables, image))), how, file);
}

/// A stream does not say whether it is a terminal; these are known.
[[nodiscard]] inline int file_of(const std::ostream& out) noexcept {
    return &out == &std::cout ? STDOUT_FILENO : &out == &std::cerr || &out == &std::clog ? STDERR_FILENO : -1;
}

} // namespace detail

/// Reports on the image (program or shared library) that calls it. Throws std::invalid_argument if `how.cpu` is no CPU
/// or has an unknown feature. Not thread-safe against apply().
[[gnu::visibility("hidden")]] inline void print(std::ostream& out, const options& how = {}) {
    detail::print(out, how, detail::file_of(out));
}

[[gnu::visibility("hidden")]] inline void print(std::FILE* out, const options& how = {}) {
    std::ostringstream text;
    detail::print(text, how, ::fileno(out));
    const std::string all = text.str();
    std::fwrite(all.data(), 1, all.size(), out);
}

/// Reports on an ELF file of x86-64, i386 or AArch64: a program, a shared library or a kernel. Throws file_error if
/// the file is of another kind, is damaged or has no tables of inlay. Throws std::invalid_argument if `how.cpu` is no
/// CPU of its architecture. (A template, so that only programs that use it have the code of three architectures.)
template <class Stream>
void print_file(Stream& out, const std::string& path, const options& how = {})
    requires std::is_base_of_v<std::ostream, Stream>
{
    detail::write(out, collect_file(path, how.cpu), how, detail::file_of(out));
}

template <class File>
void print_file(File* out, const std::string& path, const options& how = {})
    requires std::is_same_v<File, std::FILE>
{
    std::ostringstream text;
    detail::write(text, collect_file(path, how.cpu), how, ::fileno(out));
    const std::string all = text.str();
    std::fwrite(all.data(), 1, all.size(), out);
}

} // namespace report
} // namespace inlay
