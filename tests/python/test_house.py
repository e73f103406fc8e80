"""The limits of CONTRIBUTING.md: no file and no function is longer than one can read at once."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES, FUNCTION_LINES = 600, 80
# Flat lists, read row by row: bindings, and tables of cases in tests.
TABLES = re.compile(r"\bbind_\w+\(py::module_& m\)|\bcases\(\) \{$")


def sources(*suffixes):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:  # an unpacked archive
        names = [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if "build" not in p.parts[len(ROOT.parts)]]
    else:
        names = listed.stdout.split("\n")
    return [ROOT / n for n in names if Path(n).suffix in suffixes and (ROOT / n).is_file()]


def cpp_functions(lines):
    """(first line, number of lines, head) of each function, as clang-format lays them out: the closing brace stands in
    the column where the head begins."""
    for end, line in enumerate(lines):
        if not re.match(r" *\}( ?// .*|;)?$", line):
            continue
        indent = len(line) - len(line.lstrip())
        start = next(
            (
                i
                for i in range(end - 1, -1, -1)
                if len(lines[i]) - len(lines[i].lstrip()) <= indent and lines[i].strip()
            ),
            None,
        )
        if start is None:
            continue
        # The head may go on over several lines, deeper than its first.
        head = " ".join(lines[start : start + 12]).split("{")[0]
        if "(" in head and not re.match(
            r"\s*(namespace|class|struct|enum|union|if|for|while|switch|else|do|try|\}|public|private|protected|#)",
            lines[start],
        ):
            yield start + 1, end - start + 1, lines[start].strip()


def python_functions(text):
    """The same of Python; docstrings do not count."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            documented = ast.get_docstring(node) is not None
            docs = node.body[0].end_lineno - node.body[0].lineno + 1 if documented else 0
            yield node.lineno, node.end_lineno - node.lineno + 1 - docs, node.name


@pytest.mark.parametrize("kind", ["cpp", "python"])
def test_lengths(kind):
    wrong = []
    for path in sources(".h", ".cpp", ".cu", ".cuh") if kind == "cpp" else sources(".py"):
        text = path.read_text()
        lines = text.split("\n")
        name = path.relative_to(ROOT)
        if len(lines) > FILE_LINES and "Written by scripts/" not in text[:200]:
            wrong.append(f"{name} has {len(lines)} lines")
        if kind == "python" and name.parts[0] == "tests":  # tables of calls, and users' classes in functions
            continue
        for line, length, head in cpp_functions(lines) if kind == "cpp" else python_functions(text):
            if length > FUNCTION_LINES and not TABLES.search(head):
                wrong.append(f"{name}:{line}: {length} lines: {head[:80]}")
    assert not wrong, "\n".join(wrong)


def test_long_functions_are_seen():
    outer, inner = ["  x();"] * FUNCTION_LINES, ["    x();"] * FUNCTION_LINES
    lines = ["void f(int a,", "       int b) {", *outer, "}", "struct S {", "  void g() {", *inner, "  }", "};"]
    assert [(head.split("(")[0], length) for _, length, head in cpp_functions(lines)] == [
        ("void f", FUNCTION_LINES + 3),
        ("void g", FUNCTION_LINES + 2),
    ]
    text = "def f():\n" + '    """' + "\n" * 100 + '"""\n' + "    x()\n" * 3
    assert list(python_functions(text)) == [(1, 4, "f")]


ROOMS = ("api", "layers", "losses", "optimizers", "serialization", "backends")
TYPE = re.compile(r"(?:template <.*>\s*)?(?:class|struct|enum class|union) (\w+)[^;]*\{")


def undescribed_types(text):
    """Classes and enumerations of a header without a comment above or behind them. For the first one, the comment at
    the file's head serves; specialisations are described by their template."""
    lines = text.split("\n")
    head = next((line for line in lines if line and not line.startswith("#pragma")), "")
    described_by_head = head.startswith("//")
    found = []
    for number, line in enumerate(lines):
        match = TYPE.match(line)
        if not match:
            continue
        above = number - 1
        while lines[above].startswith(("template", "    ")) and lines[above] != "template <>":
            above -= 1
        if not (described_by_head or lines[above].startswith("//") or "//" in line or lines[above] == "template <>"):
            found.append(match.group(1))
        described_by_head = False
    return found


def test_types_are_described():
    without = {
        path.relative_to(ROOT).as_posix(): names
        for path in sources(".h")
        if path.relative_to(ROOT).parts[0] in ROOMS and (names := undescribed_types(path.read_text()))
    }
    assert without == {}


def test_types_without_a_description_are_seen():
    assert undescribed_types("#pragma once\n// The head.\nstruct A {\n};\n\ntemplate <class T>\nstruct B {\n};\n") == [
        "B"
    ]
    assert undescribed_types("#pragma once\nnamespace x {\n// One.\nstruct A {\n};\n}\n") == []


FUNCTION = re.compile(
    r"(?!using|typedef|return|static_assert|template|extern|class |struct |LAMINA_)[A-Za-z_\[][\w:<>,&*\[\] ]* (\w+)\("
)


def undescribed_functions(text):
    """Free functions of a header in a paragraph (lines without a blank one) without a comment before or behind them."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        described, above = False, number
        while above > 0 and lines[above - 1] and not lines[above - 1].startswith(("namespace", "}  // namespace")):
            above -= 1
            described |= lines[above].startswith("//")
        below = number
        while "//" not in lines[below] and not lines[below].endswith((";", "{", "}")) and below + 1 < len(lines):
            below += 1
        if not described and "//" not in lines[below]:
            found.append(match.group(1))
    return found


def test_functions_are_described():
    without = {
        path.relative_to(ROOT).as_posix(): names
        for path in sources(".h")
        if path.relative_to(ROOT).parts[0] in ROOMS and (names := undescribed_functions(path.read_text()))
    }
    assert without == {}


def test_functions_without_a_description_are_seen():
    assert undescribed_functions(
        "// One.\nint a();\nint b();\n\nint c();\nstd::vector<int> d(int x,\n   int y);  // D."
    ) == ["c"]
