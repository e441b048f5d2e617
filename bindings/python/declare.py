#!/usr/bin/env python3
"""declare.py - writes episodic/_declarations.py: what the public headers declare, for ctypes.

    declare.py [--check]    write the file, or only say whether it is what the headers say now

Names, structs and functions are read from include/episodic; the defaults of option structs, which are inline functions
there, are what the C compiler makes of them. The headers are written in one style, and this reads that style, no more:
what it cannot read is an error, never left out. tests/python/test_declarations.py compares every struct with the C
compiler's own sizeof and offsetof.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INCLUDE = Path(os.environ.get("EPISODIC_SOURCE_DIR", HERE.parent.parent)) / "include"
TARGET = HERE / "episodic" / "_declarations.py"

SCALARS = {
    "bool": "c_bool", "char": "c_char", "int": "c_int", "float": "c_float", "double": "c_double", "size_t": "c_size_t",
    "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64", "uint8_t": "c_uint8",
    "epi_time": "c_int64",
}


class Header:
    """What all headers declare together, in an order in which it can be defined."""

    def __init__(self):
        self.constants: list[tuple[str, str]] = []
        self.enums: dict[str, list[tuple[str, int]]] = {}
        self.structs: dict[str, list[tuple[str, str]]] = {}
        self.callbacks: dict[str, str] = {}
        self.functions: dict[str, tuple[str, list[str]]] = {}
        self.defaults: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.handles: set[str] = set()
        self.seen: set[str] = set()

    # ---- types ----

    def pointer(self, base: str, stars: int) -> str:
        """A pointer: text, a struct, an array of texts; all else, handles too, is an address."""
        if base == "char" and stars <= 2:
            return ["c_char_p", "POINTER(c_char_p)"][stars - 1]
        if base in self.structs and stars == 1:
            return f"POINTER({base})"
        return "c_void_p"

    def type_of(self, text: str) -> str:
        """The ctypes expression of a C type without a name."""
        bare = re.sub(r"\b(const|struct|enum)\b", " ", text)
        stars, base = bare.count("*"), bare.replace("*", " ").strip()
        if stars:
            return self.pointer(base, stars)
        if base in SCALARS:
            return SCALARS[base]
        if base in self.enums:
            return "c_int"
        if base in self.structs or base in self.callbacks:
            return base
        if base == "void":
            return "None"
        raise ValueError(f"the type {text!r} is not known")

    def split(self, text: str) -> list[tuple[str, str]]:
        """Names and types of "T a, *b" is not written here; one declarator, perhaps an array or a function."""
        function = re.fullmatch(r"(.+?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)", text, re.DOTALL)
        if function:
            return [(function[2], self.callback(function[1], function[3]))]
        array = re.fullmatch(r"(.+?)(\w+)\s*\[([^\]]+)\]", text, re.DOTALL)
        if array:
            return [(array[2], f"{self.type_of(array[1])} * ({array[3].strip()})")]
        names = [part.strip() for part in text.split(",")]
        first = re.fullmatch(r"(.+?)(\w+)", names[0], re.DOTALL)
        if not first:
            raise ValueError(f"cannot read {text!r}")
        return [(name, self.type_of(first[1])) for name in [first[2], *names[1:]]]

    def callback(self, result: str, parameters: str) -> str:
        """A function type. A text that comes with its size need not end with a NUL, so it is an address."""
        types = self.parameters(parameters)
        if "size_t size" in parameters:
            types = ["c_void_p" if kind == "c_char_p" else kind for kind in types]
        return f"CFUNCTYPE({', '.join([self.type_of(result), *types])})"

    def parameters(self, text: str) -> list[str]:
        """The types of a parameter list; a function among them has commas of its own."""
        if text.strip() in ("void", ""):
            return []
        parts, depth, start = [], 0, 0
        for place, letter in enumerate(text + ","):
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(text[start:place].strip())
                start = place + 1
        return [self.split(part)[0][1] for part in parts]

    # ---- reading ----

    def read(self, name: str):
        """Reads a header after those that it includes."""
        if name in self.seen:
            return
        self.seen.add(name)
        path = INCLUDE / name
        text = (path if path.exists() else HERE.parent.parent / "cmake" / "version.h.in").read_text()
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
        for included in re.findall(r"#include <(episodic/[^>]+)>", text):
            self.read(included)
        for found in re.finditer(r"^#define (EPI_\w+)[ \t]+(\S[^\n]*)$", text, re.MULTILINE):
            self.constant(found[1], found[2].strip())
        self.declarations(name, re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", " ", text, flags=re.MULTILINE))

    def constant(self, name: str, value: str):
        """A named number or text, as Python writes it; attributes of functions are none, nor is the version."""
        if name in ("EPI_API",) or name.startswith("EPI_VERSION"):
            return
        value = re.sub(r"\b(\d+)(?:ull|ll|u)\b", r"\1", value)
        value = {"INT64_MIN": "-(1 << 63)", "UINT32_MAX": "(1 << 32) - 1"}.get(value, value)
        if re.fullmatch(r"[\w\s()*+<>.-]+|\"[^\"]*\"", value):
            self.constants.append((name, f"b{value}" if value.startswith('"') else value))
            return
        raise ValueError(f"cannot read #define {name} {value}")

    def declarations(self, header: str, text: str):
        """Reads what is declared, in order."""
        pattern = re.compile(
            r"typedef\s+enum\s+\w+\s*\{(?P<enum>[^}]*)\}\s*(?P<enum_name>\w+)\s*;"
            r"|typedef\s+struct\s+\w+\s*\{(?P<struct>[^}]*)\}\s*(?P<struct_name>\w+)\s*;"
            r"|typedef\s+struct\s+\w+\s+(?P<handle>\w+)\s*;"
            r"|typedef\s+(?P<result>\w+)\s*\(\*(?P<callback>\w+)\)\((?P<callback_of>[^;]*)\)\s*;"
            r"|static inline (?P<default_of>epi_\w+) (?P<default>epi_\w+_(?:default|r2d2))\(void\)"
            r"|EPI_API\s+(?P<type>[^;(]*?)(?P<function>epi_\w+)\s*\((?P<parameters>[^;]*)\)\s*;")
        for found in pattern.finditer(text):
            if found["enum_name"]:
                self.enum(found["enum_name"], found["enum"])
            elif found["struct_name"]:
                self.struct(found["struct_name"], found["struct"])
            elif found["handle"]:
                self.handles.add(found["handle"])
            elif found["callback"]:
                self.callbacks[found["callback"]] = self.callback(found["result"], found["callback_of"])
                self.constants.append((found["callback"], self.callbacks[found["callback"]]))
            elif found["default"]:
                self.defaults.append((found["default"], found["default_of"]))
            else:
                result = "STATUS" if found["type"].strip() == "epi_status" else self.type_of(found["type"])
                self.functions[found["function"]] = (result, self.parameters(found["parameters"]))
                self.headers[found["function"]] = header
        if len(re.findall(r"\bEPI_API\b", text)) != sum(of == header for of in self.headers.values()):
            raise ValueError(f"{header}: a function could not be read")

    def enum(self, name: str, body: str):
        values, number = [], 0
        for part in filter(None, (part.strip() for part in body.split(","))):
            key, _, value = (piece.strip() for piece in part.partition("="))
            number = int(value) if value else number
            values.append((key, number))
            number += 1
        self.enums[name] = values

    def struct(self, name: str, body: str):
        fields = [field for part in body.split(";") if part.strip() for field in self.split(part.strip())]
        if dict(fields).get("size") == "c_size_t":  # bytes with a size, not a text that ends with a NUL
            fields = [(field, "c_void_p" if field == "data" else kind) for field, kind in fields]
        self.structs[name] = fields
        self.handles.discard(name)


# ---- defaults --------------------------------------------------------------------------------------------------------

def print_lines(header: Header, struct: str, path: str):
    """C lines that print each member that is not zero as Python."""
    for name, kind in header.structs[struct]:
        place = f"{path}.{name}"
        label = place.split(".", 1)[1].replace(".", "__")
        if kind in header.structs:
            yield from print_lines(header, kind, place)
        elif kind == "c_char_p":
            yield f'if ({place}) printf(" \\"{label}\\": b\\"%s\\",", {place});'
        elif kind in ("c_double", "c_float"):
            yield f'if ({place} != 0) printf(" \\"{label}\\": %.17g,", (double){place});'
        elif kind.startswith("c_") and kind != "c_void_p":
            yield f'if ({place}) printf(" \\"{label}\\": %lld,", (long long){place});'
        elif "*" not in kind:
            yield f'if ({place}) return 1;'


def defaults_of(header: Header) -> str:
    """What the inline functions return, asked of the compiler."""
    lines = ["#include <episodic/episodic.h>", "#include <stdio.h>", "int main(void) {"]
    for function, struct in header.defaults:
        lines += ["{", f"    const {struct} it = {function}();", f'    printf("{function[4:]}:{struct}:");']
        lines += [f"    {line}" for line in print_lines(header, struct, "it")] + ['    printf("\\n");', "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "defaults.c"), Path(folder, "defaults")
        source.write_text("\n".join(lines + ["return 0;", "}"]) + "\n")
        Path(folder, "episodic").mkdir()
        version = (HERE.parent.parent / "cmake" / "version.h.in").read_text()
        Path(folder, "episodic", "version.h").write_text(re.sub(r"@\w+@", "0", version))
        subprocess.run([os.environ.get("CC", "cc"), f"-I{INCLUDE}", f"-I{folder}", source, "-o", program], check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout


# ---- writing ---------------------------------------------------------------------------------------------------------

HEAD = '''"""What the public headers declare, for ctypes. Written by declare.py; edit the headers, then run that.

Handles and data are addresses (c_void_p), texts are bytes (c_char_p); structs have the names and members that they
have in C. FUNCTIONS tells of each function its result and its parameters, and HEADERS where its manual is.
"""

from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_int64,
                    c_size_t, c_uint32, c_uint64, c_void_p)


class STATUS(c_int):
    """The result of a function that returns an epi_status."""

'''


def wrapped(head: str, items: list[str], tail: str) -> str:
    """Items behind a head, broken to lines of the house's width."""
    lines, line = [], head
    for item in items:
        if len(line) + len(item) + 2 > 118:
            lines.append(line.rstrip())
            line = " " * 8
        line += item + ", "
    return "\n".join([*lines, line.rstrip(", ") + tail])


def render() -> str:
    header = Header()
    for path in ["episodic/episodic.h", "episodic/sys/json.h"]:
        header.read(path)
    out = [HEAD]
    structs = [f'class {name}(Structure):\n' + wrapped("    _fields_ = [", [f'("{field}", {kind})' for field, kind
                                                                                in fields], "]")
               for name, fields in header.structs.items()]
    constants = [item for item in header.constants if item[0].startswith("EPI_")]
    out.append("\n".join(f"{name} = {value}" for name, value in constants) + "\n")
    for name, values in header.enums.items():
        out.append(f"# enum {name}\n" + "\n".join(f"{key} = {value}" for key, value in values) + "\n")
    out.append("\n".join(f"{name} = {value}" for name, value in header.callbacks.items()) + "\n")
    out.append("\n\n" + "\n\n\n".join(structs) + "\n")
    out.append("\n" + wrapped("STRUCTS = (", list(header.structs), ")") + "\n")
    out.append("# Members that the headers' defaults set to something else than zero, by the function that does.")
    out.append("DEFAULTS = {")
    for line in defaults_of(header).splitlines():
        name, struct, members = line.split(":", 2)
        values = [f'"{member}": {value!r}' for member, value in ast.literal_eval(f"{{{members}}}").items()]
        out.append(wrapped(f'    "{name}": ({struct}, {{', values, "}),"))
    out.append("}\n\nFUNCTIONS = {")
    for name, (result, parameters) in header.functions.items():
        out.append(wrapped(f'    "{name}": ({result}, (', parameters, ",))," if len(parameters) == 1 else ")),"))
    out.append("}\n\nHEADERS = {")
    out += [f'    "{name}": "{path}",' for name, path in header.headers.items()]
    out.append("}")
    return "\n".join(out) + "\n"


def main() -> int:
    text = render()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text() == text
        if not same:
            print("the headers have changed: run bindings/python/declare.py", file=sys.stderr)
        return 0 if same else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
