// SPDX-License-Identifier: BSL-1.0
//
// memory_test: is what a kernel holds in memory what inlay's report says of its ELF file?
//
//     memory_test kernel.elf memory.bin none,+smap,+tcg [unlike=hypercall_page:4096]
//
// `memory.bin` is the kernel's memory from image_begin on, read while it ran. Tables and forms are taken from the
// file, and must be the same in memory. What the kernel decides at run time comes from its memory: the targets of
// paravirt operations and of static calls. The features are those of the third argument, and no others. Then, byte by
// byte: each site must hold what the report (which asks decide()) says, and all other text what the file says.
#include "../elf_file.hpp"

#include <inlay/report/collect.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
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

/// The image as a loader lays it out, from `begin` on.
std::vector<std::uint8_t> load(const elf_file& file, address begin, std::size_t size) {
    std::vector<std::uint8_t> image(size);
    for (const auto& segment : file.segments()) {
        if (segment.address - begin < size) {
            const std::size_t at = segment.address - begin;
            std::memcpy(image.data() + at, segment.bytes.data(), std::min(segment.bytes.size(), size - at));
        }
    }
    return image;
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
    const elf_file file{arguments[1]};
    const auto dump = read(arguments[2]);
    auto symbols = file.symbols();
    const address begin = symbols["image_begin"];
    const std::size_t text_size = symbols["text_end"] - begin;
    const std::size_t constant_size = symbols["rodata_end"] - begin;
    if (begin == 0 || dump.size() < constant_size) {
        std::cout << "FAIL: memory: no image, or no memory of it\n";
        return 2;
    }
    const auto original = load(file, begin, dump.size());
    // Aligned like the image: sites say nothing about it, but tables do.
    alignas(4096) static std::uint8_t memory[4 << 20];
    if (dump.size() > sizeof(memory)) {
        std::cout << "FAIL: memory: more than this test has room for\n";
        return 2;
    }
    std::memcpy(memory, dump.data(), dump.size());
    const address here = reinterpret_cast<address>(memory);
    const address shift = here - begin;
    expect(std::memcmp(original.data() + text_size, memory + text_size, constant_size - text_size) == 0,
           "the tables in memory are not those of the file");

    const auto section = [&]<class Record>(Record*, const char* name) {
        const address first = symbols[std::string{"__start_"} + name];
        const address last = symbols[std::string{"__stop_"} + name];
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
    std::string unlike = count > 4 ? std::string{arguments[4]} : std::string{};
    std::size_t skip_from = 0;
    std::size_t skip_to = 0;
    if (unlike.rfind("unlike=", 0) == 0) { // a part that somebody else fills in
        const auto colon = unlike.find(':');
        skip_from = symbols[unlike.substr(7, colon - 7)] - begin;
        skip_to = skip_from + std::stoul(unlike.substr(colon + 1));
    }
    for (std::size_t i = 0; i < text_size; ++i) {
        const bool skipped = i >= skip_from && i < skip_to;
        expect(of_a_site[i] || skipped || original[i] == memory[i],
               "text outside of all sites has changed at offset " + std::to_string(i));
    }
    const auto& sum = what.summary;
    expect(sum.as_decided == what.sites.size() && what.sites.size() > 150,
           "there are fewer sites than there should be");
    std::cout << (failures == 0 ? "ok" : "bad") << ": " << sum.as_decided << " of " << what.sites.size()
              << " sites as decided for " << arguments[3] << " (" << differ << " bytes unlike the file; "
              << sum.alternatives << " alternatives, " << sum.pv_calls << " paravirt calls, " << sum.pv_calls_inlined
              << " inlined, " << sum.static_calls << " static calls)\n";
    return failures == 0 ? 0 : 1;
}
