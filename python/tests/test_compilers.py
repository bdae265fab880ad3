"""The same bits whatever the compiler makes of the rules: with its best and with none of its optimizations, with all forms of the physics
that a processor may choose from and with the plainest alone."""

import ctypes
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock

import numpy as np

from resonetics import Configuration, _native

#: Beside the tests where the package was built from this folder, else in the checkout.
SOURCES = [
    path for path in (pathlib.Path(__file__).parents[1] / "core", pathlib.Path(__file__).parents[2] / "Sources" / "CClusterSim")
    if (path / "rules.c").exists()]
COMPILER = shutil.which("cc") or shutil.which("clang")


def built(folder):
    """The library without optimization and without choices at run time."""
    source, library = SOURCES[0], folder / "plain.so"
    subprocess.run(
        [COMPILER, "-O0", "-std=gnu11", "-ffp-contract=off", "-w", "-fPIC", "-shared", "-DDSLSIM_ONE_VARIANT", "-I", source / "include",
         "-o", library, *(source / f"{name}.c" for name in ("dynamics", "physics", "resonetics", "rules")), "-lm"], check=True)
    return library


def episodes(library, configuration, level):
    """Of three environments everything that the library tells, step by step: digests, observations, rewards, ends, and a saved state."""
    found, rng = [], np.random.default_rng(8)
    with unittest.mock.patch.object(_native, "library", library):
        batch = _native.Batch(configuration.values, configuration.digest, 3, autoreset=1)
        batch.reset([2**64 - 1, 0, 0x8000000000000003], level=level)
        for step in range(160):
            found.append((
                *(batch.digest(i) for i in range(3)), batch.observations.tobytes(), batch.rewards.tobytes(), batch.terminated.tobytes()))
            # The agent walks for a while, and does all that it can after that.
            batch.step(rng.integers(8 if step % 40 > 20 else 4, size=3))
        found.append((batch.save(1), batch.facts().tobytes()))
        batch.close()
    return found


@unittest.skipUnless(COMPILER, "a C compiler is not installed")
@unittest.skipUnless(SOURCES, "the sources in C are not beside the tests")
class CompilerTests(unittest.TestCase):
    def test_without_optimization_the_bits_are_the_same(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        path = built(folder)
        plain = _native.load(path)
        variant = ctypes.CDLL(str(path)).dslsim_physics_variant
        variant.restype = ctypes.c_char_p
        self.assertEqual(variant(), b"default", "there is nothing to choose from")
        for configuration, level in (
            (Configuration(), 0), (Configuration("storm", size=(7, 9)), 3), (Configuration("calm", size=(1, 1)), 0),
            (Configuration("storm", size=(13, 17), oom_limit=0, burst_probability=0.2), 0),
        ):
            with self.subTest(configuration.as_dict()):
                found, wanted = episodes(plain, configuration, level), episodes(_native.library, configuration, level)
                for step, (one, other) in enumerate(zip(found, wanted)):
                    self.assertEqual(one, other, f"step {step}")


if __name__ == "__main__":
    unittest.main()
