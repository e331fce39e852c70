// SPDX-License-Identifier: BSL-1.0
//
// show: inlay show FILE: every site of a file, before and after, on a CPU: as text, as JSON, or as a page.
#include "commands.hpp"
#include "page.hpp"

#include <inlay/check/cpu_models.hpp>
#include <inlay/check/disassembly.hpp>
#include <inlay/check/program.hpp>
#include <inlay/report/file.hpp>
#include <inlay/report/json.hpp>
#include <inlay/report/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct arguments {
    std::string file{};
    std::string cpu{"none"};
    std::string format{"text"};
    std::string output{};
};

std::string first_word(const std::string& cpu) { return cpu.substr(0, cpu.find(',')); }

/// A CPU as report/cpu_model.hpp reads it: "native" is `this`, and "sse2,avx2" is `none` with these features.
std::string model_of(const std::string& cpu, const inlay::report::named_cpu& known) {
    if (cpu == "native") {
        return "this";
    }
    const std::string first = first_word(cpu);
    if (known.has || cpu.find('+') != std::string::npos || cpu.find(",-") != std::string::npos || first == "this" ||
        first == "none" || first.starts_with("x86-64")) {
        return cpu.starts_with("native,") ? "this" + cpu.substr(6) : cpu;
    }
    std::string model = "none,+";
    for (const char each : cpu) {
        model += each;
        model += each == ',' ? "+" : "";
    }
    return model;
}

std::string machine_of(const std::string& path) {
    switch (inlay::report::elf_file{path}.machine()) {
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "i386";
    default:
        return "AArch64";
    }
}

std::string json_of(const inlay::report::contents& what) {
    std::ostringstream text;
    inlay::report::write_json(text, what);
    return text.str();
}

/// The page, with the report in it. "<" is written so that no text can end the element that holds the data.
void write_page(std::ostream& out, const inlay::report::contents& what, const arguments& with) {
    auto data = nlohmann::json::parse(json_of(what));
    data["file"] = with.file.substr(with.file.rfind('/') + 1);
    data["machine"] = machine_of(with.file);
    data["cpu"] = with.cpu;
    std::string text;
    for (const char each : data.dump()) {
        if (each == '<') {
            text += "\\u003c";
        } else {
            text += each;
        }
    }
    constexpr std::string_view page = tool::page;
    constexpr std::string_view mark = "@DATA@";
    const std::size_t at = page.find(mark);
    out << page.substr(0, at) << text << page.substr(at + mark.size());
}

/// The report. If the first word of `cpu` is unknown, the error lists the models that it may mean.
inlay::report::contents collect(const inlay::check::program& program, const std::string& cpu) {
    const std::string first = first_word(cpu);
    const auto known = inlay::check::find_cpu(program.machine(), first);
    const std::string model = model_of(cpu, known);
    try {
        return inlay::report::collect_file(program.debug_path(), model, known);
    } catch (const std::invalid_argument& error) {
        const std::string what = error.what();
        const bool is_first = !known.has && (what.starts_with("inlay: unknown CPU ") ||
                                             what.starts_with("inlay: unknown feature \"" + first + '"'));
        if (!is_first) {
            throw;
        }
        std::string names;
        for (const auto& each : inlay::check::close_cpu_names(program.machine(), first)) {
            names += (names.empty() ? "" : ", ") + each;
        }
        const bool x86 = program.machine() != inlay::check::machine::aarch64;
        const auto other = x86 ? inlay::check::machine::aarch64 : inlay::check::machine::x86_64;
        throw std::invalid_argument{"inlay: unknown CPU or unknown feature \"" + first + "\": " +
                                    (inlay::check::find_cpu(other, first).has
                                         ? std::string{"QEMU has it as a model of "} + (x86 ? "AArch64" : "x86")
                                     : names.empty() ? "inlay show --cpus lists the models of QEMU"
                                                     : "close names: " + names)};
    }
}

void write(std::ostream& out, const arguments& with, bool coloured) {
    const inlay::check::program program{with.file}; // of an object, it makes a program
    const auto what = collect(program, with.cpu);
    if (with.format == "html") {
        write_page(out, what, with);
    } else if (with.format == "json") {
        out << json_of(what);
    } else {
        inlay::report::write_text(out, what, coloured);
    }
    if (!out.flush()) {
        throw std::runtime_error{"inlay: " + (with.output.empty() ? "standard output" : with.output) +
                                 " cannot be written"};
    }
}

void print_cpus() {
    for (const auto of : {inlay::check::machine::x86_64, inlay::check::machine::aarch64}) {
        for (const auto& each : inlay::check::cpu_names(of)) {
            std::cout << each << '\n';
        }
    }
    throw CLI::Success{};
}

} // namespace

void tool::add_show(CLI::App& to, context& with) {
    const auto given = std::make_shared<arguments>();
    CLI::App* const command = to.add_subcommand("show", "Show every site before and after apply(), on a CPU");
    command->add_option("FILE", given->file, "A program, shared library, object or kernel")->required();
    command
        ->add_option("--cpu", given->cpu,
                     "native, none, x86-64 to x86-64-v4, or a CPU model of QEMU (Haswell-v4, neoverse-n1), each with "
                     "changes (x86-64-v3,-avx2,+app.x); or a list of features (sse2,avx2)")
        ->capture_default_str();
    command->add_flag_callback("--cpus", &print_cpus, "Print the names of QEMU's CPU models, and end");
    command->add_option("--format", given->format, "text, json, or html: one page with all that it needs")
        ->check(CLI::IsMember{{"text", "json", "html"}})
        ->capture_default_str();
    command->add_option("-o,--output", given->output, "Write to this file");
    command->callback([given, &with] {
        if (given->output.empty()) {
            write(std::cout, *given, with.coloured_output);
            return;
        }
        std::ofstream out{given->output, std::ios::binary};
        write(out, *given, false);
    });
}
