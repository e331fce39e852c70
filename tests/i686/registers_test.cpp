// SPDX-License-Identifier: BSL-1.0
//
// The registers of instructions in 32-bit mode, against Zydis; a program of 64 bits, as Zydis is. It reads the lines of
// encoding_test.cpp, prints the lines that differ, and the number of compared lines.
#include "../zydis_registers.hpp"

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

// NOLINTBEGIN(*-avoid-magic-numbers)
int main() {
    const inlay_test::zydis_registers zydis{false};
    unsigned compared = 0;
    unsigned failures = 0;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream in{line};
        std::string hex;
        std::string stated;
        in >> hex >> stated;
        unsigned length = 0;
        unsigned long long reads = 0;
        unsigned long long writes = 0;
        if (stated == "-") {
            continue;
        }
        if (std::sscanf(stated.c_str(), "%u,%llx,%llx", &length, &reads, &writes) != 3 || hex.size() < 2 * length) {
            std::printf("FAIL: not a line of encoding_test: %s\n", line.c_str());
            return 1;
        }
        std::vector<std::uint8_t> bytes;
        for (unsigned i = 0; i < length; ++i) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(2 * i, 2), nullptr, 16)));
        }
        ++compared;
        if (const auto difference = zydis.difference(bytes, {reads, writes}); !difference.empty()) {
            ++failures;
            std::printf("FAIL: %s\n  %s\n", line.c_str(), difference.c_str());
        }
    }
    std::printf("registers: %u instructions compared, %u differ\n", compared, failures);
    return failures == 0 && compared >= 3000 ? 0 : 1;
}
// NOLINTEND(*-avoid-magic-numbers)
