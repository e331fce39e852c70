// SPDX-License-Identifier: BSL-1.0
//
// A plugin that shares the program's names. It does not call apply() by itself.
#include "names.hpp"

namespace {

[[gnu::noinline]] bool ask_key() { return names::key; }
[[gnu::noinline]] unsigned ask_ways() { return names::ways; }
[[gnu::noinline]] long do_add(long x) { return names::add(x); }
bool apply() { return bool{inlay::apply()}; }
bool set_ways(unsigned to) { return bool{inlay::set(names::ways, to)}; }

} // namespace

extern "C" [[gnu::visibility("default")]] const names::plugin musl_plugin;
extern "C" constinit const names::plugin musl_plugin{ask_key, ask_ways, do_add, apply, set_ways};
