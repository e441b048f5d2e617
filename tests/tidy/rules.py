"""rules.py - the house rules as functions: each takes a path inside the project and a text, and yields violations.

A violation is one line, "path:line: what is wrong", as compilers write them. The rules look at nothing but their
arguments, so that test_rules.py can show that each of them bites.
"""

import posixpath
import re
import sys
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import csource  # noqa: E402

LINE_WIDTH_MAX = 120
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

# A folder of libepisodic/ is a layer; it may include itself and these.
_TO_STORE = ["base", "text", "math", "format", "store"]
_TO_MEMORY = _TO_STORE + ["net", "index", "encode", "lexical", "memory"]
_TO_COLUMN = _TO_MEMORY + ["column"]
_TO_RECALL = _TO_COLUMN + ["recall"]
LAYERS = {
    "base": [],
    "text": ["base"],
    "math": ["base"],
    "format": ["base", "text"],
    "net": ["base"],
    "store": ["base", "text", "format"],
    "index": ["base", "math"],
    "encode": ["base", "text", "math", "format", "net"],
    "lexical": _TO_STORE,
    "memory": _TO_MEMORY,
    "column": _TO_MEMORY,
    "recall": _TO_COLUMN,
    "replay": _TO_COLUMN,
    "imagine": _TO_RECALL,
    "plan": _TO_RECALL + ["imagine"],
    "upkeep": _TO_RECALL,
    "transfer": _TO_COLUMN,
}

# The one file that may include a dependency's headers; FAISS has two, one for each language.
DOORS = {
    r"lmdb\.h": ["libepisodic/store/"],
    r"faiss/.*": ["libepisodic/index/"],
    r"(cjson/)?cJSON.*\.h": ["libepisodic/format/"],
    r"utf8proc\.h": ["libepisodic/text/"],
    r"libstemmer\.h": ["libepisodic/text/"],
    r"xxhash\.h": ["libepisodic/base/"],
    r"curl/.*": ["libepisodic/net/"],
    r"(cblas|lapacke).*\.h": ["libepisodic/math/"],
    r"microhttpd\.h": ["tools/server/"],
}

# The library never prints, exits, aborts or touches signals, and calls nothing that cannot be bounded or shared.
BANNED_CALLS = {
    "strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "system", "popen", "atoi", "atof", "rand", "srand",
    "localtime", "gmtime", "asctime", "ctime", "strerror", "printf", "vprintf", "puts", "putchar", "perror", "exit",
    "_exit", "quick_exit", "abort", "signal", "sigaction", "raise", "setlocale", "setenv", "putenv",
}
HEAP_CALLS = {"malloc", "calloc", "realloc", "free", "strdup", "strndup", "posix_memalign", "aligned_alloc"}
HEAP_DOOR = "libepisodic/base/alloc.c"


def _module(path: str) -> str:
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "libepisodic" else ""


def resolve(path: str, name: str, files: set[str]) -> str:
    """The project's file that a quoted include names, or "" when it is none of them."""
    for candidate in (posixpath.join(posixpath.dirname(path), name), posixpath.join("libepisodic", name), name):
        if posixpath.normpath(candidate) in files:
            return posixpath.normpath(candidate)
    return ""


def layering(path: str, text: str, files: set[str]) -> Iterator[str]:
    """A file includes its own module, modules below it, and public headers."""
    own = _module(path)
    if not own:
        return
    if own not in LAYERS:
        yield f"{path}:1: module {own} has no place in the layers of {__name__}.py"
        return
    for line, name, quoted in csource.includes(text):
        other = _module(resolve(path, name, files)) if quoted else ""
        if other and other != own and other not in LAYERS[own]:
            yield f"{path}:{line}: {own} must not include {other} ({name})"


def only_public(path: str, text: str, files: set[str]) -> Iterator[str]:
    """Tools and benchmarks see only <episodic/...>, as users do."""
    for line, name, quoted in csource.includes(text):
        target = resolve(path, name, files) if quoted else ""
        if target.startswith(("libepisodic/", "include/")) or (not quoted and name.startswith("libepisodic")):
            yield f"{path}:{line}: includes {name}; the public headers must be enough"


def doors(sources: dict[str, str]) -> Iterator[str]:
    """One file touches each dependency."""
    for header, folders in DOORS.items():
        users: dict[str, list[str]] = {"c": [], "cpp": []}
        for path, text in sorted(sources.items()):
            found = [(line, name) for line, name, _ in csource.includes(text) if re.fullmatch(header, name)]
            if not found or not path.startswith(("libepisodic/", "tools/")):
                continue
            users["cpp" if path.endswith(".cpp") else "c"].append(path)
            if not path.startswith(tuple(folders)):
                yield f"{path}:{found[0][0]}: includes {found[0][1]}; its door is in {folders[0]}"
        for paths in users.values():
            if len(paths) > 1:
                yield f"{paths[1]}:1: includes {header} as {paths[0]} does; one file is the door"


def function_length(path: str, text: str) -> Iterator[str]:
    """A function fits on a screen."""
    for function in csource.functions(text):
        if function.length > FUNCTION_LINES_MAX:
            yield f"{path}:{function.line}: {function.name} has {function.length} lines, limit {FUNCTION_LINES_MAX}"


def file_length(path: str, text: str) -> Iterator[str]:
    """A file fits in a head."""
    count = text.count("\n")
    if count > FILE_LINES_MAX:
        yield f"{path}:{count}: file has {count} lines, limit {FILE_LINES_MAX}"


def line_form(path: str, text: str) -> Iterator[str]:
    """Lines are at most 120 columns, without tabs or blanks at the end; the last one ends."""
    table_or_link = re.compile(r"^\s*\||\]\(|https?://") if path.endswith(".md") else None
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_WIDTH_MAX and not (table_or_link and table_or_link.search(line)):
            yield f"{path}:{number}: line has {len(line)} columns, limit {LINE_WIDTH_MAX}"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
    if text and not text.endswith("\n"):
        yield f"{path}:{text.count(chr(10)) + 1}: the last line does not end"


def head_comment(path: str, text: str) -> Iterator[str]:
    """The first line of a file says its name and what it is for; a test's name is its folder's affair."""
    if path.startswith("tests/"):
        if not text.startswith("/* "):
            yield f"{path}:1: does not open with a comment"
    elif not text.startswith(f"/* {posixpath.basename(path)} - "):
        yield f"{path}:1: does not open with /* {posixpath.basename(path)} - what it is for"


def unfinished(path: str, text: str) -> Iterator[str]:
    """What is not done is not committed."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b", line):
            yield f"{path}:{number}: marks unfinished work"


def banned_calls(path: str, text: str) -> Iterator[str]:
    """Calls a library must not make."""
    for line, name in csource.calls(text, BANNED_CALLS):
        yield f"{path}:{line}: calls {name}()"
    for number, line in enumerate(csource.code(text).splitlines(), 1):
        if re.search(r"\b(stdout|stderr)\b", line):
            yield f"{path}:{number}: writes to a standard stream"
    if path != HEAP_DOOR and path.endswith(".c"):
        for line, name in csource.calls(text, HEAP_CALLS):
            yield f"{path}:{line}: calls {name}(); the heap's door is {HEAP_DOOR}"


def documented(path: str, text: str) -> Iterator[str]:
    """Every public function says what it does."""
    for line, name, has_comment in csource.public_functions(text):
        if not has_comment:
            yield f"{path}:{line}: {name} is not documented"
