// SPDX-License-Identifier: BSL-1.0
//
// A key, a switch and two calls in a process with five images. These are a program (two units), two libraries by
// different compilers, and plugins that are loaded with RTLD_LOCAL. Run: names PLUGIN CLASHING_PLUGIN
#include "names.hpp"

#include <cstdio>
#include <cstring>
#include <vector>

#include <dlfcn.h>

extern "C" const names::functions part_a, part_b, part_gcc, part_clang;

namespace {

int failures = 0;

void expect(bool good, const char* what, const char* when) {
    if (!good) {
        ++failures;
        std::printf("FAIL: %s: %s\n", when, what);
    }
}

struct part {
    const char* name;
    const names::functions* functions;
};

int add_ten(int x) { return x + 10; }
int add_twenty(int x) { return x + 20; }

/// All parts must agree about everything.
void expect_all(const std::vector<part>& parts, bool key, unsigned level, int added, const char* when) {
    for (const auto& each : parts) {
        expect(each.functions->key() == key, each.name, when);
        expect(each.functions->level() == level, each.name, when);
        expect(each.functions->call(100) == 100 + added, each.name, when);
        expect(each.functions->text("ab") == "abab", each.name, when);
    }
}

/// Has each part in turn change things; all must see it.
void everyone_changes(const std::vector<part>& parts, const char* when) {
    for (const auto& each : parts) {
        expect(bool{each.functions->set_key(true)}, each.name, when);
        expect(bool{each.functions->set_level(29)}, each.name, when);
        expect(bool{each.functions->update(&add_ten)}, each.name, when);
        expect_all(parts, true, 29, 10, when);
        expect(bool{each.functions->set_key(false)}, each.name, when);
        expect(bool{each.functions->set_level(17)}, each.name, when);
        expect(bool{each.functions->update(&add_twenty)}, each.name, when);
        expect_all(parts, false, 17, 20, when);
    }
}

void* load(const char* file) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        std::printf("FAIL: %s\n", dlerror());
        ++failures;
    }
    return library;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        return 2;
    }
    std::vector<part> parts{
        {"unit a", &part_a}, {"unit b", &part_b}, {"library by GCC", &part_gcc}, {"library by Clang", &part_clang}};
    expect_all(parts, false, 2, 1, "at first");
    everyone_changes(parts, "before any apply()");
    for (const auto& each : parts) {
        const auto done = each.functions->apply();
        expect(bool{done}, inlay::message(done.error()), each.name);
        expect_all(parts, false, 17, 20, "some have applied, some not");
        everyone_changes(parts, "some have applied, some not");
#ifdef __OPTIMIZE__
        // The target is in the program; libraries may be mapped too far away for a direct call.
        expect(done.keys_direct == done.keys && done.calls_missed() == 0, "every site was found", each.name);
#endif
    }

    void* const plugin = load(arguments[1]);
    const auto* const functions = static_cast<const names::functions*>(dlsym(plugin, "part_plugin"));
    if (plugin == nullptr || functions == nullptr) {
        return 1;
    }
    auto with_plugin = parts;
    with_plugin.push_back({"plugin", functions});
    expect_all(with_plugin, false, 17, 20, "the plugin has taken over what was set before it came");
    everyone_changes(with_plugin, "with a plugin that has not applied");
    expect(bool{functions->apply()}, "apply", "plugin");
    expect_all(with_plugin, false, 17, 20, "the plugin has applied");
    everyone_changes(with_plugin, "with a plugin");

    // A plugin whose names have other types: the error names both types, and no other image changes.
    void* const clashing = load(arguments[2]);
    const auto* const other = static_cast<const names::functions*>(dlsym(clashing, "part_clash"));
    if (clashing == nullptr || other == nullptr) {
        return 1;
    }
    const auto clash = other->apply();
    expect(clash.error() == inlay::error::name_clash, inlay::message(clash.error()), "clash");
    expect(std::strcmp(clash.clash().name, "names.key") == 0 || std::strcmp(clash.clash().name, "names.call") == 0,
           clash.clash().name, "clash");
    std::printf("%s: %s / %s\n", clash.clash().name, clash.clash().type, clash.clash().other_type);
    expect(std::strcmp(clash.clash().type, clash.clash().other_type) != 0, "the types differ", "clash");
    expect(clash.record().table == inlay::table_kind::names && clash.written == 0, "the record is named", "clash");
    expect(other->key() && other->call(100) == 100, "what clashes stays as declared", "clash");
    everyone_changes(with_plugin, "beside a plugin that clashes");
    expect(other->key() && other->call(100) == 100, "and is not set from outside", "clash");
    expect(other->level() == 17, "names that do not clash are shared", "clash");
    expect(bool{other->set_key(false)} && !other->key(), "it sets its own", "clash");
    expect_all(with_plugin, false, 17, 20, "and no other image's");
    dlclose(clashing);

    // Each image has its own function that does nothing: the plugin that asks for the null target may go.
    expect(bool{functions->update_null(&add_ten)}, "update", "null");
    for (const auto& each : with_plugin) {
        expect(each.functions->call_null(1) == 11, each.name, "null: a target");
    }
    expect(bool{functions->update_null(nullptr)}, "update", "null");

    // Unloaded, the plugin leaves no trace; loaded again, it takes over the current values.
    dlclose(plugin);
    expect(dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD) == nullptr, "the plugin is gone", "unloading");
    everyone_changes(parts, "after the plugin was unloaded");
    for (const auto& each : parts) {
        expect(each.functions->call_null(1) == 0, each.name, "null, set by a plugin that is gone");
    }
    expect(bool{part_a.set_level(5)}, "set", "unloading");
    void* const again = load(arguments[1]);
    const auto* const reloaded = static_cast<const names::functions*>(dlsym(again, "part_plugin"));
    if (again == nullptr || reloaded == nullptr) {
        return 1;
    }
    with_plugin.back().functions = reloaded;
    expect(bool{reloaded->apply()}, "apply", "plugin, loaded again");
    expect_all(with_plugin, false, 5, 20, "loaded again");
    everyone_changes(with_plugin, "loaded again");
    std::printf("%s\n", failures == 0 ? "names: one thing in all images" : "names: failed");
    return failures == 0 ? 0 : 1;
}
