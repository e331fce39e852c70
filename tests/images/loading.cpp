// SPDX-License-Identifier: BSL-1.0
//
// Names are changed while another thread is inside dlopen(): a plugin is mapped there, and not relocated yet.
//     loading PLUGIN...
#include "expect.hpp"
#include "part.hpp"
#include "slow.hpp"

#include <atomic>
#include <thread>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

extern "C" const images::part in_program;

namespace {

constexpr int enough = 300;

std::atomic<bool> stop{};
std::atomic<int> set_meanwhile{};

/// Lets the resolver go on after this number of changes since the program reached it.
void change() {
    int since = -1;
    for (int number = 0; !stop; number = (number + 1) % 4) {
        char byte = 0;
        since = read(images::written, &byte, 1) == 1 ? 0 : since;
        images::expect_equal(in_program.set(number), 0, "set()");
        images::expect(in_program.is(number), "the program");
        since += since >= 0 ? 1 : 0;
        if (since == enough) {
            since = -1;
            set_meanwhile += enough;
            images::expect(write(images::waiting, "x", 1) == 1, "write()");
        }
    }
}

void make_pipe(int from, int to) {
    int ends[2]{}; // NOLINT(*-avoid-c-arrays)
    images::require(pipe(ends) == 0 && dup2(ends[0], from) == from && dup2(ends[1], to) == to, "pipe()");
}

} // namespace

int main(int count, char** files) {
    make_pipe(images::written, images::heard);
    make_pipe(images::go_on, images::waiting);
    images::require(fcntl(images::written, F_SETFL, O_NONBLOCK) == 0, "fcntl()");
    for (int turn = 0; turn < 6; ++turn) {
        if (turn == 3) {
            images::expect_equal(in_program.apply(), 0, "apply()");
        }
        stop = false;
        set_meanwhile = 0;
        std::thread changing{change};
        const char* const file = files[1 + turn % (count - 1)];
        void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        stop = true;
        changing.join();
        images::require(library != nullptr, file);
        images::expect(set_meanwhile >= enough, "changes while a library is loaded");
        const auto* const plugin = static_cast<const images::part*>(dlsym(library, "in_plugin"));
        images::require(plugin != nullptr, "dlsym()");
        int now = 0;
        while (now < 4 && !in_program.is(now)) {
            ++now;
        }
        images::expect(plugin->is(now), "the plugin has another value");
        images::expect_equal(in_program.set(3 - now), 0, "set() afterwards");
        images::expect(plugin->is(3 - now), "the plugin, afterwards");
        images::expect_equal(plugin->apply(), 0, "apply() of the plugin");
        images::expect_equal(in_program.set(now), 0, "set() after apply()");
        images::expect(plugin->is(now) && plugin->is_patched(), "the plugin, after apply()");
        dlclose(library);
        images::expect(dlopen(file, RTLD_NOW | RTLD_NOLOAD) == nullptr, "the plugin stays loaded");
    }
    return images::failures == 0 ? 0 : 1;
}
