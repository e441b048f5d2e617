"""test_declarations.py - what the package declares to ctypes is what the C compiler makes of the headers, and every
public function is used by the package or left out for a reason."""

import ctypes
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import place
from place import PACKAGE, ROOT

from episodic import _declarations as c
from episodic import _library

BUILD = Path(os.environ.get("EPISODIC_BINARY_DIR", ROOT / "build" / "release"))

# Public functions that the package does not call, and why.
LEFT_OUT = {
    r"epi_json_\w+": "Python has json",
    r"epi_schema_transitions": "Schema.transitions() makes the same roles, of any dtype and shape",
    r"epi_replay_borrow": "arrays over memory that is lent until the next call only could be kept; fill() copies",
    r"epi_status_name": "an exception has its name",
    r"epi_scene_part": "parts of a step are read by place, and found by role in Python",
}


def compiled(lines: list[str]) -> list[str]:
    """The output of a C program over the public headers."""
    program = ["#include <episodic/episodic.h>", "#include <episodic/sys/json.h>", "#include <stddef.h>",
               "#include <stdio.h>", "int main(void) {", *lines, "return 0; }"]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "ask.c")
        source.write_text("\n".join(program) + "\n")
        subprocess.run([os.environ.get("CC", "cc"), f"-I{ROOT}/include", f"-I{BUILD}/include", source, "-o",
                        f"{folder}/ask"], check=True)
        return subprocess.run([f"{folder}/ask"], check=True, capture_output=True, text=True).stdout.splitlines()


class Declarations(place.Place):
    def test_the_declarations_are_those_of_the_headers(self):
        done = subprocess.run([sys.executable, PACKAGE / "declare.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_struct_lies_as_the_compiler_lays_it(self):
        ask, ours = [], []
        for struct in c.STRUCTS:
            name = struct.__name__
            ask.append(f'printf("{name} %zu\\n", sizeof({name}));')
            ours.append(f"{name} {ctypes.sizeof(struct)}")
            for field, *_ in struct._fields_:
                ask.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), '
                           f'sizeof((({name} *)0)->{field}));')
                at = getattr(struct, field)
                ours.append(f"{name}.{field} {at.offset} {at.size}")
        self.assertGreater(len(ours), 300)
        self.assertEqual(compiled(ask), ours)

    def test_every_constant_has_the_compilers_value(self):
        names = [name for name, value in vars(c).items() if re.match("EPI_[A-Z]", name) and isinstance(value, int)]
        self.assertGreater(len(names), 150)
        theirs = compiled([f'printf("%lld\\n", (long long)({name}));' for name in names])
        self.assertEqual([int(value) for value in theirs], [getattr(c, name) for name in names])

    def test_every_default_is_the_headers_own(self):
        ask = []
        for name, (struct, _) in c.DEFAULTS.items():
            ask += ["{", f"{struct.__name__} it = epi_{name}();",
                    *(f"it.{field} = NULL;" for field in self.texts(struct)),
                    "for (size_t i = 0; i < sizeof it; i++) printf(\"%02x\", ((unsigned char *)&it)[i]);",
                    'printf("\\n");', "}"]
        for (name, (struct, _)), theirs in zip(c.DEFAULTS.items(), compiled(ask)):
            with self.subTest(name):
                made = _library.default(name)
                for field in self.texts(struct):
                    setattr(made, field, None)
                self.assertEqual(self.without_padding(struct, bytes.fromhex(theirs)),
                                 self.without_padding(struct, bytes(made)))

    def texts(self, struct) -> list[str]:
        """Members that point to texts, whose addresses differ."""
        return [field for field, kind in struct._fields_ if kind is ctypes.c_char_p]

    def without_padding(self, struct, data: bytes) -> list:
        """The bytes of each member; those between them are nobody's."""
        found = []
        for field, kind, *_ in struct._fields_:
            at = getattr(struct, field)
            part = data[at.offset:at.offset + at.size]
            found += self.without_padding(kind, part) if issubclass(kind, ctypes.Structure) else [(field, part)]
        return found

    def test_every_public_function_is_reachable(self):
        sources = "".join(path.read_text() for path in (PACKAGE / "episodic").glob("*.py")
                          if path.name != "_declarations.py")
        used = set(re.findall(r"\blib(?:rary)?\.(epi_\w+)", sources))
        for name in c.FUNCTIONS:
            with self.subTest(name):
                left_out = any(re.fullmatch(pattern, name) for pattern in LEFT_OUT)
                self.assertNotEqual(name in used, left_out, "it is neither used nor left out, or both")

    def test_every_status_has_an_exception(self):
        statuses = {name for name in vars(c) if re.fullmatch(r"EPI_E[A-Z0-9]+", name) and getattr(c, name) < 0}
        from episodic import errors
        self.assertEqual({error.name for error in errors.BY_STATUS.values()}, statuses)
        for error in errors.BY_STATUS.values():
            self.assertEqual(_library.lib.epi_status_name(error.status).decode(), error.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
