// SPDX-License-Identifier: BSL-1.0
//
// 10. Errors, and how apply() reports them.
//
// What. apply() returns an outcome. If it is false, `message(done.error())` describes the error, `done.detail()` or
// `done.record()` gives its place, and every site still works.
//
// Why. A patcher that stops half-way leaves a program that no author designed. Linux can BUG(); a library must not.
//
// How it works underneath. A first pass checks and decides every record, and writes nothing. A second pass writes, but
// only if all records are good. If the system refuses in the middle of that pass, the sites get their originals back.
// The original form works on every CPU.
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
    tour::title(10, "Errors, and how apply() reports them");
    std::printf("One site, mov eax, 1. It becomes mov eax, 2 if apply() succeeds. The first two times it must not.\n");

    const auto malformed = tour::apply_with("sse2");
    show("INLAY_FEATURES=sse2", malformed);

    // The situation of a process under systemd's MemoryDenyWriteExecute=yes, if /proc/self/mem is closed as well.
    inlay::platform::process closed{inlay::platform::process::way::refused};
    const auto refused = inlay::apply(inlay::this_image(), closed);
    show("A system that forbids writing text:", refused);
    const bool kept = form() == 1;

    const auto done = tour::apply_with("");
    show("And without an error:", done);

    // A library that comes later may have the unknown name. So apply() reports it, but patches all sites.
    const auto unknown = tour::apply_with("-sse2,-nosuch");
    show("INLAY_FEATURES=-sse2,-nosuch", unknown);

    tour::next("mistakes that the compiler finds, so that apply() never sees them.");
    return !unknown && !malformed && !refused && done && kept && form() == 2 ? 0 : 1;
}
