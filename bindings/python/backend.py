"""backend.py - builds the wheel (PEP 517), with Python's own library and nothing else: no registry is asked.

A wheel carries the shared library that EPISODIC_LIBRARY names, or that of the build beside this source (build/release,
build/debug), and is then of this platform. Where there is none it is of any platform and finds the installed one.
NumPy is needed but not required: it may come from the distribution, and the package says when it is missing.
"""

import base64
import csv
import hashlib
import io
import os
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
NAME, VERSION = PROJECT["name"], PROJECT["version"]
INFO = f"{NAME}-{VERSION}.dist-info"
SONAME = "libepisodic.so." + ".".join(VERSION.split(".")[:2 if VERSION.startswith("0.") else 1])
LICENSE = HERE.parent.parent / "LICENSE"


def library() -> Path | None:
    """The shared library to carry."""
    named = os.environ.get("EPISODIC_LIBRARY")
    build = HERE.parent.parent / "build"
    places = [Path(named)] if named else [build / "release" / "lib", build / "debug" / "lib"]
    files = [place / SONAME if place.is_dir() else place for place in places]
    found = next((file.resolve() for file in files if file.is_file()), None)
    if named and not found:
        raise FileNotFoundError(f"EPISODIC_LIBRARY names {named}, where there is no {SONAME}")
    return found


def tag() -> str:
    """What the wheel is for: any Python 3, and this platform if it carries the library."""
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_") if library() else "any"
    return f"py3-none-{platform}"


def metadata() -> str:
    """METADATA, as the core metadata specification has it."""
    lines = ["Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {VERSION}", f"Summary: {PROJECT['description']}",
             f"Keywords: {','.join(PROJECT['keywords'])}", f"License: {PROJECT['license']['text']}",
             f"Requires-Python: {PROJECT['requires-python']}",
             *(f"Classifier: {classifier}" for classifier in PROJECT["classifiers"])]
    for extra, needs in PROJECT["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}", *(f"Requires-Dist: {need}; extra == '{extra}'" for need in needs)]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", (HERE / "README.md").read_text()])


def information() -> dict[str, bytes]:
    """The files of the .dist-info folder, but for RECORD."""
    wheel = f"Wheel-Version: 1.0\nGenerator: {NAME} {VERSION}\nRoot-Is-Purelib: false\nTag: {tag()}\n"
    files = {f"{INFO}/METADATA": metadata().encode(), f"{INFO}/WHEEL": wheel.encode()}
    return files | ({f"{INFO}/LICENSE": LICENSE.read_bytes()} if LICENSE.exists() else {})


def sources() -> dict[str, bytes]:
    """The package's own files."""
    files = sorted([*(HERE / "episodic").glob("*.py"), HERE / "episodic" / "py.typed"])
    return {f"episodic/{file.name}": file.read_bytes() for file in files}


def write_wheel(folder: str, files: dict[str, bytes]) -> str:
    """Writes a wheel of files with their RECORD; returns its name."""
    name = f"{NAME}-{VERSION}-{tag()}.whl"
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(data)])
    rows.writerow([f"{INFO}/RECORD", "", ""])
    with zipfile.ZipFile(Path(folder, name), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in (files | {f"{INFO}/RECORD": record.getvalue().encode()}).items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return name


# ---- what pip calls --------------------------------------------------------------------------------------------------

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    carried = library()
    files = sources() | ({f"episodic/{SONAME}": carried.read_bytes()} if carried else {})
    return write_wheel(wheel_directory, files | information())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """For those who change the package: a line that says where it is."""
    return write_wheel(wheel_directory, {f"{NAME}.pth": f"{HERE}\n".encode()} | information())


def build_sdist(sdist_directory, config_settings=None):
    name = f"{NAME}-{VERSION}.tar.gz"
    files = sources() | {file: (HERE / file).read_bytes() for file in ("pyproject.toml", "backend.py", "README.md")}
    with tarfile.open(Path(sdist_directory, name), "w:gz") as archive:
        for path, data in (files | {"PKG-INFO": metadata().encode()}).items():
            entry = tarfile.TarInfo(f"{NAME}-{VERSION}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return name
