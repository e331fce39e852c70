# SPDX-License-Identifier: BSL-1.0
"""For the models of this folder: counts checks, and prints them."""
import sys

failed = passed = 0


def replace(values, at, value):
    return (*values[:at], value, *values[at + 1:])


def check(good, text):
    global failed, passed
    if good:
        passed += 1
    else:
        failed += 1
    print(("ok: " if good else "FAIL: ") + text)


def end(of):
    print(f"text_poke: {passed} passed, {failed} failed: {of}")
    sys.exit(failed != 0)
