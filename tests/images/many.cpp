// SPDX-License-Identifier: BSL-1.0
//
// Many libraries with many keys. MAIN: the program that loads them.
//     many FILE...
#ifdef MAIN
#include <cstdio>

#include <dlfcn.h>

int main(int count, char** files) {
    for (int i = 1; i < count; ++i) {
        void* const library = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
        auto* const sum = library == nullptr ? nullptr : reinterpret_cast<int (*)()>(dlsym(library, "images_sum"));
        if (sum == nullptr || sum() != KEYS) {
            std::printf("%s: %s\n", files[i], sum == nullptr ? dlerror() : "a key has a wrong value");
            return 1;
        }
    }
    return 0;
}
#else
#include <inlay/static_key.hpp>

#include <utility>

namespace {

/// Of library 0; the files of the others are made from this file.
consteval auto name_of(int key) {
    char text[] = "images.library-0000.000"; // NOLINT(*-avoid-c-arrays): as in a name
    for (std::size_t i = sizeof(text) - 2; key != 0; --i, key /= 10) {
        text[i] = static_cast<char>('0' + key % 10);
    }
    return inlay::name{text};
}

template <int... Keys>
int sum(std::integer_sequence<int, Keys...> /*which*/) {
    return (0 + ... + (inlay::static_key<name_of(Keys), true>{} ? 1 : 0));
}

} // namespace

extern "C" [[gnu::visibility("default")]] int images_sum() { return sum(std::make_integer_sequence<int, KEYS>{}); }
#endif
