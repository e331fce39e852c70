// SPDX-License-Identifier: BSL-1.0
//
// stacks: apply() and changes in threads with the smallest possible stack.
//
//     stacks SECONDS
#include "count.hpp"
#include "sites.hpp"

#include <climits>
#include <cstdint>
#include <string>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

const std::vector<soak::site> sites = soak::all_sites<2, 1>();

bool is_everywhere(unsigned which, unsigned value) {
    bool good = true;
    for (const auto& each : sites) {
        if (each.of == which) {
            good = good && each.ask() == soak::answer_of(which, value);
            soak::did_execute();
        }
    }
    return good;
}

void* do_nothing(void* /*data*/) { return nullptr; }
void* apply(void* /*data*/) {
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    return nullptr;
}
void* change_all(void* turn) {
    for (unsigned which = 0; which < soak::names; ++which) {
        const auto value = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(turn)) % soak::values[which];
        soak::expect(soak::change(which, value), "a change is refused");
        soak::expect(is_everywhere(which, value), "a change is not seen");
        soak::did_change();
    }
    return nullptr;
}

/// Runs `function` on a stack of `size` bytes, with nothing below. The bytes of it that were used.
std::size_t used(std::size_t size, void* (*function)(void*), std::uintptr_t data) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    auto* const all = static_cast<char*>(
        mmap(nullptr, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    mprotect(all, page, PROT_NONE);
    char* const stack = all + page;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_t thread{};
    const bool started = pthread_attr_setstack(&attributes, stack, size) == 0 &&
                         pthread_create(&thread, &attributes, function, reinterpret_cast<void*>(data)) == 0;
    soak::expect(started, "a thread with a small stack does not start");
    if (started) {
        pthread_join(thread, nullptr);
    }
    std::size_t untouched = 0; // new memory is zero
    while (untouched < size && stack[untouched] == 0) {
        ++untouched;
    }
    munmap(all, page + size);
    return size - untouched;
}

} // namespace

int main(int count, char** arguments) {
    const soak::goal goal{count - 1, arguments + 1};
    const auto least = static_cast<std::size_t>(PTHREAD_STACK_MIN);
    const std::size_t for_nothing = used(least, &do_nothing, 0);
    const std::size_t for_apply = used(least, &apply, 0);
    std::size_t for_changes = 0;
    for (std::uintptr_t turn = 1; turn < 100 || !goal.reached(); ++turn) {
        const std::size_t now = used(least, &change_all, turn);
        for_changes = now > for_changes ? now : for_changes;
    }
    return soak::report("stacks", ("of " + std::to_string(least) + " bytes apply() touched " +
                                   std::to_string(for_apply) + ", changes " + std::to_string(for_changes) +
                                   ", the thread itself " + std::to_string(for_nothing))
                                      .c_str());
}
