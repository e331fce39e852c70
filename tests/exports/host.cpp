// SPDX-License-Identifier: BSL-1.0
//
// Loads a plugin, calls it, unloads it, and asks whether it is gone; twice, since a second copy must work as the first.
#include <dlfcn.h>

#include <cstdio>

int main(int /*count*/, char** arguments) {
    int first = 0;
    for (int round = 0; round < 2; ++round) {
        void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
        if (plugin == nullptr) {
            std::printf("%s\n", dlerror());
            return 2;
        }
        const int result = reinterpret_cast<int (*)(int)>(dlsym(plugin, "plugin_run"))(1);
        dlclose(plugin);
        if (dlopen(arguments[1], RTLD_NOW | RTLD_NOLOAD) != nullptr) {
            std::printf("it is still loaded after dlclose()\n");
            return 1;
        }
        first = round == 0 ? result : first;
        if (result != first || result < 0) {
            std::printf("it returned %d, then %d\n", first, result);
            return 1;
        }
    }
    return 0;
}
