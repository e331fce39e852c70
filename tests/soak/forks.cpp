// SPDX-License-Identifier: BSL-1.0
//
// forks: children begin at any moment while two threads change names. All sites of a name agree in a child. The child's
// changes work, and so do its own child's changes.
//
//     forks SECONDS
#include "count.hpp"
#include "sites.hpp"

#include <string>
#include <thread>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// For each way of asking, 20 pages with sites.
const std::vector<soak::site> sites =
    soak::sites_of<0, 20, soak::asks_off, soak::asks_forty, soak::calls_add, soak::calls_note_last>();
constexpr std::array<unsigned, 4> changed{soak::key_off, soak::forty_ways, soak::call_add, soak::call_note};
std::atomic<bool> stop{};

enum trouble { two_values = 1, change_refused = 2, change_not_seen = 4, child_wrong = 8 };

/// Whether all sites of the name give the same answer; stores it in `answer`.
bool agree(unsigned which, long& answer) {
    bool first = true;
    for (const auto& each : sites) {
        if (each.of == which) {
            const long now = each.ask();
            if (!first && now != answer) {
                return false;
            }
            answer = now;
            first = false;
        }
    }
    return true;
}

int change_all(unsigned value) {
    int status = 0;
    for (const unsigned which : changed) {
        const unsigned to = value % soak::values[which];
        long answer = 0;
        status |= soak::change(which, to) ? 0 : change_refused;
        status |= agree(which, answer) && answer == soak::answer_of(which, to) ? 0 : change_not_seen;
    }
    return status;
}

int status_of(pid_t child, bool& killed) {
    int status = 0;
    waitpid(child, &status, 0);
    killed = WIFSIGNALED(status);
    return killed ? WTERMSIG(status) : WEXITSTATUS(status);
}

/// The work of a child; SIGALRM kills a child that waits for ever.
int be_a_child(unsigned value, bool has_child) {
    alarm(20);
    int status = 0;
    long answer = 0;
    for (const unsigned which : changed) {
        status |= agree(which, answer) ? 0 : two_values;
    }
    status |= change_all(value);
    if (has_child) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(be_a_child(value + 1, false));
        }
        bool killed = false;
        status |= status_of(child, killed) == 0 ? 0 : child_wrong;
        // The child's changes are its own.
        for (const unsigned which : changed) {
            const unsigned to = value % soak::values[which];
            status |= agree(which, answer) && answer == soak::answer_of(which, to) ? 0 : change_not_seen;
        }
    }
    return status;
}

void change(unsigned first) {
    for (unsigned turn = 0; !stop; ++turn) {
        for (unsigned i = first; i < changed.size(); i += 2) {
            soak::expect(soak::change(changed[i], turn * 17 % soak::values[changed[i]]), "a change is refused");
            soak::did_change();
        }
    }
}

} // namespace

int main(int count, char** arguments) {
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    const soak::goal goal{count - 1, arguments + 1};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i) {
        threads.emplace_back([i] { change(i); });
    }
    unsigned children = 0;
    unsigned hung = 0;
    while (!goal.reached() && hung < 2) { // each takes its time to be killed
        usleep(children * 37 % 500);
        const bool has_child = children % 4 == 0;
        const pid_t child = fork();
        if (child == 0) {
            _exit(be_a_child(children, has_child));
        }
        soak::expect(child > 0, "fork() is refused");
        bool killed = false;
        const int status = child > 0 ? status_of(child, killed) : 0;
        hung += killed && status == SIGALRM ? 1 : 0;
        soak::expect(!killed || status != SIGALRM, "a child waits for ever");
        soak::expect(!killed || status == SIGALRM, "a child is killed by a signal");
        soak::expect(killed || (status & two_values) == 0, "a child finds a name with two values");
        soak::expect(killed || (status & change_refused) == 0, "a child's change is refused");
        soak::expect(killed || (status & change_not_seen) == 0, "a child's change is not seen");
        soak::expect(killed || (status & child_wrong) == 0, "a child's child fails");
        const unsigned processes = has_child ? 2 : 1;
        soak::did_execute(2 * sites.size() * processes);
        for (unsigned i = 0; i < processes * changed.size(); ++i) {
            soak::did_change();
        }
        ++children;
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    soak::expect(change_all(3) == 0, "a change in the end");
    return soak::report("forks", (std::to_string(children) + " children").c_str());
}
