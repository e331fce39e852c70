// SPDX-License-Identifier: BSL-1.0
//
// plugins: two threads load and unload plugins with sites of the program's names, while two others change these names.
// A plugin reads the values of now from its first moment, whether it calls apply() or not.
//
//     plugins SECONDS APPLYING OTHER APPLYING OTHER        two files for each of the threads
#include "count.hpp"
#include "history.hpp"
#include "plugin.hpp"
#include "sites.hpp"

#include <string>
#include <thread>

#include <dlfcn.h>
#include <unistd.h>

namespace {

std::array<soak::history, soak::names> histories = []<std::size_t... I>(std::index_sequence<I...> /*of*/) {
    return std::array<soak::history, soak::names>{soak::history{soak::values[I], soak::answers[I]}...};
}(std::make_index_sequence<soak::names>{});
const std::vector<soak::site> sites = soak::all_sites<2, 1>();
std::atomic<bool> stop{};
std::atomic<unsigned long> loaded{};

void change(unsigned first) {
    while (!stop) {
        for (unsigned which = first; which < soak::names; which += 2) {
            auto& history = histories[which];
            history.begin();
            soak::expect(soak::change(which, history.next()), "a change is refused");
            history.end();
            soak::did_change();
        }
        for (const auto& each : sites) {
            soak::expect(histories[each.of].holds(each.ask), "a site of the program has another value");
        }
        soak::did_execute(sites.size());
        usleep(200); // else no other thread gets the lock, and few plugins are loaded
    }
}

[[gnu::noinline]] unsigned mine(unsigned loader) {
    return loader == 0 ? unsigned{soak::mine_0} : unsigned{soak::mine_1};
}

void look_at(const soak::plugin& plugin, const char* what) {
    for (std::size_t i = 0; i < plugin.sites; ++i) {
        soak::expect(histories[plugin.name_of(i)].holds([&] { return plugin.ask(i); }), what);
    }
    soak::did_execute(plugin.sites);
}

/// Loads a plugin, asks it, has it change a name, and unloads it.
void visit(const char* file, unsigned loader, unsigned& value) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const auto* const plugin =
        library == nullptr ? nullptr : static_cast<const soak::plugin*>(dlsym(library, "soak_plugin"));
    soak::expect(plugin != nullptr, "a plugin cannot be loaded");
    if (plugin == nullptr) {
        return;
    }
    look_at(*plugin, "a plugin's site has another value when it was loaded");
    soak::expect(plugin->mine(loader) == value, "a plugin has another value than the last one set");
    value = (value + 17) % 30;
    soak::expect(plugin->set_mine(loader, value), "a plugin's change is refused");
    soak::did_change();
    soak::expect(plugin->mine(loader) == value && mine(loader) == value, "a plugin's change is not seen");
    if (value % 3 == 0) {
        soak::expect(plugin->apply(), "apply() of a plugin is refused");
    }
    look_at(*plugin, "a plugin's site has another value");
    dlclose(library);
    soak::expect(dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD) == nullptr, "a plugin stays loaded");
    soak::expect(mine(loader) == value, "a plugin's change is gone with it");
    ++loaded;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 6) {
        return 2;
    }
    soak::expect(bool{inlay::apply()}, "apply() is refused");
    const soak::goal goal{1, arguments + 1};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2; ++i) {
        threads.emplace_back([i] { change(i); });
        threads.emplace_back([i, arguments] {
            unsigned value = 0;
            for (unsigned turn = 0; !stop; ++turn) {
                visit(arguments[2 + 2 * i + turn % 2], i, value);
            }
        });
    }
    while (!goal.reached()) {
        usleep(10'000);
    }
    stop = true;
    for (auto& each : threads) {
        each.join();
    }
    soak::expect(loaded > 1, "no plugin was loaded");
    return soak::report("plugins", (std::to_string(loaded) + " times a plugin came and went").c_str());
}
