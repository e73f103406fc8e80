"""The rooms of ARCHITECTURE.md: what a folder includes stands below it."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# From the bottom up; a room includes itself and the rooms before it.
ROOMS = ["backends/core", "backends/cpu", "backends/shape", "backends/eager", "backends/ops", "backends/graph", "serialization", "layers", "losses", "optimizers", "api", "python/bindings"]
# Where a room includes one above it, and why.
EXCEPTIONS = {
    ("backends/core", "backends/ops"): "gradients add up with prim::add",
    ("backends/graph", "backends/ops"): "passes know the primitives",
    ("serialization", "api"): "model_io stores models",
}


def room_of(path):
    return next((room for room in sorted(ROOMS, key=len, reverse=True) if path.startswith(room + "/")), None)


def includes():
    for room in ROOMS:
        for source in sorted((ROOT / room).rglob("*")):
            if source.suffix not in (".h", ".cpp"):
                continue
            for line in source.read_text().splitlines():
                found = re.match(r'#include "([^"]+)"', line)
                if found:
                    yield room, source.relative_to(ROOT).as_posix(), found.group(1)


def test_rooms_include_downwards():
    wrong = []
    for room, source, header in includes():
        other = room_of(header)
        if other and ROOMS.index(other) > ROOMS.index(room) and (room, other) not in EXCEPTIONS:
            wrong.append(f"{source} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_exceptions_are_needed():
    used = {(room, room_of(header)) for room, _, header in includes()}
    assert not set(EXCEPTIONS) - used


@pytest.mark.parametrize("folder", ["backends", "layers", "losses", "optimizers", "serialization", "api"])
def test_the_library_knows_no_python(folder):
    for source in (ROOT / folder).rglob("*"):
        if source.suffix in (".h", ".cpp"):
            assert "pybind11" not in source.read_text(), source
