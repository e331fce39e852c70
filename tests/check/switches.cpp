// SPDX-License-Identifier: BSL-1.0
//
// Switches that compilers make tables of, beside sites: the checker follows each (tests/check/run.sh).
#include <inlay/static_key.hpp>

// NOLINTBEGIN(*-magic-numbers, *-branch-clone)

inline constexpr inlay::static_key<"switches.key", false> key;

extern "C" {
void step(int);

int plain(unsigned of) {
    switch (of) {
    case 0:
        return 17;
    case 1:
        step(2);
        return 4;
    case 2:
        step(5);
        [[fallthrough]];
    case 3:
        step(9);
        return -3;
    case 4:
        step(11);
        break;
    case 5:
        return key ? 1 : 12;
    default:
        return 0;
    }
    return 77;
}

void from_three(int of) {
    switch (of) {
    case 3:
        return step(1);
    case 4:
        return step(22);
    case 5:
        step(4);
        step(6);
        return;
    case 6:
        step(8);
        return step(3);
    case 7:
        return step(31);
    case 9:
        step(10);
        step(1);
        return;
    default:
        return;
    }
}

void of_bytes(const unsigned char* from, unsigned long count) {
    for (unsigned long i = 0; i < count; ++i) {
        switch (from[i]) {
        case 'a':
            step(1);
            break;
        case 'b':
            step(22);
            step(23);
            break;
        case 'c':
            step(4);
            [[fallthrough]];
        case 'd':
            step(8);
            break;
        case 'e':
            if (key) {
                step(9);
            }
            break;
        case 'f':
            step(13);
            step(14);
            break;
        default:
            step(0);
        }
    }
}

void with_a_key(unsigned of) {
    if (of > 6) {
        return;
    }
    if (key) {
        step(1);
    }
    switch (of) {
    case 0:
        return step(2);
    case 1:
        step(3);
        return step(4);
    case 2:
        return step(6);
    case 3:
        step(2);
        return step(7);
    case 4:
        return step(88);
    case 5:
        step(2);
        return step(9);
    case 6:
        return step(10);
    default:
        return;
    }
}

#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        step((n) * 3);                                                                                                 \
        step((n) ^ 0x5a);                                                                                              \
        step((n) * (n));                                                                                               \
        break;
#define CASES(n)                                                                                                       \
    CASE(n) CASE((n) + 1) CASE((n) + 2) CASE((n) + 3) CASE((n) + 4) CASE((n) + 5) CASE((n) + 6) CASE((n) + 7)

void large(unsigned long of) {
    switch (of) {
        CASES(0)
        CASES(8)
        CASES(16)
        CASES(24)
        CASES(32)
        CASES(40)
        CASES(48)
        CASES(56)
    default:
        step(-1);
    }
}
}

// NOLINTEND(*-magic-numbers, *-branch-clone)
