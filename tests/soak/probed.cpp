// SPDX-License-Identifier: BSL-1.0
//
// probed: a uprobe comes and goes on functions next to a site, while the site changes and runs.
//
//     probed TRACEFS GROUP SECONDS     the tracefs that run.sh mounts as root; a name for its uprobes
#include "count.hpp"

#include <inlay/inlay.hpp>

#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

inline constexpr inlay::static_key<"soak.probed", false> key;
inline constexpr inlay::static_switch<"soak.probed.ways", 40, 0U> ways;

// One page: sites, and functions beside them.
asm(".pushsection soak_probed, \"ax\"; .balign 4096; .popsection"); // NOLINT(hicpp-no-assembler)
#define IN_THE_PAGE gnu::noinline, gnu::section("soak_probed")
[[IN_THE_PAGE]] long before_sites(long x) {
    asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler)
    return x + 1;
}
[[IN_THE_PAGE]] long ask_key() { return key ? 1 : 0; }
[[IN_THE_PAGE]] long ask_ways() { return static_cast<long>(unsigned{ways}); }
[[IN_THE_PAGE]] long after_sites(long x) {
    asm volatile("" : "+r"(x)); // NOLINT(hicpp-no-assembler)
    return x + 2;
}
#undef IN_THE_PAGE

template <class... Functions>
bool share_a_page(Functions... functions) {
    return ((reinterpret_cast<std::uintptr_t>(functions) / 4096 == reinterpret_cast<std::uintptr_t>(&ask_key) / 4096) &&
            ...);
}

/// Where the function lies in the program's file.
std::uintptr_t place_in_file(long (*function)(long)) {
    struct question {
        std::uintptr_t at, place;
    } asked{reinterpret_cast<std::uintptr_t>(function), 0};
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t /*size*/, void* data) {
            auto& of = *static_cast<question*>(data);
            for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
                const auto& each = info->dlpi_phdr[i];
                const std::uintptr_t inside = of.at - (info->dlpi_addr + each.p_vaddr);
                if (each.p_type == PT_LOAD && inside < each.p_filesz) {
                    of.place = inside + each.p_offset;
                }
            }
            return 1; // the program is the first
        },
        &asked);
    return asked.place;
}

/// By one write(2): tracefs takes no writev(2), but streams may use it.
bool write_to(const std::string& file, const std::string& text, int how = O_TRUNC) {
    const int to = open(file.c_str(), O_WRONLY | O_CLOEXEC | how);
    const bool written = to >= 0 && write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(to);
    return written;
}

/// A uprobe of the name on a function, with a separate trace.
class probe {
public:
    probe(const std::string& tracefs, const std::string& group, const std::string& name, long (*function)(long))
        : events_{tracefs + "/uprobe_events"}, name_{group + "/" + name},
          trace_{tracefs + "/instances/" + group + name} {
        std::string program(4096, '\0');
        program.resize(static_cast<std::size_t>(readlink("/proc/self/exe", program.data(), program.size())));
        char place[32];
        std::snprintf(place, sizeof(place), "0x%lx", static_cast<unsigned long>(place_in_file(function)));
        good_ = write_to(events_, "p:" + name_ + " " + program + ":" + place + "\n", O_APPEND) &&
                mkdir(trace_.c_str(), 0700) == 0;
    }
    probe(const probe&) = delete;
    probe(probe&&) = delete;
    probe& operator=(const probe&) = delete;
    probe& operator=(probe&&) = delete;
    ~probe() {
        turn(false);
        rmdir(trace_.c_str());
        write_to(events_, "-:" + name_ + "\n", O_APPEND);
    }

    [[nodiscard]] bool good() const { return good_; }
    bool turn(bool on) { return write_to(trace_ + "/events/" + name_ + "/enable", on ? "1" : "0"); }

    /// The hits in the trace; empties the trace.
    unsigned long hits() {
        unsigned long count = 0;
        {
            std::ifstream trace{trace_ + "/trace"};
            for (std::string line; std::getline(trace, line);) {
                count += line.empty() || line[0] == '#' ? 0 : 1;
            }
        }
        close(open((trace_ + "/trace").c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
        return count;
    }

private:
    std::string events_;
    std::string name_;
    std::string trace_;
    bool good_{};
};

std::atomic<bool> stop{};

void change_all(unsigned turn) {
    if (turn % 3 == 0) {
        inlay::transaction both;
        both.set(key, turn % 2 != 0).set(ways, turn * 17 % 40);
        soak::expect(bool{both.commit()}, "a transaction");
    } else {
        soak::expect(bool{inlay::set(key, turn % 2 != 0)} && bool{inlay::set(ways, turn * 17 % 40)}, "set()");
    }
    soak::expect(ask_key() == turn % 2, "the key");
    soak::expect(ask_ways() == turn * 17 % 40, "the switch");
    soak::did_change();
    soak::did_change();
}

void run_all() {
    soak::expect(before_sites(1) == 2 && after_sites(1) == 3, "a neighbour of a site");
    const long now = ask_key();
    soak::expect(now == 0 || now == 1, "the key, while it is changed");
    soak::expect(ask_ways() < 40, "the switch, while it is changed");
    soak::did_execute(4);
}

/// A breakpoint that is no uprobe's: a copy of one that was taken off.
void found_breakpoint(int /*signal*/, siginfo_t* /*info*/, void* context) {
    const auto at = static_cast<std::uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]) - 1;
    char text[128];
    const int size =
        std::snprintf(text, sizeof(text), "probed: a breakpoint without a uprobe, at %s, where memory has %02x\n",
                      at == reinterpret_cast<std::uintptr_t>(&before_sites)  ? "before_sites()"
                      : at == reinterpret_cast<std::uintptr_t>(&after_sites) ? "after_sites()"
                                                                             : "another place",
                      *reinterpret_cast<const unsigned char*>(at));
    (void)!write(STDOUT_FILENO, text, static_cast<std::size_t>(size));
    _exit(1);
}

} // namespace

int main(int count, char** arguments) {
    if (count < 3) {
        return 2;
    }
    probe before{arguments[1], arguments[2], "before", &before_sites};
    probe after{arguments[1], arguments[2], "after", &after_sites};
    if (!before.good() || !after.good()) {
        std::printf("probed: no uprobe can be made here\n");
        return 77;
    }
    soak::expect(share_a_page(&before_sites, &ask_ways, &after_sites), "the probed functions are on another page");
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    struct sigaction action{};
    action.sa_sigaction = found_breakpoint;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, nullptr);
    const soak::goal goal{count - 3, arguments + 3};
    // The first change finds the probe on.
    soak::expect(before.turn(true), "a uprobe cannot be put on at first");
    run_all();
    change_all(1);
    soak::expect(before.turn(false), "a uprobe cannot be taken off at first");
    run_all();
    unsigned long hits = before.hits();
    std::thread runner{[] {
        while (!stop) {
            run_all();
        }
    }};
    std::thread changer{[] {
        for (unsigned turn = 0; !stop; ++turn) {
            change_all(turn);
        }
    }};
    unsigned long turns = 0;
    while (turns < 4 || !goal.reached()) {
        ++turns;
        soak::expect(before.turn(true), "a uprobe cannot be put on");
        usleep(static_cast<unsigned>(turns * 37 % 2000));
        run_all();
        soak::expect(after.turn(true), "a second uprobe cannot be put on");
        usleep(static_cast<unsigned>(turns * 59 % 2000));
        run_all();
        soak::expect(before.turn(false), "a uprobe cannot be taken off");
        run_all();
        hits += before.hits();
        soak::expect(after.turn(false), "a second uprobe cannot be taken off");
        run_all();
        hits += after.hits();
    }
    stop = true;
    runner.join();
    changer.join();
    // A probe that is set now hits each time, during any change, and leaves no trace when it is removed.
    constexpr unsigned times = 100;
    soak::expect(before.turn(true), "a uprobe cannot be put on in the end");
    for (unsigned i = 0; i < times; ++i) {
        change_all(i);
        run_all();
    }
    soak::expect(before.hits() == times, "a uprobe is lost by a change");
    soak::expect(before.turn(false), "a uprobe cannot be taken off in the end");
    run_all();
    soak::expect(hits != 0, "no uprobe was hit");
    return soak::report(
        "probed", (std::to_string(turns) + " times a uprobe came and went, " + std::to_string(hits) + " hits").c_str());
}
