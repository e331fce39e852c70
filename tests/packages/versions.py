#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""All files that state a version state the version of include/inlay/version.hpp.   versions.py BUILD_FOLDER"""

import json
import pathlib
import re
import sys

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
build = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(here))

import conan_stub  # noqa: E402


def first(path, pattern):
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else "none"


header = (root / "include/inlay/version.hpp").read_text(encoding="utf-8")
version = ".".join(re.search(rf"INLAY_VERSION_{part} (\d+)\n", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
conan_stub.install()
recipe = conan_stub.load(root / "tools/packaging/conan/conanfile.py")
recipe.set_version()
stated = {
    "CMakeCache.txt": first(build / "CMakeCache.txt", r"^CMAKE_PROJECT_VERSION:STATIC=(.*)$"),
    "inlay-config-version.cmake": first(build / "inlay-config-version.cmake", r'PACKAGE_VERSION "(.*)"'),
    "inlay.pc": first(build / "inlay.pc", r"^Version: (.*)$"),
    "inlay-report.pc": first(build / "inlay-report.pc", r"^Version: (.*)$"),
    "inlay-report.pc, Requires": first(build / "inlay-report.pc", r"^Requires: inlay = ([\d.]*)"),
    "CHANGELOG.md": first(root / "CHANGELOG.md", r"^## \[(.*?)\]"),
    "the single header": first(build / "single_header/inlay.hpp", r"^// inlay (\S+) as one header"),
    "the Conan recipe": recipe.version,
    "the vcpkg port": json.loads((root / "tools/packaging/vcpkg/ports/inlay/vcpkg.json").read_text())["version-semver"],
}
for path in build.glob("*.deb"):
    stated["the Debian package"] = path.name.split("_")[1].rsplit("-", 1)[0]
wrong = {what: said for what, said in stated.items() if said != version}
for what, said in wrong.items():
    print(f"version.hpp says {version}, {what} says {said}")
print(f"{len(stated)} places state {version}" if not wrong else "versions differ")
sys.exit(1 if wrong or "the Debian package" not in stated else 0)
