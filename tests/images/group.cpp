// SPDX-License-Identifier: BSL-1.0
//
// A program, a library and a plugin. BROKEN (program, library, plugin, none) has no note that inlay knows: its apply()
// says so, it works unpatched, and the others do not see it.
//     group PLUGIN BROKEN
#include "expect.hpp"
#include "part.hpp"

#include <inlay/error.hpp>

#include <array>
#include <cstring>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" const images::part in_program, in_library;

namespace {

struct member {
    const char* name;
    const images::part* part;
    bool broken;
};

void expect_all(const std::array<member, 3>& members, int number) {
    for (const auto& each : members) {
        images::expect(each.part->is(each.broken ? 0 : number), each.name);
    }
}

} // namespace

int main(int count, char** arguments) {
    using images::expect, images::expect_equal, images::require;
    require(count == 3, "a plugin, and the broken image");
    void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    require(plugin != nullptr, "dlopen()");
    const auto* const in_plugin = static_cast<const images::part*>(dlsym(plugin, "in_plugin"));
    require(in_plugin != nullptr, "dlsym()");
    std::array<member, 3> members{
        {{"program", &in_program, false}, {"library", &in_library, false}, {"plugin", in_plugin, false}}};
    bool known = std::strcmp(arguments[2], "none") == 0;
    for (auto& each : members) {
        each.broken = std::strcmp(arguments[2], each.name) == 0;
        known = known || each.broken;
    }
    require(known, arguments[2]);
    const auto said = [](const member& each) {
        return static_cast<int>(each.broken ? inlay::error::image_unknown : inlay::error::no_error);
    };
    int last = 0;
    expect_all(members, 0);
    for (const bool applied : {false, true}) {
        for (const auto& each : members) {
            if (applied) {
                expect_equal(each.part->apply(), said(each), "apply()");
                expect(each.part->is_patched() == !each.broken, "patched");
                expect_all(members, last);
            }
            for (const int number : {1, 2, 3}) {
                expect_equal(each.part->set(number), said(each), "set()");
                last = each.broken ? last : number;
                expect_all(members, last);
            }
        }
    }
    const pid_t child = fork();
    if (child == 0) { // its handlers know nothing of the broken one, either
        images::failures = 0;
        expect_equal(members[0].part->set(1), said(members[0]), "set() in a child");
        expect_all(members, members[0].broken ? last : 1);
        std::fflush(stdout);
        _exit(images::failures == 0 ? 0 : 1);
    }
    int status = 0;
    expect(waitpid(child, &status, 0) == child && status == 0, "a child");
    // The call's target must not go with the plugin.
    last = members[0].broken ? 2 : 1;
    expect_equal(members[members[0].broken ? 1 : 0].part->set(last), 0, "set()");
    dlclose(plugin);
    expect(dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == nullptr, "the plugin stays loaded");
    for (int each = 0; each < 2; ++each) {
        const auto& setter = members[static_cast<std::size_t>(each)];
        expect_equal(setter.part->set(each * 3), said(setter), "set() without the plugin");
        last = setter.broken ? last : each * 3;
        for (const auto& other : {members[0], members[1]}) {
            expect(other.part->is(other.broken ? 0 : last), other.name);
        }
    }
    return images::failures == 0 ? 0 : 1;
}
