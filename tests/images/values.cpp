// SPDX-License-Identifier: BSL-1.0
//
// Values in images that never call apply(): from the first constructor on, they are current.
//     values PLUGIN OTHER_PLUGIN APPLYING_PLUGIN PRIVATE_READER PRIVATE_SETTER
#include "change.hpp"
#include "expect.hpp"

#include <initializer_list>

#include <dlfcn.h>

extern "C" const images::witness images_reader; // a library that needs another one, whose constructor sets number 1

namespace {

int at_101 = -1;
[[gnu::constructor(101)]] void first() { at_101 = images::ask(); }

struct plugin {
    void* library;
    const images::witness* told;
};

plugin load(const char* file) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const auto* const told =
        library == nullptr ? nullptr : static_cast<const images::witness*>(dlsym(library, "images_plugin"));
    images::require(told != nullptr, file);
    return {library, told};
}
void unload(const plugin& which, const char* file) {
    dlclose(which.library);
    images::expect(dlopen(file, RTLD_NOW | RTLD_NOLOAD) == nullptr, "a plugin stays loaded");
}

void expect_from_the_first(const images::witness& told, int value, const char* what) {
    images::expect_equal(*told.at_101, value, what);
    images::expect_equal(*told.at_load, value, what);
    images::expect_equal(told.ask(), value, what);
}

} // namespace

int main(int count, char** files) {
    using images::change, images::expect, images::result_of;
    images::require(count == 6, "five plugins");
    expect_from_the_first(images_reader, result_of(1), "a library, set by a constructor");
    images::expect_equal(at_101, result_of(1), "the program, set by a library's constructor");
    for (const bool applied : {false, true}) {
        if (applied) {
            expect(bool{inlay::apply()}, "apply()");
        }
        expect(change(2), "set()");
        const plugin one = load(files[1]);
        expect_from_the_first(*one.told, result_of(2), "a plugin");
        expect(change(1), "set() with a plugin");
        images::expect_equal(one.told->ask(), result_of(1), "a plugin, after set()");
        const plugin other = load(files[2]);
        expect_from_the_first(*other.told, result_of(1), "another plugin");
        const plugin applying = load(files[3]);
        expect_from_the_first(*applying.told, result_of(1), "a plugin that applies");
        expect(applying.told->direct(), "a plugin that applies is direct");
        for (const int number : {0, 3, 2, 1}) {
            expect(change(number), "set() with three plugins");
            for (const images::witness* const each : {one.told, other.told, applying.told, &images_reader}) {
                images::expect_equal(each->ask(), result_of(number), "all images");
            }
            images::expect_equal(images::ask(), result_of(number), "the program");
        }
        unload(one, files[1]);
        expect(change(2), "set() after a plugin was unloaded");
        images::expect_equal(other.told->ask(), result_of(2), "the plugin that is left");
        const plugin again = load(files[1]);
        expect_from_the_first(*again.told, result_of(2), "a plugin that was loaded again");
        unload(again, files[1]);
        unload(other, files[2]);
        unload(applying, files[3]);
        expect(change(1), "set() after all plugins are gone");
        images::expect_equal(images_reader.ask(), result_of(1), "a library, in the end");
    }
    // A name that only plugins have: when they are gone, its value is gone as well.
    for (int turn = 0; turn < 2; ++turn) {
        const plugin setter = load(files[5]);
        expect_from_the_first(*setter.told, images::initial, "a name that no image had before");
        expect(setter.told->set(1), "set() by a plugin");
        const plugin reader = load(files[4]);
        expect_from_the_first(*reader.told, result_of(1), "set by a plugin");
        unload(reader, files[4]);
        unload(setter, files[5]);
        const plugin later = load(files[4]);
        expect_from_the_first(*later.told, images::initial, "a name that no image had any more");
        unload(later, files[4]);
    }
    return images::failures == 0 ? 0 : 1;
}
