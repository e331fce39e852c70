// SPDX-License-Identifier: BSL-1.0
//
// 10. What goes wrong, and how you hear of it.
//
// What. apply() returns an outcome. If it is false, `message(done.error())` says what is wrong, `done.detail()` or
// `done.record()` says where, and every site still works.
//
// Why. A patcher that stops half-way leaves a program that nobody wrote. Linux can BUG(); a library must not.
//
// How it works underneath. A first pass checks and decides every record and writes nothing; only if all are good
// does a second pass write. If the system refuses in the middle of that, the sites get their originals back. The
// original form works on every CPU: that is what makes it the original.
#include "tour.hpp"

#include <cstdio>

using namespace inlay::x86::insn;
using inlay::always, inlay::when;

namespace {

inline constexpr auto form =
    inlay::alternative<mov(eax, 1), when<always, mov(eax, 2)>>{}.named<"form">().returns<rax, unsigned>();

void show(const char* attempt, const inlay::outcome& done) {
    std::printf("\n%s\n    %s\n", attempt, done ? "no error" : tour::sentence(done).c_str());
    tour::show("the site", "form");
    std::printf("    form() is %u\n", form());
}

} // namespace

int main() {
    tour::title(10, "What goes wrong, and how you hear of it");
    std::printf("One site, mov eax, 1, that becomes mov eax, 2 wherever apply() succeeds. First twice it must not.\n");

    const auto malformed = tour::apply_with("sse2");
    show("INLAY_FEATURES=sse2", malformed);

    // What a process gets under systemd's MemoryDenyWriteExecute=yes, if /proc/self/mem is closed as well.
    inlay::platform::process closed{inlay::platform::process::way::refused};
    const auto refused = inlay::apply(inlay::this_image(), closed);
    show("A system that lets nobody write text:", refused);
    const bool kept = form() == 1;

    const auto done = tour::apply_with("");
    show("And as it should be:", done);

    // A name may be a library's that comes later: it is said, and keeps nothing from being patched.
    const auto unknown = tour::apply_with("-sse2,-nosuch");
    show("INLAY_FEATURES=-sse2,-nosuch", unknown);

    tour::next("mistakes that the compiler finds, so that apply() never sees them.");
    return !unknown && !malformed && !refused && done && kept && form() == 2 ? 0 : 1;
}
