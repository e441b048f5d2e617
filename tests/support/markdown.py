"""markdown.py - the little of Markdown that the tests of documents need: fenced blocks, headings, links."""

import re
from pathlib import Path
from typing import Iterator, NamedTuple


class Block(NamedTuple):
    """A fenced block: where it starts, what language it says, and its lines."""

    path: Path
    line: int
    language: str
    text: str


def blocks(path: Path) -> Iterator[Block]:
    """Yields the fenced blocks of a document."""
    fence = language = None
    start, lines = 0, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        opening = re.match(r"\s*(```+)\s*([\w+-]*)", line)
        if fence is None and opening:
            fence, language, start, lines = opening[1], opening[2], number, []
        elif fence is not None and line.strip() == fence:
            yield Block(path, start, language, "\n".join(lines) + "\n")
            fence = None
        elif fence is not None:
            lines.append(line)


def programs(path: Path) -> list[Block]:
    """The C blocks that are whole programs; the others show a fragment."""
    return [block for block in blocks(path) if block.language == "c" and re.search(r"\bint main\(", block.text)]


def prose(path: Path) -> str:
    """The document without fenced blocks and code spans, with the same count of lines."""
    text = path.read_text()
    for block in blocks(path):
        text = text.replace(block.text, "\n" * block.text.count("\n"), 1)
    return re.sub(r"`[^`\n]*`", "", text)


def links(path: Path) -> Iterator[tuple[int, str]]:
    """Yields (line, target) of inline links, images and reference definitions."""
    for number, line in enumerate(prose(path).splitlines(), 1):
        for target in re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", line):
            yield number, target
        for target in re.findall(r"^\s*\[[^\]]+\]:\s+(\S+)", line):
            yield number, target


def anchors(path: Path) -> set[str]:
    """The names that headings can be linked by, as the common hosts make them."""
    names: set[str] = set()
    without_blocks = path.read_text()
    for block in blocks(path):
        without_blocks = without_blocks.replace(block.text, "\n", 1)
    for heading in re.findall(r"^#{1,6}\s+(.*?)\s*#*$", without_blocks, re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        unique, count = name, 0
        while unique in names:
            count += 1
            unique = f"{name}-{count}"
        names.add(unique)
    return names
