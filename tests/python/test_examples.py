"""test_examples.py - every example in a docstring of the package and in its README runs, and prints what it says."""

import doctest
import importlib
import pkgutil
import shutil
import tempfile
import unittest

import place
import numpy as np

import episodic


class Examples(unittest.TestCase):
    def test_every_example_does_what_it_says(self):
        names = ["episodic"] + [f"episodic.{module.name}" for module in pkgutil.iter_modules(episodic.__path__)]
        finder, count = doctest.DocTestFinder(), 0
        for module in map(importlib.import_module, names):
            for example in finder.find(module):
                with self.subTest(example.name):
                    folder = tempfile.mkdtemp()
                    self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
                    example.globs.update(vars(episodic), np=np, folder=folder)
                    said = []
                    result = doctest.DocTestRunner().run(example, out=said.append)
                    self.assertEqual(result.failed, 0, "".join(said))
                    count += result.attempted
        self.assertGreater(count, 20)

    def test_the_readme_does_what_it_says(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        text = (place.PACKAGE / "README.md").read_text()
        example = doctest.DocTestParser().get_doctest(text, {"path": f"{folder}/memory"}, "README", "README.md", 0)
        said = []
        result = doctest.DocTestRunner().run(example, out=said.append)
        self.assertEqual(result.failed, 0, "".join(said))
        self.assertGreater(result.attempted, 15)


if __name__ == "__main__":
    unittest.main(verbosity=2)
