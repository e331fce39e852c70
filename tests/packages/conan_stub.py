# SPDX-License-Identifier: BSL-1.0
"""As much of Conan 2's interface as inlay's recipe uses, to run the recipe without Conan.

The test shows that the recipe is Python that runs, exports all files that its build needs, and packages a tree that
CMake finds. It cannot show that Conan itself accepts the recipe.
"""

import fnmatch
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import types


class Settings(dict):
    __getattr__ = dict.__getitem__


class Namespace:
    def __init__(self):
        self.properties = {}

    def set_property(self, name, value):
        self.properties[name] = value

    def clear(self):
        self.properties.clear()


class ConanFile:
    def __init__(self, folder):
        self.recipe_folder = str(folder)
        self.version = None
        self.settings = Settings(os="Linux", arch="x86_64", compiler="gcc", build_type="Release", cppstd="20")
        self.cpp_info = Namespace()
        self.info = Namespace()


class ConanInvalidConfiguration(Exception):
    pass


def check_min_cppstd(recipe, standard):
    if int(recipe.settings.cppstd) < standard:
        raise ConanInvalidConfiguration(f"C++{standard} is needed")


def cmake_layout(recipe):
    recipe.build_folder = os.path.join(recipe.source_folder, "build")


class CMakeToolchain:
    def __init__(self, recipe):
        self.recipe = recipe
        self.cache_variables = {}

    def generate(self):
        self.recipe.cache_variables = self.cache_variables


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        values = [f"-D{name}={value}" for name, value in self.recipe.cache_variables.items()]
        command = ["cmake", "-G", "Ninja", "-S", self.recipe.source_folder, "-B", self.recipe.build_folder]
        subprocess.run(command + values, check=True)

    def install(self):
        subprocess.run(["cmake", "--install", self.recipe.build_folder, "--prefix", self.recipe.package_folder], check=True)


def copy(_, pattern, src, dst):
    """Conan's copy: the pattern is of paths below src, and the paths are kept."""
    done = []
    for path in sorted(pathlib.Path(src).rglob("*")):
        name = str(path.relative_to(src))
        if path.is_file() and not name.startswith((".git/", "build/")) and fnmatch.fnmatch(name, pattern):
            target = pathlib.Path(dst) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
            done.append(str(target))
    if not done:
        raise FileNotFoundError(f"the recipe copies {pattern}, which matches nothing in {src}")
    return done


def load_file(_, path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def install():
    modules = {
        "conan": {"ConanFile": ConanFile},
        "conan.errors": {"ConanInvalidConfiguration": ConanInvalidConfiguration},
        "conan.tools": {},
        "conan.tools.build": {"check_min_cppstd": check_min_cppstd},
        "conan.tools.cmake": {"CMake": CMake, "CMakeToolchain": CMakeToolchain, "cmake_layout": cmake_layout},
        "conan.tools.files": {"copy": copy, "load": load_file},
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module


def load(path):
    """The recipe in that file, not yet asked for anything."""
    spec = importlib.util.spec_from_file_location("conanfile", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.InlayConan(pathlib.Path(path).parent)


def create(path, work):
    """Does the steps of `conan create`, in the folder `work`; returns the package's folder and the recipe."""
    recipe = load(path)
    recipe.set_version()
    recipe.export_sources_folder = os.path.join(work, "source")
    recipe.source_folder = recipe.export_sources_folder
    recipe.package_folder = os.path.join(work, "package")
    recipe.export_sources()
    # From here on, the tree that the recipe lies in is not there any more.
    recipe.recipe_folder = os.path.join(work, "nowhere")
    recipe.layout()
    recipe.validate()
    recipe.generate()
    recipe.build()
    recipe.package()
    recipe.package_id()
    recipe.package_info()
    return recipe


if __name__ == "__main__":
    install()
    made = create(sys.argv[1], sys.argv[2])
    for folder in made.cpp_info.builddirs:
        if not list(pathlib.Path(made.package_folder, folder).glob("inlay-config.cmake")):
            sys.exit(f"package_info() names {folder}, where no package configuration is")
    for setting, value in (("os", "Windows"), ("arch", "riscv64"), ("cppstd", "17")):
        made.settings = Settings(made.settings, **{setting: value})
        try:
            made.validate()
        except ConanInvalidConfiguration:
            made.settings = Settings(made.settings, os="Linux", arch="x86_64", cppstd="20")
        else:
            sys.exit(f"validate() takes {setting}={value}")
