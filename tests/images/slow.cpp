// SPDX-License-Identifier: BSL-1.0
//
// A library that loads slowly: its resolver waits, by system calls alone, until the program knows of the library and
// lets it go on.
#include "slow.hpp"

#include <sys/syscall.h>

namespace {

[[gnu::always_inline]] inline long transfer(long call, int file, void* byte) {
    long result = call;
    asm volatile("syscall" : "+a"(result) : "D"(file), "S"(byte), "d"(1) : "rcx", "r11", "memory"); // NOLINT
    return result;
}

int answer() { return 1; }

} // namespace

extern "C" {

[[gnu::visibility("hidden")]] auto images_resolve() -> int (*)() {
    char byte = 'x';
    (void)transfer(SYS_write, images::heard, &byte);
    (void)transfer(SYS_read, images::go_on, &byte);
    return &answer;
}
[[gnu::visibility("default"), gnu::ifunc("images_resolve")]] int images_slow();

/// The relocation that the resolver runs for.
[[gnu::visibility("default")]] int (*images_uses_slow)() = &images_slow;

} // extern "C"
