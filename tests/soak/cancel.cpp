// SPDX-License-Identifier: BSL-1.0
//
// cancel: threads are cancelled at any moment, in apply() and in changes. No name has two values afterwards, and no
// thread waits for a cancelled thread's lock.
//
//     cancel SECONDS
#include "count.hpp"
#include "sites.hpp"

#include <string>
#include <thread>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

const std::vector<soak::site> sites = soak::all_sites<1, 3>();
std::atomic<bool> begun{};

/// Whether all sites of each name answer the same.
bool agree() {
    std::array<long, soak::names> first{};
    first.fill(-2);
    bool good = true;
    for (const auto& each : sites) {
        const long now = each.ask();
        good = good && (first[each.of] == -2 || first[each.of] == now);
        first[each.of] = now;
    }
    soak::did_execute(sites.size());
    return good;
}

/// Whether all sites have the values of change_all(turn).
bool have_all(unsigned turn) {
    bool good = true;
    for (const auto& each : sites) {
        good = good && each.ask() == soak::answer_of(each.of, turn % soak::values[each.of]);
    }
    soak::did_execute(sites.size());
    return good;
}

void change_all(unsigned turn) {
    for (unsigned which = 0; which < soak::names; ++which) {
        soak::expect(soak::change(which, turn % soak::values[which]), "a change is refused");
        soak::did_change();
    }
}

/// Changes and applies until it is cancelled, at a cancellation point: here, or in a function that it calls.
void* work(void* turn) {
    begun = true;
    for (auto i = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(turn));; ++i) {
        change_all(i);
        soak::expect(bool{inlay::apply()}, "apply() is refused");
        pthread_testcancel();
    }
}

void* apply(void* /*data*/) {
    begun = true;
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    for (;;) {
        pthread_testcancel();
    }
}

/// A process that has patched nothing yet: a thread is cancelled in its first apply().
int cancel_first_apply(unsigned turn) {
    alarm(60);
    pthread_t thread{};
    pthread_create(&thread, nullptr, &apply, nullptr);
    while (!begun && turn % 2 != 0) {
        std::this_thread::yield();
    }
    usleep(turn * 7 % 100);
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
    change_all(turn);
    soak::expect(bool{inlay::apply()} && have_all(turn), "apply() after one that was cancelled");
    change_all(turn + 1);
    return soak::wrongs == 0 && have_all(turn + 1) ? 0 : 1;
}

} // namespace

int main(int count, char** arguments) {
    alarm(600); // it must end
    unsigned turn = 0;
    for (; turn < 100; ++turn) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(cancel_first_apply(turn));
        }
        int status = 0;
        waitpid(child, &status, 0);
        soak::expect(status == 0, "a thread is cancelled in its first apply(), and the program fails");
    }
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    const soak::goal goal{count - 1, arguments + 1};
    while (!goal.reached()) {
        ++turn;
        begun = false;
        pthread_t thread{};
        pthread_create(&thread, nullptr, &work, reinterpret_cast<void*>(std::uintptr_t{turn}));
        if (turn % 8 == 0) {
            pthread_cancel(thread); // before it does anything, perhaps
        }
        while (!begun && turn % 8 != 0) {
            std::this_thread::yield();
        }
        usleep(turn * 37 % 1000);
        pthread_cancel(thread);
        void* result = nullptr;
        pthread_join(thread, &result);
        soak::expect(result == PTHREAD_CANCELED, "a thread is not cancelled");
        soak::expect(agree(), "a thread was cancelled, and a name has two values");
        change_all(turn + 1);
        soak::expect(have_all(turn + 1), "a change after a thread was cancelled");
    }
    return soak::report("cancel", (std::to_string(turn) + " threads cancelled").c_str());
}
