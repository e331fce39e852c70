// SPDX-License-Identifier: BSL-1.0
//
// refuse: system calls that the kernel refuses from now on, by a seccomp filter: for a process of its own (child.hpp).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay_test {

/// The kernel's answer to a system call from now on, with any of the bits in the argument of that index, or with any.
inline void answer(std::uint32_t what, int call, unsigned argument = 0, std::uint32_t bits = 0) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offsetof(seccomp_data, args) + argument * 8)),
        BPF_JUMP(BPF_JMP | (bits != 0 ? BPF_JSET : BPF_JGE) | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, what),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{std::size(program), program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        _exit(99);
    }
}
inline void refuse(int call, unsigned argument = 0, std::uint32_t bits = 0) {
    answer(SECCOMP_RET_ERRNO | EACCES, call, argument, bits);
}

/// As on Linux before 5.13: MREMAP_DONTUNMAP is not known.
inline void refuse_spare_pages() { refuse(SYS_mremap, 3, 4); }

} // namespace inlay_test
