// SPDX-License-Identifier: BSL-1.0
//
// A program of musl's, without a C++ library: apply(), changes while threads run, fork(), and a plugin.
//
//     program [PLUGIN]
#include "names.hpp"

#include <inlay/names.hpp>

#include <array>
#include <cstdio>
#include <utility>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace inlay::x86::insn;

int failures = 0;

void expect(bool good, const char* what) {
    if (!good) {
        ++failures;
        std::printf("FAIL: %s\n", what);
    }
}

inline constexpr auto two =
    inlay::alternative<mov(eax, 1), inlay::when<inlay::cpu.fpu, mov(eax, 2)>>{}.returns<rax, long>();

[[gnu::noinline]] long plus_two(long x) { return x + 2; }
[[gnu::noinline]] long ask_two() { return two(); }
template <int Page>
[[gnu::noinline, gnu::aligned(4096)]] long ask_key() {
    asm volatile("" : : "i"(Page)); // NOLINT(hicpp-no-assembler): or all copies are one
    return names::key ? 1 : 0;
}
[[gnu::noinline]] long ask_ways() { return static_cast<long>(unsigned{names::ways}); }
[[gnu::noinline]] long do_add(long x) { return names::add(x); }

constexpr int pages = 16;
constexpr auto keys = []<int... Page>(std::integer_sequence<int, Page...> /*of*/) {
    return std::array<long (*)(), pages>{&ask_key<Page>...};
}(std::make_integer_sequence<int, pages>{});

/// The key's value at all sites, or -1 if they disagree.
long key_everywhere() {
    const long first = keys[0]();
    for (const auto& each : keys) {
        if (each() != first) {
            return -1;
        }
    }
    return first;
}

bool set_all(unsigned value) {
    return bool{inlay::set(names::key, value % 2 != 0)} && bool{inlay::set(names::ways, value)} &&
           bool{inlay::update(names::add, value % 2 != 0 ? &plus_two : &names::plus_one)};
}
bool has_all(unsigned value) {
    return key_everywhere() == static_cast<long>(value % 2) && ask_ways() == static_cast<long>(value) &&
           do_add(1) == (value % 2 != 0 ? 3 : 2);
}

// ---- Threads -----------------------------------------------------------------------------------------------

/// Data that threads share. (<atomic> needs a C library that libstdc++ was configured for.)
template <class Value>
class shared {
public:
    operator Value() const { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
    void operator=(Value value) { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
    Value add(Value more) { return __atomic_fetch_add(&value_, more, __ATOMIC_SEQ_CST); }

private:
    Value value_{};
};
shared<bool> stop;
shared<unsigned long> asked;
shared<unsigned long> wrong;

void check(bool good) { wrong.add(good ? 0 : 1); }

void* ask(void* /*data*/) {
    while (!stop) {
        const long key = keys[asked.add(1) % pages]();
        const long ways = ask_ways();
        const long sum = do_add(1);
        check((key == 0 || key == 1) && (ways == 0 || ways == 17 || ways == 39) && (sum == 2 || sum == 3));
    }
    return nullptr;
}
void* change_ways(void* /*data*/) {
    constexpr std::array<unsigned, 3> values{0, 17, 39};
    for (unsigned i = 0; !stop; ++i) {
        check(inlay::set(names::ways, values[i % 3]) && ask_ways() == static_cast<long>(values[i % 3]));
    }
    return nullptr;
}
void* change_others(void* /*data*/) {
    for (unsigned i = 0; !stop; ++i) {
        check(inlay::set(names::key, i % 2 != 0) && key_everywhere() == static_cast<long>(i % 2));
        check(inlay::update(names::add, i % 2 != 0 ? &plus_two : &names::plus_one) &&
              do_add(1) == (i % 2 != 0 ? 3 : 2));
    }
    return nullptr;
}

/// Calls `meanwhile` while others ask and change.
void with_threads(void (*meanwhile)()) {
    std::array<pthread_t, 3> threads{};
    const std::array<void* (*)(void*), 3> work{&ask, &change_ways, &change_others};
    stop = false;
    for (std::size_t i = 0; i < threads.size(); ++i) {
        expect(pthread_create(&threads[i], nullptr, work[i], nullptr) == 0, "pthread_create()");
    }
    meanwhile();
    stop = true;
    for (const auto& each : threads) {
        pthread_join(each, nullptr);
    }
    expect(wrong == 0, "a site had another value while it was changed");
}

void be_asked() {
    while (asked < 2'000'000) {
        usleep(1000);
    }
}

/// A child has one value at all sites, and changes it.
void fork_often() {
    for (unsigned i = 0; i < 50; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            const bool agrees = key_everywhere() >= 0;
            _exit(agrees && set_all(i % 40) && has_all(i % 40) ? 0 : agrees ? 2 : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        expect(!WIFSIGNALED(status), "a child is killed; by SIGALRM: it waited for ever");
        expect(WIFSIGNALED(status) || WEXITSTATUS(status) != 1, "a child finds a key with two values");
        expect(WIFSIGNALED(status) || WEXITSTATUS(status) != 2, "a child cannot change its names");
        if (failures != 0) {
            break;
        }
    }
}

// ---- Names by text -----------------------------------------------------------------------------------------

struct listed {
    unsigned names;
    unsigned images;
    unsigned right;
};
listed list(std::string_view key, std::string_view ways, std::string_view add) {
    listed result{};
    const auto done = inlay::for_each_name([&](const inlay::name_entry& each) {
        const std::string_view name{each.name};
        ++result.names;
        result.images += each.images;
        result.right += each.value == (name == "musl.key" ? key : name == "musl.ways" ? ways : add) ? 1 : 0;
    });
    expect(bool{done}, "for_each_name()");
    return result;
}

void set_by_text() {
    inlay::name_targets(names::add, inlay::target<"one", &names::plus_one>, inlay::target<"two", &plus_two>);
    expect(inlay::set_by_name("musl.key", "on") && inlay::set_by_name("musl.ways", "17") &&
               inlay::set_by_name("musl.add", "two") && has_all(17),
           "changes by text");
    const listed all = list("on", "17", "two");
    expect(all.names == 3 && all.right == 3, "all names are listed");
    expect(inlay::set_by_name("musl.ways", "40").error() == inlay::error::value_outside &&
               inlay::set_by_name("musl.way", "1").error() == inlay::error::name_unknown && has_all(17),
           "what does not exist");
    std::size_t size = 0;
    inlay::explain(inlay::set_by_name("musl.way", "1"), "musl.way", "1",
                   [&](std::string_view text) { size += text.size(); });
    expect(size > 100, "an unknown name is explained"); // NOLINT(*-magic-numbers)
    expect(set_all(0), "back again");
}

// ---- A plugin ----------------------------------------------------------------------------------------------

void load(const char* file) {
    expect(set_all(29), "changes before a plugin is loaded");
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const auto* const plugin =
        library == nullptr ? nullptr : static_cast<const names::plugin*>(dlsym(library, "musl_plugin"));
    if (plugin == nullptr) {
        std::printf("FAIL: %s\n", dlerror());
        ++failures;
        return;
    }
    const auto agree = [plugin](unsigned value) {
        return has_all(value) && plugin->key() == (value % 2 != 0) && plugin->ways() == value &&
               plugin->add(1) == (value % 2 != 0 ? 3 : 2);
    };
    expect(agree(29), "a plugin that was loaded has the values of now");
    expect(set_all(2) && agree(2), "a plugin that has not applied is changed");
    expect(plugin->apply() && agree(2), "a plugin applies");
    expect(set_all(39) && agree(39), "a plugin that has applied is changed");
    expect(list("on", "39", "two").images == 6, "a plugin's names are listed");
    expect(plugin->set_ways(17) && plugin->ways() == 17 && ask_ways() == 17, "a plugin changes the program");
    dlclose(library); // without moving it
    expect(set_all(4) && agree(4), "a plugin after dlclose()");
}

} // namespace

int main(int count, char** arguments) {
    expect(ask_two() == 1 && has_all(0), "initial values");
    expect(set_all(17) && has_all(17), "changes before apply()");
    const auto done = inlay::apply();
    expect(bool{done}, inlay::message(done.error()));
    expect(done.keys_direct == done.keys && done.calls_missed() == 0, "every site is patched");
    expect(ask_two() == 2 && has_all(17), "after apply()");
    for (unsigned i = 0; i < 40; ++i) {
        expect(set_all(i) && has_all(i), "changes");
    }
    expect(set_all(0), "changes");
    set_by_text();
    with_threads(&be_asked);
    with_threads(&fork_often);
    if (count > 1) {
        load(arguments[1]);
    }
    if (failures == 0) {
        std::printf("all is right\n");
    }
    return failures == 0 ? 0 : 1;
}
