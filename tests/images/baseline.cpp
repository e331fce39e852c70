// SPDX-License-Identifier: BSL-1.0
//
// A unit for a processor that the machine may not have. Code that runs before main(), at fork() and in the end must do
// without it. WHOLE: with all of inlay.
#ifdef WHOLE
#include <inlay/inlay.hpp>
#else
#include <inlay/static_call.hpp>
#include <inlay/static_key.hpp>
#endif

#include <sys/wait.h>
#include <unistd.h>

namespace {

int answer() { return 1; }

inline constexpr inlay::static_key<"images.baseline", true> key;
inline constexpr inlay::static_call<"images.call", &answer> call;

} // namespace

#ifdef WHOLE
extern "C" int images_apply() { return inlay::apply() && inlay::set(key, false) && !key ? 0 : 1; }
#endif

int main() {
    if (!key || call() != 1) {
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(key ? 0 : 1);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}
