// SPDX-License-Identifier: BSL-1.0
//
// One part of the process: a program's unit, a shared library, or a plugin.
#include "names.hpp"

namespace {

[[gnu::noinline]] bool ask_key() {
    if (names::key) {
        return true;
    }
    return false;
}
[[gnu::noinline]] unsigned ask_level() {
    switch (names::level) {
    case 2:
        return 2;
    case 29:
        return 29;
    default:
        return names::level;
    }
}
[[gnu::noinline]] int do_call(int x) { return static_cast<int>(names::call(x)); }
[[gnu::noinline]] std::string do_text(const char* what) { return names::text(what, 2); }
[[gnu::noinline]] int do_call_null(int x) { return names::null.maybe(x); }
inlay::outcome update_null(int (*target)(int)) { return inlay::update(names::null, target); }
inlay::outcome set_key(bool on) { return inlay::set(names::key, on); }
inlay::outcome set_level(unsigned to) { return inlay::set(names::level, to); }
#ifdef CLASH
inlay::outcome update(int (*)(int)) {
    return inlay::update(names::call, [](double x) { return x + 50; });
}
#else
inlay::outcome update(int (*target)(int)) { return inlay::update(names::call, target); }
#endif

} // namespace

extern "C" [[gnu::visibility("default")]] const names::functions PART;
extern "C" constinit const names::functions PART{ask_key, ask_level, do_call, do_text,      inlay::apply,
                                                 set_key, set_level, update,  do_call_null, update_null};
