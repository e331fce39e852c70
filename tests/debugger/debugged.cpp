// SPDX-License-Identifier: BSL-1.0
//
// The program that run.sh debugs: a key and a static call, changed while breakpoints stand next to them. Prints its
// results.
#include <inlay/inlay.hpp>

#include <cstdio>

namespace {

inline constexpr inlay::static_key<"debugger.key", false> key;

} // namespace

extern "C" {

[[gnu::noinline]] int first_target(int x) { return x + 1; }
[[gnu::noinline]] int second_target(int x) { return x + 2; }
constinit volatile int beside = 0;

int caller(int x);
int asker(int x);
void changed(int step);
}

namespace {

inline constexpr inlay::static_call<"debugger.call", &first_target> call;

/// The address of a site (key or call) in [begin, begin + 64), for breakpoints; volatile for the debugger.
[[maybe_unused]] volatile inlay::address key_site;
[[maybe_unused]] volatile inlay::address call_site;

template <class Record>
inlay::address site_in(const inlay::table::section<Record>& section, int (*function)(int)) {
    const auto begin = reinterpret_cast<inlay::address>(function);
    inlay::address nearest = ~inlay::address{0};
    for (std::size_t i = 0; i < section.size(); ++i) {
        const auto at = section.records[i].site.target();
        nearest = at - begin < nearest - begin ? at : nearest;
    }
    return nearest;
}

} // namespace

[[gnu::noinline]] int caller(int x) {
    const int result = call(x);
    return result * 10;
}

[[gnu::noinline]] int asker(int x) {
    beside = beside + 1;
    if (key) {
        x += 100;
    }
    beside = beside + 1;
    return x;
}

[[gnu::noinline]] void changed(int step) { beside = step; }

int main() {
    const auto done = inlay::apply();
    key_site = site_in(inlay::this_image().keys, &asker);
    call_site = site_in(inlay::this_image().calls, &caller);
    std::printf("applied: %d\n", static_cast<int>(done.error()));
    changed(1);
    std::printf("first: %d %d\n", caller(1), asker(1));
    auto set = inlay::set(key, true);
    auto updated = inlay::update(call, &second_target);
    std::printf("changed: %d %d\n", static_cast<int>(set.error()), static_cast<int>(updated.error()));
    changed(2);
    std::printf("second: %d %d\n", caller(1), asker(1));
    set = inlay::set(key, false);
    updated = inlay::update(call, &first_target);
    std::printf("changed: %s / %s\n", inlay::message(set.error()), inlay::message(updated.error()));
    changed(3);
    std::printf("third: %d %d\n", caller(1), asker(1));
    return 0;
}
