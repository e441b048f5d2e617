"""place.py - what the tests of the Python package share: the package of this source tree over the library of this
build, and folders that go when a test ends. Without NumPy a test program says so in one line and is skipped."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("EPISODIC_SOURCE_DIR", Path(__file__).resolve().parents[2]))
PACKAGE = ROOT / "bindings" / "python"
SKIPPED = 77  # what ctest takes for "skipped"

try:
    import numpy  # noqa: F401
except ImportError:
    for python in ("/usr/bin/python3",):  # where the distribution's NumPy is
        if os.path.exists(python) and os.path.realpath(python) != os.path.realpath(sys.executable):
            if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
                os.execv(python, [python, *sys.argv])
    print(f"skipped: {sys.executable} has no NumPy (apt-get install python3-numpy)")
    sys.exit(SKIPPED)

sys.path.insert(0, str(PACKAGE))
if "EPISODIC_BINARY_DIR" in os.environ:
    os.environ["EPISODIC_LIBRARY"] = os.path.join(os.environ["EPISODIC_BINARY_DIR"], "lib")


class Place(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="episodic-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = os.path.join(self.folder, "memory")


def environment(**more: str) -> dict[str, str]:
    """The environment of a Python that imports this package."""
    return {**os.environ, "PYTHONPATH": str(PACKAGE), **more}
