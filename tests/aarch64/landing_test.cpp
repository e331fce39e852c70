// SPDX-License-Identifier: BSL-1.0
//
// Guarded pages (BTI) of a shared library that is linked with -z force-bti and run with QEMU_CPU=max. An indirect
// branch to an instruction that is no landing pad ends the program. It does so before apply(), and after it, on the
// replaced page. run.sh runs other tests in a library like this one, and so shows that all entries of inlay have
// landing pads.
#include <inlay/inlay.hpp>

#include <csignal>
#include <cstdio>

#include <sys/wait.h>
#include <unistd.h>

extern "C" int without_pad();
asm(".pushsection .text.sites,\"ax\",@progbits\n\t"
    ".type without_pad,@function\n"
    "without_pad:\n\t"
    "mov w0, #7\n\t"
    "ret\n\t"
    ".popsection");

namespace {

inline constexpr inlay::static_key<"landing.key", false> key;
[[gnu::noinline, gnu::section(".text.sites")]] bool ask() { return key; } // in the same page

int failed = 0;

void check(bool good, const char* what) {
    std::printf("%s landing: %s\n", good ? "PASS" : "FAIL", what);
    failed += good ? 0 : 1;
}

/// The signal that ends a process that branches to an instruction without a pad; 0 if no signal does.
int branch() {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        int (*volatile target)() = &without_pad;
        ::_exit(target());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

} // namespace

int main() {
    check(branch() == SIGILL, "the page is guarded");
    inlay::platform::process self{inlay::platform::process::way::replace_page};
    check(static_cast<bool>(inlay::apply(inlay::this_image(), self)) && !ask(), "apply()");
    check(branch() == SIGILL, "the page that took its place is guarded");
    check(static_cast<bool>(inlay::set(key, true)) && ask(), "set()");
    check(branch() == SIGILL, "and the next one");
    return failed == 0 ? 0 : 1;
}
