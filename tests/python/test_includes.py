"""The rooms of ARCHITECTURE.md: what a folder includes stands below it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the bottom up; a room includes itself and the rooms before it.
ROOMS = [
    "backends/core",
    "backends/cpu",
    "backends/cuda",
    "backends/shape",
    "backends/eager",
    "backends/ops",
    "backends/graph",
    "serialization/formats",
    "serialization/objects",
    "layers",
    "losses",
    "optimizers",
    "api",
    "serialization/models",
    "python/bindings",
    "include",
    "capi",
    "tests/emulated",
    "tests/cpp",
    "bench/cpp",
    "tests/install",
    "examples/cpp",
    "examples/c",
    "clients",
]
KINDS = {".h", ".c", ".cpp", ".cu", ".cuh", ".inc"}
# Where programs find headers: the repository, and their own folder's tree (CMakeLists.txt of each).
SEARCHED = {"python/bindings": "python", "tests/cpp": "tests/cpp"}


def sources():
    for top in sorted({room.split("/")[0] for room in ROOMS}):
        for source in sorted((ROOT / top).rglob("*")):
            if source.suffix in KINDS and "_deps" not in source.parts:
                yield source


def room_of(path):
    return next((room for room in sorted(ROOMS, key=len, reverse=True) if path.startswith(room + "/")), None)


def includes():
    """(room, source, header as a path from the root) of every include of this project's."""
    for source in sources():
        room = room_of(source.relative_to(ROOT).as_posix())
        for line in source.read_text().splitlines():
            found = re.match(r'\s*#\s*include\s+(?:"|<(?=lamina/))([^">]+)[">]', line)
            if found:
                searched = [ROOT, ROOT / "include", ROOT / SEARCHED.get(room, "."), source.parent]
                where = next((base / found[1] for base in searched if (base / found[1]).is_file()), None)
                yield (
                    room,
                    source.relative_to(ROOT).as_posix(),
                    where and where.resolve().relative_to(ROOT).as_posix() or found[1],
                )


def test_every_source_has_a_room():
    homeless = [str(s.relative_to(ROOT)) for s in sources() if room_of(s.relative_to(ROOT).as_posix()) is None]
    assert not homeless, homeless


def test_what_is_included_is_there():
    missing = [f"{source} includes {header}" for _, source, header in includes() if not (ROOT / header).is_file()]
    assert not missing, "\n".join(missing)


def test_rooms_include_downwards():
    wrong = []
    for room, source, header in includes():
        other = room_of(header)
        if other and ROOMS.index(other) > ROOMS.index(room):
            wrong.append(f"{source} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_the_test_sees_every_kind_of_file():
    found = list(includes())
    assert {Path(source).suffix for _, source, _ in found} >= {".h", ".cpp", ".cu", ".cuh"}
    assert {room for room, _, _ in found} == set(ROOMS)


@pytest.mark.parametrize("folder", ["backends", "layers", "losses", "optimizers", "serialization", "api"])
def test_the_library_knows_no_python(folder):
    for source in (ROOT / folder).rglob("*"):
        if source.suffix in KINDS:
            assert "pybind11" not in source.read_text(), source
