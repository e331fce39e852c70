// SPDX-License-Identifier: BSL-1.0
//
// A plugin in a separate namespace (dlmopen) shares no names with the program.
//     world PLUGIN
#include "expect.hpp"
#include "part.hpp"

#include <dlfcn.h>

extern "C" const images::part in_program;

int main(int count, char** files) {
    using images::expect, images::expect_equal;
    images::require(count == 2, "a plugin");
    expect_equal(in_program.set(1), 0, "set()");
    for (int turn = 0; turn < 2; ++turn) {
        void* const library = dlmopen(LM_ID_NEWLM, files[1], RTLD_NOW | RTLD_LOCAL);
        images::require(library != nullptr, "dlmopen()");
        const auto* const plugin = static_cast<const images::part*>(dlsym(library, "in_plugin"));
        void* const here = dlopen(files[1], RTLD_NOW | RTLD_LOCAL);
        images::require(here != nullptr && here != library, "dlopen()");
        const auto* const other = static_cast<const images::part*>(dlsym(here, "in_plugin"));
        expect(plugin->is(0), "there, at first");
        expect(other->is(1), "here, at first");
        expect_equal(in_program.set(2), 0, "set() by the program");
        expect(plugin->is(0) && other->is(2), "set by the program");
        expect_equal(plugin->set(3), 0, "set() there");
        expect(plugin->is(3) && in_program.is(2) && other->is(2), "set there");
        expect_equal(plugin->apply(), 0, "apply() there");
        expect_equal(in_program.apply(), 0, "apply()");
        expect(plugin->is_patched() && in_program.is_patched() && !other->is_patched(), "patched");
        expect(plugin->is(3) && in_program.is(2) && other->is(2), "after apply()");
        expect_equal(plugin->set(2), 0, "set() there, after apply()");
        expect_equal(in_program.set(1), 0, "set(), after apply()");
        expect(plugin->is(2) && in_program.is(1) && other->is(1), "set after apply()");
        dlclose(here);
        dlclose(library);
    }
    expect(in_program.set(3) == 0 && in_program.is(3), "the program, in the end");
    return images::failures == 0 ? 0 : 1;
}
