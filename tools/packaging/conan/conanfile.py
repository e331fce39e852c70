# SPDX-License-Identifier: BSL-1.0
"""A Conan 2 recipe:  conan create tools/packaging/conan

Consumers get inlay's own CMake package: find_package(inlay COMPONENTS ...), with the targets of docs/packages.md.
The packages of the component report are taken from the system, as inlay's CMake package finds them.
"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class InlayConan(ConanFile):
    name = "inlay"
    description = "Run-time code patching, described at compile time"
    license = "BSL-1.0"
    topics = ("code-patching", "static-keys", "header-only", "cpp20")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    @property
    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._tree, "include", "inlay", "version.hpp"))
        parts = (re.search(rf"INLAY_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
        self.version = ".".join(parts)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "CHANGELOG.md", "include/*", "cmake/*", "tools/single_header.py"):
            copy(self, pattern, src=self._tree, dst=self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os in ("Windows", "Macos", "iOS", "watchOS", "tvOS", "visionOS"):
            raise ConanInvalidConfiguration("inlay needs ELF object files: Linux, a BSD or a freestanding target")
        if self.settings.arch not in ("x86_64", "x86", "i386", "i486", "i586", "i686", "armv8"):
            raise ConanInvalidConfiguration("inlay needs x86-64, i386 or AArch64")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["INLAY_INSTALL"] = "ON"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()

    def package(self):
        cmake = CMake(self)
        cmake.install()
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        # inlay's own CMake files know its components; Conan writes none in their place.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "inlay")]
        self.cpp_info.set_property("pkg_config_name", "inlay")
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
