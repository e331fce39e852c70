// SPDX-License-Identifier: BSL-1.0
//
// A program and a plugin have the same dispatch: each image chooses for itself. With PLUGIN, the plugin.
#include "expect.hpp"

#include <inlay/inlay.hpp>

#include <dlfcn.h>

namespace [[gnu::visibility("hidden")]] images {

template <int Value>
int gives() {
    return Value;
}
inline constexpr inlay::feature<"images.chosen", inlay::by_hand{}> feature;
inline constexpr inlay::dispatch<"images.choosing", &gives<0>, inlay::when<feature, &gives<1>>,
                                 inlay::when<!feature, &gives<2>>>
    which;

[[gnu::noinline]] int call() { return which() + 10; }

/// -1: applies; a number: chooses that function. Returns a call's result, or the negative error.
int act(int number) {
    inlay::set(feature, true);
    const auto done = number < 0 ? inlay::apply() : inlay::choose(which, number, inlay::unsupported_too);
    return done ? call() : -static_cast<int>(done.error());
}

} // namespace images

#ifdef PLUGIN
extern "C" [[gnu::visibility("default")]] int choosing_plugin(int number) {
    return number == 100 ? images::call() : images::act(number);
}
#else
int main(int /*count*/, char** arguments) {
    using images::act, images::call, images::expect;
    expect(act(2) == 12, "before apply()");
    for (int round = 0; round < 2; ++round) {
        void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        auto* const ask =
            plugin != nullptr ? reinterpret_cast<int (*)(int)>(dlsym(plugin, "choosing_plugin")) : nullptr;
        expect(ask != nullptr, "the plugin is loaded");
        if (ask == nullptr) {
            break;
        }
        expect(ask(100) == 10, "the plugin has its default");
        expect(ask(-1) == 11 && call() == 12, "the plugin's apply() decides for it");
        expect(act(-1) == 12, "the program's apply() keeps the program's choice");
        expect(ask(0) == 10 && call() == 12, "the plugin is told otherwise");
        expect(act(0) == 10 && act(2) == 12 && ask(100) == 10, "the program is told otherwise");
        expect(ask(-1) == 10, "the plugin's apply() keeps the plugin's choice");
        expect(dlclose(plugin) == 0 && dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == nullptr, "it is unloaded");
        expect(call() == 12, "the program's choice outlives the plugin");
    }
    return images::failures;
}
#endif
