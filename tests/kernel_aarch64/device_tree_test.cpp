// SPDX-License-Identifier: BSL-1.0
//
// device_tree_test: the kernel's reader of device trees, on this machine, under AddressSanitizer.
//
//     device_tree_test gicv2.dtb gicv2-el2.dtb gicv3.dtb          as QEMU writes them (-M virt,...,dumpdtb=FILE)
//
// What. Facts from whole trees; then the same trees cut short, and with bytes changed. The reader must read nothing
// outside of a tree, and end.
// How. Each damaged tree is a block of its own from the heap, of just its size: the sanitizer sees a byte beyond.
#include "device_tree.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

using kernel::device_tree;
using bytes = std::vector<unsigned char>;

unsigned failed = 0;
unsigned passed = 0;

void check(bool right, const std::string& what) {
    (right ? passed : failed) += 1;
    if (!right) {
        std::printf("FAIL: device_tree: %s\n", what.c_str());
    }
}

/// Asks for everything that the kernel asks for, and more. The sum is so that no read is optimised away.
unsigned long long read_all(const device_tree& tree) {
    unsigned long long sum = 0;
    unsigned nodes = 0;
    for (auto node = tree.next({}); node; node = tree.next(node)) {
        ++nodes;
        sum += std::strlen(node.name);
        for (const char* name : {"reg", "compatible", "status", "bootargs", "method", "#address-cells"}) {
            const auto value = tree.find(node, name);
            for (unsigned i = 0; i < value.size; ++i) {
                sum += value.data[i];
            }
        }
        device_tree::range range{};
        for (unsigned i = 0; i < 100000 && tree.reg(node, i, range); ++i) {
            sum += range.base + range.size;
        }
        if (const char* const text = tree.text(node, "device_type"); text != nullptr) {
            sum += std::strlen(text);
        }
    }
    for (const char* name : {"arm,gic-v3", "arm,cortex-a15-gic", "arm,gic-v3-its", "arm,pl011", "arm,psci-1.0"}) {
        sum += tree.find_compatible(name).inside;
    }
    sum += tree.find_type("cpu").inside + tree.find_type("memory").inside + tree.find_name("chosen").inside;
    return sum + nodes;
}

/// A copy that ends where its block ends.
unsigned long long read_copy(const bytes& blob) {
    const auto copy = std::make_unique<unsigned char[]>(blob.size());
    std::copy(blob.begin(), blob.end(), copy.get());
    return read_all(device_tree{copy.get(), blob.size()});
}

unsigned count_registers(const device_tree& tree, const char* compatible) {
    const auto node = tree.find_compatible(compatible);
    device_tree::range range{};
    unsigned count = 0;
    while (tree.reg(node, count, range)) {
        ++count;
    }
    return count;
}

void facts(const std::string& name, const device_tree& tree) {
    check(static_cast<bool>(tree), name + ": is read");
    device_tree::range range{};
    check(tree.reg(tree.find_compatible("arm,pl011"), 0, range) && range.base == 0x9000000, name + ": the serial port");
    check(tree.reg(tree.find_type("memory"), 0, range) && range.base == 0x40000000 && range.size == 0x10000000,
          name + ": 256 MiB of memory");
    unsigned cpus = 0;
    for (auto cpu = tree.find_type("cpu"); cpu; cpu = tree.find_type("cpu", cpu)) {
        check(tree.reg(cpu, 0, range) && range.base == cpus && range.size == 0, name + ": number of a processor");
        ++cpus;
    }
    check(cpus == 4, name + ": four processors");
    const bool el2 = name.find("el2") != std::string::npos;
    const bool secure = name.find("secure") != std::string::npos;
    const char* const method = tree.text(tree.find_name("psci"), "method");
    check(method != nullptr && std::strcmp(method, el2 ? "smc" : "hvc") == 0, name + ": how PSCI is called");
    if (name.find("gicv2") != std::string::npos) {
        check(count_registers(tree, "arm,cortex-a15-gic") == (el2 ? 4 : 2), name + ": registers of GICv2");
        check(!tree.find_compatible("arm,gic-v3"), name + ": no GICv3");
    } else {
        check(count_registers(tree, "arm,gic-v3") == 2, name + ": registers of GICv3");
        check(tree.reg(tree.find_compatible("arm,gic-v3-its"), 0, range) && range.base == 0x8080000,
              name + ": a node below another");
    }
    if (secure) { // a second port and a second memory belong to the secure world
        unsigned ports = 0;
        for (auto port = tree.find_compatible("arm,pl011"); port; port = tree.find_compatible("arm,pl011", port)) {
            ++ports;
        }
        check(ports == 1, name + ": what is switched off is left out");
    }
    const char* const words = tree.text(tree.find_name("chosen"), "bootargs");
    check(words != nullptr && std::strcmp(words, "a word") == 0, name + ": the words of the loader");
    check(!tree.find_name("choose") && !tree.find_compatible("arm,gic") && !tree.find(tree.root(), "mode"),
          name + ": the beginning of a name is not the name");
    check(!tree.reg(tree.root(), 0, range) && !tree.reg({}, 0, range), name + ": no addresses where there are none");
}

std::size_t word(const bytes& blob, std::size_t at) {
    return std::size_t{blob[at]} << 24 | std::size_t{blob[at + 1]} << 16 | std::size_t{blob[at + 2]} << 8 |
           blob[at + 3];
}
void put(bytes& blob, std::size_t at, unsigned value) {
    for (unsigned i = 0; i < 4; ++i) {
        blob[at + i] = static_cast<unsigned char>(value >> (24 - 8 * i));
    }
}

} // namespace

int main(int count, char** names) {
    check(!device_tree{} && !device_tree{nullptr, 4096}, "nothing is no tree");
    // Names that do not end, at the very end of the tree.
    for (const bool of_property : {false, true}) {
        bytes blob(40 + 24, 'n');
        const unsigned header[] = {0xd00dfeed, 64, 40, of_property ? 60U : 40U, 40,
                                   17,         16, 0,  of_property ? 4U : 0U,   24};
        for (unsigned i = 0; i < 10; ++i) {
            put(blob, 4 * i, header[i]);
        }
        put(blob, 40, 1);
        if (of_property) {
            put(blob, 44, 0); // the root's name
            put(blob, 48, 3);
            put(blob, 52, 0);
            put(blob, 56, 0);
        }
        check(read_copy(blob) == (of_property ? 1 : 0), "names that do not end");
    }
    unsigned long long sum = 0;
    for (int i = 1; i < count; ++i) {
        std::ifstream file{names[i], std::ios::binary};
        bytes blob{std::istreambuf_iterator<char>{file}, {}};
        const device_tree whole{blob.data(), blob.size()};
        const std::string path = names[i];
        facts(path.substr(path.rfind('/') + 1), whole);
        // QEMU leaves a MiB of room after the strings.
        const std::size_t used = std::max(word(blob, 8) + word(blob, 36), word(blob, 12) + word(blob, 32));
        blob.resize(used);
        put(blob, 4, static_cast<unsigned>(used));
        check(read_copy(blob) == read_all(whole), "the same without the room");
        // Cut short: the header states more bytes. And with a header that states the smaller size.
        for (std::size_t size = 0; size < blob.size(); size += size < 400 ? 1 : 97) {
            bytes part{blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(size)};
            check(read_copy(part) == 0, "a tree that is cut short is none");
        }
        std::srand(15);
        const auto random = [](std::size_t limit) { return static_cast<std::size_t>(std::rand()) % limit; };
        for (unsigned round = 0; round < 4000; ++round) {
            bytes damaged = blob;
            for (std::size_t changes = 1 + random(4); changes != 0; --changes) {
                switch (random(4)) {
                case 0:
                    damaged[random(damaged.size())] = static_cast<unsigned char>(random(256));
                    break;
                case 1:
                    put(damaged, random(10) * 4, static_cast<unsigned>(random(blob.size() * 2)));
                    break; // header
                case 2:
                    put(damaged, random(damaged.size() / 4) * 4, static_cast<unsigned>(random(10)));
                    break;
                default:
                    put(damaged, random(damaged.size() / 4) * 4, ~0U - static_cast<unsigned>(random(64)));
                    break;
                }
            }
            sum += read_copy(damaged);
        }
    }
    std::printf("device_tree: %u passed, %u failed (%llu)\n", passed, failed, sum % 1000);
    return failed != 0 ? 1 : 0;
}
