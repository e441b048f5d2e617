"""test_install.py - the package installs from its source into a fresh environment without asking a registry, carries
the library, and says what is missing."""

import os
import subprocess
import sys
import tomllib
import unittest
import zipfile
from pathlib import Path

import place
from place import PACKAGE

PROGRAM = """
import importlib.metadata, os, sys, episodic
from episodic import _library
print(_library.lib._name)
print(importlib.metadata.metadata("episodic")["Summary"])
with episodic.Memory(sys.argv[1]) as memory:
    home = memory.space("home", "conversation")
    home.remember("user", "We moved to Lisbon.")
    print(home.recall("Lisbon")[0].text)
"""


class Install(place.Place):
    def run_ok(self, *command, **options) -> str:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=self.folder,
                              env={"PATH": os.environ["PATH"], "HOME": self.folder, **options}, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def environment(self) -> Path:
        """A fresh virtual environment that sees nothing of the system's packages."""
        made = subprocess.run([sys.executable, "-m", "venv", f"{self.folder}/venv"], capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest("there is no venv here (apt-get install python3-venv)")
        return Path(self.folder, "venv")

    def test_it_installs_from_source_into_a_fresh_environment(self):
        venv = self.environment()
        self.run_ok(venv / "bin" / "pip", "install", "--no-index", "--no-build-isolation", "--no-cache-dir", PACKAGE,
                    EPISODIC_LIBRARY=os.environ["EPISODIC_LIBRARY"])
        python = venv / "bin" / "python"
        package = next(venv.rglob("site-packages")) / "episodic"
        self.assertTrue((package / "py.typed").exists())
        done = subprocess.run([python, "-c", "import episodic"], cwd=self.folder, capture_output=True, text=True)
        self.assertIn("episodic needs NumPy, which is not installed", done.stderr)
        settings = venv / "pyvenv.cfg"  # now let it see the distribution's NumPy
        settings.write_text(settings.read_text().replace("packages = false", "packages = true"))
        said = self.run_ok(python, "-c", PROGRAM, self.path).splitlines()
        self.assertEqual(Path(said[0]), package / "libepisodic.so.0.1")
        self.assertEqual(said[2], "We moved to Lisbon.")
        self.run_ok(venv / "bin" / "pip", "uninstall", "-y", "episodic")
        self.assertFalse(package.exists())

    def test_a_wheel_without_a_library_is_for_any_platform_and_finds_the_installed_one(self):
        tree = Path(self.folder, "copy")
        tree.mkdir()
        for file in ("pyproject.toml", "backend.py", "README.md"):
            (tree / file).write_bytes((PACKAGE / file).read_bytes())
        (tree / "episodic").symlink_to(PACKAGE / "episodic")
        build = f"import sys; sys.path.insert(0, {str(tree)!r}); import backend; print(backend.build_wheel('.'))"
        name = self.run_ok(sys.executable, "-c", build).strip()
        self.assertTrue(name.endswith("-py3-none-any.whl"), name)
        with zipfile.ZipFile(Path(self.folder, name)) as wheel:
            self.assertIsNone(wheel.testzip())
            record = wheel.read("episodic-0.1.0.dist-info/RECORD").decode()
            self.assertEqual({line.split(",")[0] for line in record.splitlines()}, set(wheel.namelist()))
            wheel.extractall(Path(self.folder, "site"))
        site = {"PYTHONPATH": f"{self.folder}/site"}
        done = subprocess.run([sys.executable, "-c", "import episodic"], cwd=self.folder, capture_output=True,
                              text=True, env={"PATH": os.environ["PATH"], **site})
        self.assertIn("libepisodic was not found; build it, install it, or name it in EPISODIC_LIBRARY", done.stderr)
        self.run_ok(sys.executable, "-c", PROGRAM.replace('print(importlib.metadata.metadata("episodic")["Summary"])',
                                                          ""), self.path,
                    LD_LIBRARY_PATH=os.environ["EPISODIC_LIBRARY"], **site)

    def test_the_versions_agree(self):
        import episodic
        project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
        self.assertEqual(project["version"], episodic.__version__)
        self.assertEqual(project["version"], os.environ.get("EPISODIC_VERSION", episodic.__version__))


if __name__ == "__main__":
    unittest.main(verbosity=2)
