// SPDX-License-Identifier: BSL-1.0
//
// memory_test: is what a kernel holds in memory what inlay's report says of its ELF file?
//
//     memory_test kernel.elf memory.bin none,+smap,+tcg [unlike=hypercall_page:4096] [sites=150]
//     memory_test kernel.elf - none,+smap,+tcg write=decided.bin
//
// `memory.bin` is the kernel's memory from image_begin on, read while it ran; `-` stands for the file's own image. `sites`
// is how many there are at least. With `write` nothing is compared: what the decisions make of the text is written, and
// in decided.bin.sites where its sites are.
//
// Tables and forms are taken from the file, and must be the same in memory. What the kernel decides at run time comes from
// its memory: the targets of paravirt operations and of static calls. The features are those of the third argument, and no
// others. Then, byte by byte: each site must hold what the report (which asks decide()) says, and all other text what the
// file says.
#include "kernel_file.hpp"

#include <inlay/report/collect.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

using inlay::address;
namespace table = inlay::table;

std::vector<char> read(const char* path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// A part of the image in this program's memory, as a platform that is only asked.
struct image_here {
    address begin, text_end, end;

    [[nodiscard]] bool readable(address from, std::size_t size) const noexcept {
        return from >= begin && from <= end && size <= end - from;
    }
    [[nodiscard]] bool writable(address from, std::size_t size) const noexcept {
        return readable(from, size) && from >= text_end;
    }
    [[nodiscard]] bool executable(address from, std::size_t size) const noexcept {
        return readable(from, size) && from + size <= text_end;
    }
    [[nodiscard]] bool probe(address /*function*/) const noexcept { return false; }
};

/// Adds `shift` to the pointers that tables lead to: of paravirt operations, and in the cells of static calls.
void rebase(const table::tables& tables, address shift) {
    std::set<address> done;
    for (std::size_t i = 0; i < tables.alternatives.size(); ++i) {
        const auto* choice = reinterpret_cast<const table::choice*>(tables.alternatives.records[i].choices.target());
        while (choice->otherwise) {
            choice = reinterpret_cast<const table::choice*>(choice->otherwise.target());
        }
        const auto& form = *reinterpret_cast<const table::form*>(choice->form.target());
        if (form.kind == table::form_kind::indirect_call) {
            const address pointer = inlay::detail::indirect_call_of(form).pointer.target();
            if (done.insert(pointer).second && *reinterpret_cast<address*>(pointer) != 0) {
                *reinterpret_cast<address*>(pointer) += shift;
            }
        }
    }
    for (std::size_t i = 0; i < tables.names.size(); ++i) {
        const auto& named = tables.names.records[i];
        auto& cell = *reinterpret_cast<table::cell*>(named.cell.target());
        if (named.trampoline && done.insert(named.cell.target()).second) {
            cell.value += shift;
        }
    }
}

int failures = 0;
void expect(bool right, const std::string& what) {
    if (!right && failures++ < 20) {
        std::cout << "FAIL: memory: " << what << '\n';
    }
}

} // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        return 2;
    }
    std::map<std::string, std::string> options;
    for (int i = 4; i < count; ++i) {
        const std::string option{arguments[i]};
        const auto equals = std::min(option.find('='), option.size() - 1);
        options[option.substr(0, equals)] = option.substr(equals + 1);
    }
    const kernel_file file{arguments[1]};
    const address begin = file.symbol("image_begin");
    const std::size_t text_size = file.symbol("text_end") - begin;
    const std::size_t constant_size = file.symbol("rodata_end") - begin;
    const std::string from{arguments[2]};
    const auto dump = from != "-" ? read(arguments[2]) : std::vector<char>(file.symbol("image_end") - begin);
    if (begin == 0 || dump.size() < constant_size) {
        std::cout << "FAIL: memory: no image, or no memory of it\n";
        return 2;
    }
    const auto original = file.image(begin, dump.size());
    // Aligned like the image: sites say nothing about it, but tables do.
    alignas(4096) static std::uint8_t memory[4 << 20];
    if (dump.size() > sizeof(memory)) {
        std::cout << "FAIL: memory: more than this test has room for\n";
        return 2;
    }
    if (from != "-") {
        std::memcpy(memory, dump.data(), dump.size());
    } else {
        std::memcpy(memory, original.data(), original.size());
    }
    const address here = reinterpret_cast<address>(memory);
    const address shift = here - begin;
    expect(std::memcmp(original.data() + text_size, memory + text_size, constant_size - text_size) == 0,
           "the tables in memory are not those of the file");

    const auto section = [&]<class Record>(Record*, const char* name) {
        const address first = file.symbol(std::string{"__start_"} + name);
        const address last = file.symbol(std::string{"__stop_"} + name);
        return table::section<Record>{reinterpret_cast<Record*>(first + shift), last - first};
    };
    static table::registry registry{};
    const table::tables tables{section(static_cast<const table::alternative_record*>(nullptr), "inlay_alternatives"),
                               section(static_cast<table::call_record*>(nullptr), "inlay_calls"),
                               section(static_cast<table::key_record*>(nullptr), "inlay_keys"),
                               section(static_cast<const table::named*>(nullptr), "inlay_names"), &registry};
    rebase(tables, shift);
    const image_here image{here, here + text_size, here + dump.size()};
    const auto model = inlay::report::cpu_model::parse(arguments[3], inlay::report::used_feature_names(tables, image));
    const auto what = inlay::report::collect(tables, image, model);
    expect(what.trouble.empty(), what.trouble);

    if (options.count("write") != 0) {
        std::ofstream sites{options["write"] + ".sites"};
        for (const auto& site : what.sites) {
            expect(!site.malformed && !site.after.bytes.empty(), "malformed: " + site.name + ": " + site.trouble);
            sites << std::hex << site.where.at - shift << ' ' << site.after.bytes.size() << ' ' << site.name << '\n';
            std::memcpy(memory + (site.where.at - here), site.after.bytes.data(), site.after.bytes.size());
        }
        std::ofstream decided{options["write"], std::ios::binary};
        decided.write(reinterpret_cast<const char*>(memory), static_cast<std::streamsize>(text_size));
        return failures == 0 && decided.flush() && sites.flush() ? 0 : 1;
    }

    std::vector<bool> of_a_site(text_size);
    unsigned differ = 0;
    for (const auto& site : what.sites) {
        expect(!site.malformed, "malformed: " + site.trouble);
        expect(site.as_decided(), site.name + " at " + std::to_string(site.where.at - shift) + " is not as decided");
        for (std::size_t i = 0; i < site.now.bytes.size() && site.where.at - here + i < text_size; ++i) {
            const std::size_t offset = site.where.at - here + i;
            of_a_site[offset] = true;
            differ += original[offset] != memory[offset] ? 1 : 0;
        }
    }
    std::size_t skip_from = 0;
    std::size_t skip_to = 0;
    if (const std::string unlike = options["unlike"]; !unlike.empty()) { // a part that somebody else fills in
        const auto colon = unlike.find(':');
        skip_from = file.symbol(unlike.substr(0, colon)) - begin;
        skip_to = skip_from + std::stoul(unlike.substr(colon + 1));
    }
    for (std::size_t i = 0; i < text_size; ++i) {
        const bool skipped = i >= skip_from && i < skip_to;
        expect(of_a_site[i] || skipped || original[i] == memory[i],
               "text outside of all sites has changed at offset " + std::to_string(i));
    }
    const auto& sum = what.summary;
    expect(sum.as_decided == what.sites.size() && what.sites.size() >= std::stoul("0" + options["sites"]),
           "there are fewer sites than there should be");
    std::cout << (failures == 0 ? "ok" : "bad") << ": " << sum.as_decided << " of " << what.sites.size()
              << " sites as decided for " << arguments[3] << " (" << differ << " bytes unlike the file; "
              << sum.alternatives << " alternatives, " << sum.pv_calls << " paravirt calls, " << sum.pv_calls_inlined
              << " inlined, " << sum.static_calls << " static calls)\n";
    return failures == 0 ? 0 : 1;
}
