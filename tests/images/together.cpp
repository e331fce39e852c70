// SPDX-License-Identifier: BSL-1.0
//
// A program and two plugins have the same names. Each one's transaction changes all three, or none. With PLUGIN, a
// plugin.
#include "expect.hpp"

#include <inlay/inlay.hpp>

#include <cstdint>
#include <initializer_list>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

namespace [[gnu::visibility("hidden")]] images {

[[gnu::noinline]] inline int one(int x) { return x + 1; }
inline constexpr inlay::static_key<"together.key", false> key;
inline constexpr inlay::static_key<"together.counted", false> counted;
inline constexpr inlay::static_switch<"together.way", 40, 0U> way;
inline constexpr inlay::static_call<"together.call", &one> call;

/// All values in one number.
[[gnu::noinline]] int ask() {
    return (key ? 1000 : 0) + (counted ? 2000 : 0) + 10 * static_cast<int>(unsigned{way}) + call(0);
}

template <class Transaction>
void add_changes(Transaction& t) {
    t.set(key, true).enable(counted).set(way, 17).update(call, inlay::returns_zero<int(int)>);
}

/// 0, or the error.
int change(bool to_new) {
    inlay::transaction t;
    if (to_new) {
        add_changes(t);
    } else {
        t.set(key, false).disable(counted).set(way, 0).update(call, &one);
    }
    return static_cast<int>(t.commit().error());
}

/// Writes an instruction of no form over the site of a key, or the site's own byte again.
bool spoil(bool on) {
    static std::uint8_t was = 0;
    const auto* record = inlay::this_image().keys.records;
    while ((record->key.target() & inlay::table::many_ways) != 0) {
        ++record;
    }
    const auto at = record->site.target();
    std::uint8_t byte = 0xf4; // hlt
    if (on) {
        was = *reinterpret_cast<const std::uint8_t*>(at);
    } else {
        byte = was;
    }
    const int memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    const bool written = ::pwrite(memory, &byte, 1, static_cast<off_t>(at)) == 1;
    ::close(memory);
    return written;
}

struct image {
    int (*ask)();
    int (*change)(bool to_new);
    bool (*spoil)(bool on);
    bool (*apply)();
};

} // namespace images

#ifdef PLUGIN
extern "C" [[gnu::visibility("default")]] const images::image together_plugin;
extern "C" const images::image together_plugin{&images::ask, &images::change, &images::spoil,
                                               [] { return static_cast<bool>(inlay::apply()); }};
#else
namespace {

using images::expect_equal, images::expect;

constexpr int old_values = 1;
constexpr int new_values = 3000 + 170; // the call returns 0

void* load(const char* file, images::image& to) {
    void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const auto* const found =
        library != nullptr ? static_cast<const images::image*>(dlsym(library, "together_plugin")) : nullptr;
    images::require(found != nullptr, "a plugin is loaded");
    to = *found;
    return library;
}

/// A transaction of `by`, there and back; all images have its values.
void change_by(const images::image& by, const images::image* all, int count, const char* what) {
    for (const bool to_new : {true, false}) {
        expect_equal(by.change(to_new), 0, what);
        for (int i = 0; i < count; ++i) {
            expect_equal(all[i].ask(), to_new ? new_values : old_values, what);
        }
    }
}

} // namespace

int main(int /*count*/, char** arguments) {
    const images::image own{&images::ask, &images::change, &images::spoil, [] { return bool{inlay::apply()}; }};
    images::image all[3] = {own, {}, {}};
    change_by(own, all, 1, "before apply()");
    expect(own.apply(), "apply()");
    for (int round = 0; round < 2; ++round) {
        void* const first = load(arguments[1], all[1]);
        void* const second = load(arguments[2], all[2]);
        change_by(own, all, 3, "before the plugins call apply()");
        expect(all[1].apply() && all[2].apply(), "apply() of the plugins");
        for (const auto& by : all) {
            change_by(by, all, 3, "by one for all");
        }
        for (const auto& spoilt : all) {
            expect(spoilt.spoil(true), "a site is overwritten");
            for (const auto& by : all) {
                expect_equal(by.change(true), static_cast<int>(inlay::error::site_changed), "a spoilt site is found");
            }
            expect(spoilt.spoil(false), "and is as before");
            for (const auto& each : all) {
                expect_equal(each.ask(), old_values, "nothing has changed in any image");
            }
        }
        expect_equal(own.change(true), 0, "new values for the plugins that come later");
        expect(dlclose(first) == 0 && dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) == nullptr, "it is unloaded");
        void* const again = load(arguments[1], all[1]);
        expect_equal(all[1].ask(), new_values, "a plugin that comes later");
        expect_equal(all[2].change(false), 0, "and back");
        expect_equal(all[1].ask(), old_values, "and back in the one that came later");
        expect(dlclose(again) == 0 && dlclose(second) == 0, "they are unloaded");
    }
    return images::failures;
}
#endif
