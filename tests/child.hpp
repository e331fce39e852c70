// SPDX-License-Identifier: BSL-1.0
//
// child: a test's body in a process of its own, which it may spoil.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

namespace inlay_test {

/// Runs `body` in a child process; its result is the child's status.
template <class Body>
int in_child(Body body) {
    const pid_t child = fork();
    if (child == 0) {
        _exit(body());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

} // namespace inlay_test
