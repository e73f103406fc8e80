"""The Python package's files import no circle, and its inner room imports none of the public modules."""

import ast
import functools
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python" / "lamina"
INNER = "lamina._core"


def module_name(path, package):
    parts = ("lamina", *path.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_type_checking(test):
    return (
        isinstance(test, ast.Name)
        and test.id == "TYPE_CHECKING"
        or isinstance(test, ast.Attribute)
        and test.attr == "TYPE_CHECKING"
    )


def called(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def import_nodes(node):
    """All import statements and calls of import_module() with a name in them, wherever they stand, but under `if
    TYPE_CHECKING`."""
    if isinstance(node, ast.If) and is_type_checking(node.test):
        for child in node.orelse:
            yield from import_nodes(child)
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield node
    names_a_module = isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    if names_a_module and called(node) in ("import_module", "__import__"):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from import_nodes(child)


def imported(node, importer, is_package, modules):
    """The files of the package that an import statement names."""
    if isinstance(node, ast.Call):
        named = [node.args[0].value]
    elif isinstance(node, ast.Import):
        named = [alias.name for alias in node.names]
    else:
        base = node.module or ""
        if node.level:
            above = importer.split(".")
            above = above[: len(above) - node.level + is_package]
            base = ".".join([*above, *([base] if base else [])])
        named = [f"{base}.{alias.name}" for alias in node.names]
        named = [name if name in modules or name == "lamina._lamina" else base for name in named]
    return {name for name in named if name in modules}


@functools.cache
def import_graph(package=PACKAGE):
    files = {module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    graph = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text())
        targets = (imported(node, name, path.name == "__init__.py", files) for node in import_nodes(tree))
        graph[name] = set().union(*targets) - {name}
    return graph


def circles(graph):
    """The strongly connected components of more than one file (Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in sorted(graph[v]):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            component = stack[at:]
            del stack[at:]
            if len(component) > 1:
                found.append(sorted(component))

    for v in sorted(graph):
        if v not in index:
            visit(v)
    return found


def reaching_up(graph):
    inside = {name for name in graph if name == INNER or name.startswith(INNER + ".")}
    return [f"{name} imports {other}" for name in sorted(inside) for other in sorted(graph[name] - inside)]


def test_no_circle():
    found = circles(import_graph())
    assert not found, "These files import each other in a circle:\n" + "\n".join(", ".join(circle) for circle in found)


def test_the_inner_room_imports_no_public_module():
    wrong = reaching_up(import_graph())
    assert not wrong, "\n".join(wrong)


def test_the_test_sees_the_package():
    graph = import_graph()
    assert len(graph) > 60
    assert "lamina.layers.layer" in graph["lamina.layers"]
    assert "lamina._core.configs.serialized" in graph["lamina"]  # from within a function
    assert "lamina._core.ops" in graph["lamina._core.tensors.methods"]  # a module by `from package import`


IMPORTS = [
    "from lamina import b",
    "import lamina.b",
    "from lamina.b import x",
    "from . import b",
    "from .b import x",
    "def f():\n    from lamina import b",
    "class C:\n    def f(self):\n        import lamina.b as c",
    "import importlib\nimportlib.import_module('lamina.b')",
]


@pytest.mark.parametrize("planted", IMPORTS)
def test_a_planted_circle_is_found(tmp_path, planted):
    (tmp_path / "__init__.py").touch()
    (tmp_path / "a.py").write_text(planted + "\n")
    (tmp_path / "b.py").write_text("from lamina.c import y\n")
    (tmp_path / "c.py").write_text("from lamina.a import z\n")
    assert circles(import_graph(tmp_path)) == [["lamina.a", "lamina.b", "lamina.c"]]


def test_imports_for_type_checkers_make_no_circle(tmp_path):
    (tmp_path / "__init__.py").touch()
    (tmp_path / "a.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lamina.b import x\n")
    (tmp_path / "b.py").write_text("from lamina.a import z\n")
    assert circles(import_graph(tmp_path)) == []


def test_a_planted_import_upwards_is_found(tmp_path):
    (tmp_path / "_core").mkdir()
    for name in ("__init__.py", "_core/__init__.py", "layers.py"):
        (tmp_path / name).touch()
    (tmp_path / "_core" / "low.py").write_text("def f():\n    from lamina import layers\n")
    assert reaching_up(import_graph(tmp_path)) == ["lamina._core.low imports lamina.layers"]


def test_names_of_modules_are_loaded_in_few_places():
    """What imports by a name that it was handed could go round in circles unseen. `as_keras` is what nobody imports."""
    loading = [
        name
        for name, path in ((p.relative_to(PACKAGE).as_posix(), p) for p in PACKAGE.rglob("*.py"))
        if "importlib" in path.read_text()
    ]
    assert sorted(loading) == ["_core/homes.py", "_core/public.py", "as_keras/imports.py", "as_keras/tensorflow.py"]
