// SPDX-License-Identifier: BSL-1.0
//
// A library or plugin that reads the subject, and tells of it by the name EXPORT. SETS: it can change it. SETS_AT_LOAD:
// its constructor does, to number 1. APPLIES: it is patched when it is loaded. Else its author never heard of apply().
#include "subject.hpp"

#if defined(SETS) || defined(SETS_AT_LOAD)
#include "change.hpp"
#endif
#ifdef APPLIES
#include <inlay/apply_at_load.hpp>
#endif

namespace {

int at_101 = -1;
int at_load = -1;

[[gnu::constructor(101)]] void first() { at_101 = images::ask(); }
[[gnu::constructor]] void later() {
    at_load = images::ask();
#ifdef SETS_AT_LOAD
    (void)images::change(1);
#endif
}

#ifdef APPLIES
bool direct() {
    const inlay::outcome& done = inlay::outcome_at_load();
    // (A target in the program may be out of a call's reach.)
    return done && done.keys_direct == done.keys && done.calls_missed() == 0 && done.keys + done.calls != 0;
}
#endif

} // namespace

extern "C" [[gnu::visibility("default")]] const images::witness EXPORT;
extern "C" const images::witness EXPORT{&at_101, &at_load, &images::ask,
#if defined(SETS) || defined(SETS_AT_LOAD)
                                        &images::change,
#else
                                        nullptr,
#endif
#ifdef APPLIES
                                        &direct
#else
                                        nullptr
#endif
};
