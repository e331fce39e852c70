// SPDX-License-Identifier: BSL-1.0
//
// memory_test: whether a kernel's memory agrees with inlay's report on its ELF file.
//
//     memory_test kernel.elf memory.bin none,+smap,+tcg [unlike=hypercall_page:4096] [sites=150]
//     memory_test kernel.elf - none,+smap,+tcg write=decided.bin
//
// `memory.bin` is the kernel's memory from image_begin on, read while it ran; `-` stands for the file's own image.
// `sites` is their least number. With `write` nothing is compared: the program writes the text as decided.
//
// It is a program of this machine, for kernels of all architectures. Tables and forms are taken from the file, and must
// be the same in memory. The kernel's own decisions come from its memory: the targets of paravirt operations and of
// static calls. The features are those of the third argument, and no others. Then, byte by byte: each site must hold
// the bytes of the report (which asks decide()), and all other text those of the file.
#include <inlay/report/file.hpp>
#include <inlay/report/text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

namespace report = inlay::report;

std::vector<char> read(const char* path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

int failures = 0;
void expect(bool right, const std::string& what) {
    if (!right && failures++ < 20) {
        std::cout << "FAIL: memory: " << what << '\n';
    }
}

/// The kernel's symbols.
class symbol_table {
public:
    explicit symbol_table(const report::elf_file& file) {
        for (auto& each : file.symbols()) {
            values_.emplace(each.name, each.value);
        }
    }

    /// Its value, or 0.
    [[nodiscard]] std::uint64_t operator[](const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? 0 : found->second;
    }

private:
    std::map<std::string, std::uint64_t> values_{};
};

/// Where the parts of the kernel are, in bytes from image_begin.
struct parts {
    std::uint64_t begin;
    std::size_t text, constants, all;
};

/// The `size` bytes from the image's `begin` on; between segments, zeros.
template <class Target>
std::vector<std::uint8_t> content(const report::file_image<Target>& image, std::uint64_t begin, std::size_t size) {
    std::vector<std::uint8_t> result(size);
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint8_t* const at = image.bytes(begin + i, 1);
        result[i] = at != nullptr ? *at : std::uint8_t{0};
    }
    return result;
}

/// Puts the bytes of a kernel's memory into the image.
template <class Target>
void replace(const report::file_image<Target>& image, std::uint64_t begin, const std::vector<char>& memory) {
    for (std::size_t i = 0; i < memory.size(); ++i) {
        if (std::uint8_t* const at = image.bytes(begin + i, 1)) {
            *at = static_cast<std::uint8_t>(memory[i]);
        }
    }
}

using options = std::map<std::string, std::string>;

/// Writes the text after all decisions.
int write(const report::contents& what, std::vector<std::uint8_t> text, const parts& kernel, const std::string& path) {
    for (const auto& site : what.sites) {
        expect(!site.malformed && !site.after.bytes.empty(), "malformed: " + site.name + ": " + site.trouble);
        const std::size_t offset = site.where.at - kernel.begin;
        if (offset + site.after.bytes.size() <= text.size()) {
            std::copy(site.after.bytes.begin(), site.after.bytes.end(),
                      text.begin() + static_cast<std::ptrdiff_t>(offset));
        }
    }
    std::ofstream decided{path, std::ios::binary};
    decided.write(reinterpret_cast<const char*>(text.data()), static_cast<std::streamsize>(kernel.text));
    return failures == 0 && decided.flush() ? 0 : 1;
}

/// Compares memory with the decisions, and the rest of the text with the file.
void compare(const report::contents& what, const std::vector<std::uint8_t>& original,
             const std::vector<std::uint8_t>& memory, const parts& kernel, std::size_t skip_from, std::size_t skip_to,
             unsigned& differ) {
    std::vector<bool> of_a_site(kernel.text);
    for (const auto& site : what.sites) {
        expect(!site.malformed, "malformed: " + site.trouble);
        expect(site.as_decided(), site.name + " at " + report::detail::hex(site.where.at) + " is not as decided");
        for (std::size_t i = 0; i < site.now.bytes.size() && site.where.at - kernel.begin + i < kernel.text; ++i) {
            const std::size_t offset = site.where.at - kernel.begin + i;
            of_a_site[offset] = true;
            differ += original[offset] != memory[offset] ? 1U : 0U;
        }
    }
    for (std::size_t i = 0; i < kernel.text; ++i) {
        const bool skipped = i >= skip_from && i < skip_to;
        expect(of_a_site[i] || skipped || original[i] == memory[i],
               "text outside of all sites has changed at offset " + std::to_string(i));
    }
}

template <class Target>
int test(const report::elf_file& file, const char* memory_path, const char* cpu, options& chosen) {
    const report::file_image<Target> image{file};
    const symbol_table symbols{file};
    const std::uint64_t begin = symbols["image_begin"];
    const bool live = std::string{memory_path} != "-";
    const auto dump = live ? read(memory_path) : std::vector<char>{};
    const parts kernel{begin, symbols["text_end"] - begin, symbols["rodata_end"] - begin,
                       live ? dump.size() : symbols["image_end"] - begin};
    if (begin == 0 || kernel.all < kernel.constants) {
        std::cout << "FAIL: memory: no image, or no memory of it\n";
        return 2;
    }
    const auto original = content(image, begin, kernel.all);
    replace(image, begin, dump);
    const auto memory = content(image, begin, kernel.all);
    expect(std::equal(original.begin() + static_cast<std::ptrdiff_t>(kernel.text),
                      original.begin() + static_cast<std::ptrdiff_t>(kernel.constants),
                      memory.begin() + static_cast<std::ptrdiff_t>(kernel.text)),
           "the tables in memory are not those of the file");
    const auto what = report::collect(image, file.path(), cpu);
    expect(what.trouble.empty(), what.trouble);
    if (chosen.count("write") != 0) {
        return write(what, memory, kernel, chosen["write"]);
    }
    std::size_t skip_from = 0;
    std::size_t skip_to = 0;
    if (const std::string unlike = chosen["unlike"]; !unlike.empty()) { // a part that the hypervisor fills in
        const auto colon = unlike.find(':');
        skip_from = symbols[unlike.substr(0, colon)] - begin;
        skip_to = skip_from + std::stoul(unlike.substr(colon + 1));
    }
    unsigned differ = 0;
    compare(what, original, memory, kernel, skip_from, skip_to, differ);
    const auto& sum = what.summary;
    expect(sum.as_decided == what.sites.size() && what.sites.size() >= std::stoul("0" + chosen["sites"]),
           "there are fewer sites than there should be");
    std::cout << (failures == 0 ? "ok" : "bad") << ": " << sum.as_decided << " of " << what.sites.size()
              << " sites as decided for " << cpu << " (" << differ << " bytes unlike the file; " << sum.alternatives
              << " alternatives, " << sum.pv_calls << " paravirt calls, " << sum.pv_calls_inlined << " inlined, "
              << sum.static_calls << " static calls)\n";
    return failures == 0 ? 0 : 1;
}

} // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        return 2;
    }
    options chosen;
    for (int i = 4; i < count; ++i) {
        const std::string option{arguments[i]};
        const auto equals = std::min(option.find('='), option.size() - 1);
        chosen[option.substr(0, equals)] = option.substr(equals + 1);
    }
    try {
        const report::elf_file file{arguments[1]};
        return file.machine() == EM_AARCH64 ? test<inlay::aarch64::target>(file, arguments[2], arguments[3], chosen)
                                            : test<inlay::x86::target<64>>(file, arguments[2], arguments[3], chosen);
    } catch (const std::exception& error) {
        std::cout << "FAIL: memory: " << error.what() << '\n';
        return 2;
    }
}
