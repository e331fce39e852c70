// SPDX-License-Identifier: BSL-1.0
//
// One apply() with a given number of records, to count the instructions that run inside bench_counted().
//
//     valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_counted count_instructions 1000
#include "../made_image.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" [[gnu::noinline]] bool bench_counted(bench::image& image) { return static_cast<bool>(image.apply()); }

int main(int count, char** arguments) {
    const unsigned long records = count == 2 ? std::strtoul(arguments[1], nullptr, 10) : 0;
    if (records == 0) {
        std::fprintf(stderr, "usage: count_instructions RECORDS\n");
        return 2;
    }
    bench::image image{records};
    image.restore();
    if (!bench_counted(image) || !image.is_patched()) {
        std::fprintf(stderr, "a site holds wrong bytes\n");
        return 1;
    }
    return 0;
}
