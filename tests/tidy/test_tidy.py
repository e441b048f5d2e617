"""test_tidy.py - the project keeps its own rules: layers, doors, sizes, calls, comments, links."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import markdown  # noqa: E402
import rules  # noqa: E402

ROOT = Path(os.environ.get("EPISODIC_SOURCE_DIR", Path(__file__).resolve().parent.parent.parent))
CODE = (".c", ".h", ".cpp")
TEXT = CODE + (".py", ".sh", ".cmake", ".txt", ".md", ".in", ".map")


def project_files() -> set[str]:
    """Every file of the tree but what is built, by its path from the root. Works without git."""
    found = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__", ".cache", "corpus")]
        found.update((Path(folder) / name).relative_to(ROOT).as_posix() for name in names)
    return found


FILES = project_files()


def texts(suffixes: tuple[str, ...], folders: tuple[str, ...] = ("",)) -> dict[str, str]:
    """Path -> content of the files with these endings under these folders."""
    return {path: (ROOT / path).read_text() for path in sorted(FILES)
            if path.endswith(suffixes) and path.startswith(folders)}


class Tidy(unittest.TestCase):
    def none(self, violations) -> None:
        """Fails with all violations at once, a line each."""
        found = list(violations)
        if found:
            self.fail(f"{len(found)} violations\n" + "\n".join(found))

    def each(self, rule, sources, *arguments) -> None:
        self.assertTrue(sources, "found no file to look at")
        self.none(line for path, text in sources.items() for line in rule(path, text, *arguments))

    def test_modules_include_only_what_lies_below_them(self):
        self.each(rules.layering, texts(CODE, ("libepisodic/",)), FILES)

    def test_tools_and_benchmarks_see_only_public_headers(self):
        self.each(rules.only_public, texts(CODE, ("tools/", "benchmarks/", "agents/")), FILES)

    def test_each_dependency_has_one_door(self):
        self.none(rules.doors(texts(CODE, ("libepisodic/", "tools/"))))

    def test_functions_are_short(self):
        self.each(rules.function_length, texts(CODE))

    def test_files_are_short(self):
        self.each(rules.file_length, texts(CODE))

    def test_lines_have_the_house_form(self):
        self.each(rules.line_form, texts(TEXT))

    def test_files_open_with_their_purpose(self):
        self.each(rules.head_comment, texts(CODE))

    def test_nothing_is_marked_unfinished(self):
        self.each(rules.unfinished, texts(TEXT))

    def test_the_library_makes_no_banned_call(self):
        self.each(rules.banned_calls, texts(CODE, ("libepisodic/",)))

    def test_public_functions_are_documented(self):
        self.each(rules.documented, texts((".h",), ("include/",)))

    def test_links_in_documents_lead_somewhere(self):
        self.none(self.broken_links())

    def broken_links(self):
        documents = [path for path in sorted(FILES) if path.endswith(".md")]
        self.assertTrue(documents, "found no document")
        for path in documents:
            for line, target in markdown.links(ROOT / path):
                if "://" in target or target.startswith("mailto:"):
                    continue
                name, _, anchor = target.partition("#")
                other = (ROOT / path).parent / name if name else ROOT / path
                if not other.exists():
                    yield f"{path}:{line}: {target} does not exist"
                elif anchor and other.suffix == ".md" and anchor not in markdown.anchors(other):
                    yield f"{path}:{line}: {target} has no such heading"


if __name__ == "__main__":
    unittest.main(verbosity=2)
