"""csource.py - enough of C to measure it: code without comments and strings, functions with their lengths, includes."""

import re
from typing import Iterator, NamedTuple

_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_SIGNATURE = re.compile(r"([~\w]+)\s*\([^;{}]*\)[\s\w]*$")
_NOT_FUNCTIONS = {"if", "for", "while", "switch", "catch"}


class Function(NamedTuple):
    """A function's name, the line it starts on, and how many lines it has with its signature."""

    name: str
    line: int
    length: int


def _blank(match: re.Match) -> str:
    """The same shape with nothing in it, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match[0])


def code(text: str) -> str:
    """The text with comments and the insides of literals blanked."""
    return _TOKEN.sub(_blank, text)


def functions(text: str) -> Iterator[Function]:
    """Yields the functions defined in a C or C++ file."""
    bare = _DIRECTIVE.sub(_blank, code(text))
    start_of_item, depth, opened = 0, 0, None
    for match in re.finditer(r"[{};]", bare):
        if opened is not None:
            depth += {"{": 1, "}": -1, ";": 0}[match[0]]
            if depth == 0:
                name, start = opened
                first, last = bare.count("\n", 0, start) + 1, bare.count("\n", 0, match.start()) + 1
                yield Function(name, first, last - first + 1)
                opened = None
        elif match[0] == "{":
            item = bare[start_of_item:match.start()]
            signature = _SIGNATURE.search(item)
            if signature and signature[1] not in _NOT_FUNCTIONS and "=" not in item[:signature.start()]:
                opened, depth = (signature[1], start_of_item + len(item) - len(item.lstrip())), 1
        start_of_item = match.end()


def includes(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yields (line, name, quoted) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", line)
        if match:
            yield number, match[2], match[1] == '"'


def calls(text: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """Yields (line, name) where one of the names is called; a member or a longer name is another thing."""
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(sorted(names)) + r")\s*\(")
    for number, line in enumerate(code(text).splitlines(), 1):
        for match in pattern.finditer(line):
            yield number, match[1]


def public_functions(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yields (line, name, documented) of the EPI_API declarations of a header.

    A function is documented by a /** comment in front of it or a /**< comment behind it; a comment in front of a run of
    declarations without an empty line in it speaks for all of them.
    """
    for paragraph in re.finditer(r"(?:^[^\n]*\S[^\n]*\n)+", text, re.MULTILINE):
        first_line = text.count("\n", 0, paragraph.start()) + 1
        headed = False
        for match in re.finditer(r"/\*\*(?!<).*?\*/|^EPI_API\b([^;{]*?)\b(epi_\w+)\s*\([^;]*;([^\n]*)",
                                 paragraph[0], re.MULTILINE | re.DOTALL):
            if match[2] is None:
                headed = True
            else:
                line = first_line + paragraph[0].count("\n", 0, match.start())
                yield line, match[2], headed or "/**<" in match[3]
