// SPDX-License-Identifier: BSL-1.0
#include <inlay/inlay.hpp>
#ifdef WITH_REPORT
#include <inlay/report.hpp>
#endif

inline constexpr inlay::static_key<"consumer.on", false> on;

int main() {
    if (on || !inlay::apply() || !inlay::set(on, true) || !on) {
        return 1;
    }
#ifdef WITH_REPORT
    inlay::report::print(std::cout);
#endif
    return 0;
}
