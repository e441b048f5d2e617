"""test_docs.py - every whole C program in README.md and docs/ compiles without a warning and runs to success."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import markdown  # noqa: E402

ROOT = Path(os.environ["EPISODIC_SOURCE_DIR"])
BUILD = Path(os.environ["EPISODIC_BINARY_DIR"])


def compile_line(source: str, program: str) -> list[str]:
    """How a user compiles, against the headers and the library of this build."""
    return [os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            f"-I{ROOT}/include", f"-I{BUILD}/include", source, "-o", program,
            f"-L{BUILD}/lib", "-lepisodic", "-lm", f"-Wl,-rpath,{BUILD}/lib"]


class Documents(unittest.TestCase):
    def succeeds(self, command: list[str], folder: str) -> str:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_programs_in_documents_compile_and_run(self):
        documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        found = [program for path in documents if path.exists() for program in markdown.programs(path)]
        self.assertTrue(found, "no document shows a whole program")
        for block in found:
            with self.subTest(f"{block.path.name}:{block.line}"), tempfile.TemporaryDirectory() as folder:
                Path(folder, "program.c").write_text(block.text)
                self.succeeds(compile_line("program.c", "program"), folder)
                self.assertTrue(self.succeeds(["./program"], folder), "the program printed nothing")

    def test_json_in_documents_is_json(self):
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
            for block in markdown.blocks(path) if path.exists() else []:
                if block.language == "json":
                    with self.subTest(f"{block.path.name}:{block.line}"):
                        json.loads(block.text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
