// SPDX-License-Identifier: BSL-1.0
//
// Probes run outside of all locks: they ask the loader, load a plugin, apply a library and set a key. Meanwhile, other
// threads load and unload plugins. Each apply() runs each probe once.
//     probes PLUGIN OF_A_THREAD OF_ANOTHER
#include "expect.hpp"
#include "part.hpp"

#include <inlay/inlay.hpp>

#include <atomic>
#include <thread>

#include <dlfcn.h>

extern "C" const images::part in_library;

namespace {

using namespace inlay::x86::insn;
using inlay::when;

inline constexpr inlay::static_key<"images.key", false> key;

const char* plugin_file;
int asked[5]; // NOLINT(*-avoid-c-arrays)
bool answer = true;

bool finds_symbol() {
    ++asked[0];
    return (dlsym(RTLD_DEFAULT, "in_library") == &in_library) == answer;
}
bool loads() {
    ++asked[1];
    void* const library = dlopen(plugin_file, RTLD_NOW | RTLD_LOCAL);
    const auto* const plugin =
        library == nullptr ? nullptr : static_cast<const images::part*>(dlsym(library, "in_plugin"));
    const bool good = plugin != nullptr && plugin->apply() == 0 && plugin->is_patched();
    if (library != nullptr) {
        dlclose(library);
    }
    return good == answer;
}
bool applies() {
    ++asked[2];
    return (in_library.apply() == 0 && in_library.is_patched()) == answer;
}
bool sets() {
    ++asked[3];
    return (inlay::set(key, true) && key && inlay::set(key, false) && !key) == answer;
}
bool waits_for_a_thread() {
    ++asked[4];
    bool good = false;
    std::thread other{[&] {
        void* const library = dlopen(plugin_file, RTLD_NOW | RTLD_LOCAL);
        good = library != nullptr && inlay::set(key, true);
        if (library != nullptr) {
            dlclose(library);
        }
    }};
    other.join();
    return good == answer;
}

template <int Value>
int gives() {
    return Value;
}

inline constexpr inlay::feature<"images.symbol", &finds_symbol> symbol;
inline constexpr inlay::feature<"images.loads", &loads> load;
inline constexpr inlay::feature<"images.applies", &applies> application;
inline constexpr inlay::feature<"images.sets", &sets> setting;
inline constexpr inlay::feature<"images.thread", &waits_for_a_thread> thread;

inline constexpr auto by_symbol = inlay::alternative<mov(eax, 1), when<symbol, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto by_load = inlay::alternative<mov(eax, 1), when<load, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto by_application =
    inlay::alternative<mov(eax, 1), when<application, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto by_thread = inlay::alternative<mov(eax, 1), when<thread, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr auto by_both =
    inlay::alternative<mov(eax, 1), when<symbol && thread, mov(eax, 2)>>{}.returns<rax, int>();
inline constexpr inlay::dispatch<"images.setting", &gives<1>, when<setting, &gives<2>>> by_setting;

} // namespace

int main(int count, char** files) {
    images::require(count == 4, "three plugins");
    plugin_file = files[1];
    std::atomic<bool> stop{};
    std::atomic<unsigned> loaded{};
    const auto come_and_go = [&](const char* file) {
        while (!stop) {
            if (void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL); library != nullptr) {
                dlclose(library);
                ++loaded;
            }
        }
    };
    std::thread one{come_and_go, files[2]};
    std::thread other{come_and_go, files[3]};
    constexpr int enough = 40;
    int turns = 0;
    for (; turns < enough || loaded < enough; ++turns) {
        answer = turns % 2 == 0;
        const auto done = inlay::apply();
        images::expect(bool{done}, inlay::message(done.error()));
        const int wanted = answer ? 2 : 1;
        images::expect_equal(by_symbol(), wanted, "dlsym()");
        images::expect_equal(by_load(), wanted, "dlopen()");
        images::expect_equal(by_application(), wanted, "apply()");
        images::expect_equal(by_setting(), wanted, "set()");
        images::expect_equal(by_thread(), wanted, "a thread");
        images::expect_equal(by_both(), wanted, "two");
        for (const int each : asked) {
            images::expect_equal(each, turns + 1, "times that a probe was asked");
        }
    }
    stop = true;
    one.join();
    other.join();
    return images::failures == 0 ? 0 : 1;
}
