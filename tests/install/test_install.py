"""test_install.py - what users do with an installed libepisodic: find it by CMake or pkg-config, link it, run it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import markdown  # noqa: E402

ROOT = Path(os.environ["EPISODIC_SOURCE_DIR"])
BUILD = Path(os.environ["EPISODIC_BINARY_DIR"])
VERSION = os.environ["EPISODIC_VERSION"]
CC = os.environ.get("CC", "cc")


def run(*command, env=None, cwd=None) -> str:
    """Runs a command that must succeed; its output is the message when it does not."""
    line = [str(part) for part in command]
    done = subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(line)} gave {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Installs once, then moves the tree: nothing may remember where it was put first."""
        cls.work = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.work)
        run("cmake", "--install", BUILD, "--prefix", cls.work / "first")
        (cls.work / "first").rename(cls.work / "usr")
        cls.prefix = cls.work / "usr"
        cls.lib = next(cls.prefix.rglob("libepisodic.so")).parent
        cls.source = cls.work / "program.c"
        cls.source.write_text(markdown.programs(ROOT / "README.md")[0].text)

    def flags(self, *arguments) -> list[str]:
        env = {**os.environ, "PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}
        return shlex.split(run("pkg-config", *arguments, "episodic", env=env))

    def runs(self, program: Path):
        """The README's first program prints what it recalled, in a folder of its own."""
        folder = tempfile.mkdtemp(dir=self.work)
        env = {**os.environ, "LD_LIBRARY_PATH": str(self.lib)}
        self.assertTrue(run(program, cwd=folder, env=env), "the program printed nothing")

    def by_cmake(self, library: str) -> Path:
        build = self.work / library.replace(":", "-")
        run("cmake", "-S", Path(__file__).parent / "consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCONSUMER_LIBRARY={library}", f"-DCONSUMER_SOURCE={self.source}")
        run("cmake", "--build", build)
        return build / "consumer"

    def test_a_cmake_project_finds_the_shared_library(self):
        self.runs(self.by_cmake("episodic::episodic"))

    def test_a_cmake_project_finds_the_static_library(self):
        program = self.by_cmake("episodic::static")
        self.assertNotIn("libepisodic", run("readelf", "-d", program))
        self.runs(program)

    def test_pkg_config_names_what_the_shared_library_needs(self):
        program = self.work / "by-pkg-config"
        run(CC, "-std=c11", self.source, "-o", program, *self.flags("--cflags", "--libs"))
        self.runs(program)

    def test_pkg_config_names_what_the_static_library_needs(self):
        program = self.work / "by-pkg-config-static"
        flags = ["-l:libepisodic.a" if flag == "-lepisodic" else flag for flag in
                 self.flags("--static", "--cflags", "--libs")]
        run(CC, "-std=c11", self.source, "-o", program, *flags)
        self.assertNotIn("libepisodic", run("readelf", "-d", program))
        self.runs(program)

    def test_the_version_is_the_same_everywhere(self):
        self.assertEqual(self.flags("--modversion"), [VERSION])
        header = (self.prefix / "include/episodic/version.h").read_text()
        self.assertIn(f'#define EPI_VERSION_STRING "{VERSION}"', header)
        self.assertTrue((self.lib / f"libepisodic.so.{VERSION}").exists())
        self.assertIn(VERSION, run(self.prefix / "bin/episodic", "--version"))
        about = run("readelf", "-d", self.lib / "libepisodic.so")
        kept = VERSION.split(".")[:2 if VERSION.startswith("0.") else 1]
        self.assertIn(f"soname: [libepisodic.so.{'.'.join(kept)}]", about)

    def test_the_library_exports_exactly_the_public_functions(self):
        declared = set()
        for header in (self.prefix / "include").rglob("*.h"):
            declared.update(re.findall(r"^EPI_API\b[^;{]*?\b(epi_\w+)\s*\(", header.read_text(), re.MULTILINE))
        lines = run("nm", "-D", "--defined-only", self.lib / "libepisodic.so").splitlines()
        exported = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
        self.assertEqual(sorted(exported - declared), [], "exported, but in no public header")
        self.assertEqual(sorted(declared - exported), [], "declared in a public header, but not exported")

    def test_the_manual_is_installed(self):
        page = next(self.prefix.rglob("man1/episodic.1"), None)
        self.assertIsNotNone(page, "no man page under the prefix")
        self.assertIn(".TH", page.read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
