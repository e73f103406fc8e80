"""The programs in docs/quantization.md run."""

import re
import warnings
from pathlib import Path

import lamina
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/quantization.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
CPP = re.findall(r"```cpp\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("program", PYTHON, ids=range(len(PYTHON)))
def test_python(program, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "assert" in program
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(program, "docs/quantization.md", "exec"), {"keras": lamina})


def test_cpp():
    """What the page shows is a part of a C++ test."""
    tested = (ROOT / "tests/cpp/serialization/model_io_test.cpp").read_text()
    assert CPP and all(line.strip() in tested for program in CPP for line in program.splitlines())
