// SPDX-License-Identifier: BSL-1.0
#include <inlay/inlay.hpp>

using namespace inlay::x86::insn;

inline constexpr inlay::feature<"consumer.on", inlay::by_hand{}> on;
inline constexpr auto site = inlay::alternative<mov(eax, 1), inlay::when<on, mov(eax, 0)>>{}.returns<rax, int>();

int main() {
    inlay::set(on, true);
    return inlay::apply() ? site() : 2;
}
