// SPDX-License-Identifier: BSL-1.0
//
// Names across images: a program, a library that it is linked with, and plugins.     main PLUGIN OTHER_VERSION
#include "part.hpp"

#include <inlay/configure.hpp>

#include <map>
#include <string>

#include <dlfcn.h>

extern "C" const parts::functions in_library;

namespace {

int failures = 0;
void expect(bool good, const std::string& what) {
    if (!good) {
        ++failures;
        std::printf("FAIL: %s\n", what.c_str());
    }
}

struct entry {
    std::string value, values;
    std::uint32_t images, sites, patched;
};
std::map<std::string, entry> names() {
    std::map<std::string, entry> result;
    const auto done = inlay::for_each_name([&](const inlay::name_entry& each) {
        expect(result.count(each.name) == 0, std::string{each.name} + " is listed twice");
        result[each.name] = {each.value, each.values, each.images, each.sites, each.patched};
    });
    expect(static_cast<bool>(done), "for_each_name()");
    return result;
}

[[gnu::noinline]] bool ask_shared() { return parts::shared; }
[[gnu::noinline]] unsigned ask_level() { return parts::level; }
[[gnu::noinline]] unsigned long ask_clock() { return parts::clock_source(); }

bool set(const char* name, const char* value) { return static_cast<bool>(inlay::set_by_name(name, value)); }

} // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        return 2;
    }
    auto now = names();
    expect(now.size() == 4, "shared, level, clock, and the library's own");
    expect(now["parts.library"].images == 1 && now["parts.library"].value == "on", "the library's key");
    expect(now["parts.shared"].images == 2 && now["parts.shared"].sites == 2 && now["parts.shared"].patched == 0,
           "a key of two images");
    expect(now["parts.clock"].values == "library, default, null",
           "the target that the library names: " + now["parts.clock"].values);

    expect(set("parts.library", "off") && !in_library.own(), "the library's key, set from the program");
    expect(set("parts.clock", "library") && ask_clock() == 2 && in_library.clock() == 2, "the library's target");
    expect(names()["parts.clock"].value == "library", "its name");
    expect(static_cast<bool>(inlay::apply()), "apply()");
    now = names();
    expect(now["parts.shared"].sites == 2 && now["parts.shared"].patched == 1, "one image has applied");
    expect(in_library.apply(), "apply() of the library");
    expect(names()["parts.shared"].patched == 2, "both have");
    expect(set("parts.shared", "yes") && ask_shared() && in_library.shared(), "both have the value");
    expect(in_library.set("parts.level", "7") == 0 && ask_level() == 7 && in_library.level() == 7,
           "set by the library");

    void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    const auto* const in_plugin =
        plugin == nullptr ? nullptr : static_cast<const parts::functions*>(dlsym(plugin, "in_plugin"));
    if (in_plugin == nullptr) {
        std::printf("FAIL: %s\n", dlerror());
        return 1;
    }
    now = names();
    expect(now.size() == 5 && now["parts.plugin"].value == "on", "the plugin's key is listed");
    expect(now["parts.shared"].images == 3, "the plugin has the shared one, too");
    expect(now["parts.clock"].values == "library, plugin, default, null",
           "and names a target: " + now["parts.clock"].values);
    expect(in_plugin->shared() && in_plugin->level() == 7 && in_plugin->clock() == 2, "it has the values of now");
    expect(bool{inlay::configure("parts.plugin=off, parts.clock=plugin\nparts.level=19")}, "all at once");
    expect(!in_plugin->own() && ask_clock() == 3 && in_library.clock() == 3 && in_plugin->clock() == 3 &&
               ask_level() == 19 && in_plugin->level() == 19,
           "in all three images");
    expect(in_plugin->apply(), "apply() of the plugin");
    expect(in_plugin->set("parts.library", "1") == 0 && in_library.own(), "a plugin sets a library's");
    const auto wrong = inlay::configure("parts.level=0,parts.plugin=on,parts.plugni=off");
    expect(wrong.error() == inlay::error::name_unknown && ask_level() == 19 && !in_plugin->own(), "all or nothing");
    expect(wrong.text().find("did you mean parts.plugin?") != std::string::npos, wrong.text());

    expect(set("parts.clock", "default") && ask_clock() == 1, "before the plugin leaves");
    dlclose(plugin);
    now = names();
    expect(now.size() == 4 && now.count("parts.plugin") == 0, "the plugin has left");
    expect(now["parts.clock"].values == "library, default, null", "with its target: " + now["parts.clock"].values);
    expect(inlay::set_by_name("parts.plugin", "on").error() == inlay::error::name_unknown, "its name is unknown");
    expect(inlay::set_by_name("parts.clock", "plugin").error() == inlay::error::value_unknown, "its target is unknown");

    // An image with tables of another version is in another world.
    void* const other = dlopen(arguments[2], RTLD_NOW | RTLD_LOCAL);
    expect(other != nullptr && names().size() == 4, "an image of another version is not listed");

    // A namesake of another type: listed, and refused.
    void* const clash = dlopen("./clash.so", RTLD_NOW | RTLD_LOCAL);
    unsigned clashing = 0;
    expect(clash != nullptr && inlay::for_each_name([&](const inlay::name_entry& each) {
               clashing += each.clashes && std::string{each.name} == "parts.shared" ? 1 : 0;
           }),
           "a plugin with a namesake");
    expect(clashing == 2, "each type is an entry");
    const auto refused = inlay::set_by_name("parts.shared", "off");
    expect(refused.error() == inlay::error::name_clash && std::string{refused.clash().name} == "parts.shared",
           "two types have the name");
    expect(ask_shared(), "and neither is changed");
    const auto text = inlay::configure("parts.level=1,parts.shared=off");
    expect(text.error() == inlay::error::name_clash && ask_level() == 19, text.text());
    expect(text.text().find("key<true>") != std::string::npos, text.text());
    return failures == 0 ? 0 : 1;
}
