"""Builds the simulator's rules, which are in C, into a shared library inside the wheel. A C compiler is all it takes.

The learner's library, which is in Swift, comes along where it is built already: what ``ci/learner`` or ``make release`` made of this
checkout, or the file that RESONETICS_LEARNER names.
"""

import os
import pathlib
import shutil

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # before setuptools 70.1
    from wheel.bdist_wheel import bdist_wheel

here = pathlib.Path(__file__).resolve().parent
source = here.parent / "Sources" / "CClusterSim"
# In a checkout the rules are those of the checkout; a source distribution brings them along.
if source.is_dir():
    shutil.rmtree(here / "core", ignore_errors=True)
    shutil.copytree(source, here / "core")
os.chdir(here)
learner = os.environ.get("RESONETICS_LEARNER") or here.parent / ".build" / "release" / "libresonetics-learner.so"
# Both compile it to the same bits; Clang's code is faster.
if "CC" not in os.environ and shutil.which("clang"):
    os.environ["CC"], os.environ["LDSHARED"] = "clang", "clang -shared"


class BuildLibrary(build_ext):
    """A library without Python in it: one for all versions of Python."""

    def run(self):
        super().run()
        bundled = pathlib.Path(self.build_lib) / "resonetics" / "_learner.so"
        if self.inplace:
            return
        bundled.unlink(missing_ok=True)
        if pathlib.Path(learner).is_file():
            shutil.copy(learner, bundled)

    def get_ext_filename(self, fullname):
        return "/".join(fullname.split(".")) + ".so"

    def get_export_symbols(self, ext):
        return []


class PlatformWheel(bdist_wheel):
    """For the platform, and any Python 3."""

    def get_tag(self):
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[
        Extension(
            "resonetics._core",
            sources=[f"core/{name}.c" for name in ("dynamics", "physics", "resonetics", "rules")],
            include_dirs=["core/include"],
            depends=["core/include/cclustersim.h", "core/include/resonetics.h"],
            extra_compile_args=["-O3", "-std=gnu11", "-ffp-contract=off", "-fvisibility=hidden"],
            libraries=["m"],
        )
    ],
    cmdclass={"build_ext": BuildLibrary, "bdist_wheel": PlatformWheel},
)
