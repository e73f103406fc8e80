"""The programs of the documentation's pages run: those of a page one after the other, in a folder of their own."""

import re
import warnings
from pathlib import Path

import lamina
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if "```python" in path.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_python(page, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    programs = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert programs and all("assert" in p or ".fit(" in p for p in programs)
    known = {"keras": lamina}
    for program in programs:
        line = text[: text.index(program)].count("\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile("\n" * line + program, page.name, "exec"), known)


def test_parts_of_cpp_programs():
    """What a page shows without a main() stands in a C++ test."""
    tested = (ROOT / "tests/cpp/serialization/model_io_test.cpp").read_text()
    shown = re.findall(r"```cpp\n(.*?)```", (ROOT / "docs/quantization.md").read_text(), re.DOTALL)
    assert shown and all(line.strip() in tested for program in shown for line in program.splitlines())


def test_links_lead_somewhere():
    missing = []
    for page in (path for pattern in ("*.md", "*/*.md", "tests/*/*.md") for path in ROOT.glob(pattern)):
        prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose):
            if "://" not in target and not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT)}: {target}")
    assert not missing, missing
