"""What the modules show: every name is there, has a docstring, and nothing else is listed."""

import functools
import importlib
import inspect
import subprocess
import sys
import types
from pathlib import Path

import lamina
import numpy as np
import pytest

PACKAGE = Path(lamina.__file__).resolve().parent
MODULES = [
    "lamina",
    *(f"lamina.{name}" for name in dir(lamina) if isinstance(getattr(lamina, name), types.ModuleType)),
    "lamina.optimizers.schedules",
    *(
        f"lamina.applications.{n}"
        for n in dir(lamina.applications)
        if isinstance(getattr(lamina.applications, n), types.ModuleType)
    ),
    *(f"lamina.datasets.{name}" for name in dir(lamina.datasets)),
    *(f"lamina.preprocessing.{name}" for name in ("image", "sequence")),
    "lamina.legacy.saving",
    *(f"lamina.utils.{name}" for name in ("bounding_boxes", "legacy")),
    *(f"lamina.ops.{name}" for name in ("image", "linalg", "nn", "numpy")),
]


def public(module):
    home = importlib.import_module(module)
    return {name: getattr(home, name) for name in dir(home)}


def own_members(cls):
    """(where, name, member) of what Python code of the package defines for a class and its bases."""
    for base in cls.__mro__:
        if base.__module__.split(".")[0] == "lamina" and base.__module__ != "lamina._lamina":
            for name, member in vars(base).items():
                if not name.startswith("_"):
                    yield base, name, getattr(member, "__func__", member)


@functools.cache
def documented():
    """{what: it} of all public classes, functions and methods."""
    found = {}
    for module in MODULES:
        for name, item in public(module).items():
            found[f"{module}.{name}"] = item
            if isinstance(item, type):
                for base, member_name, member in own_members(item):
                    if callable(member) or hasattr(member, "__get__"):
                        found[f"{module}.{base.__name__}.{member_name}"] = (item, member_name, member)
    return found


def doc_of(item):
    if isinstance(item, tuple):  # of an override that says nothing that of the method it overrides
        cls, name, member = item
        return member.__doc__ or inspect.getdoc(getattr(cls, name))
    return item.__doc__ if isinstance(item, type) else inspect.getdoc(item)


def test_everything_public_has_a_docstring():
    items = documented()
    assert len(items) > 1500
    missing = [what for what, item in items.items() if not (doc_of(item) or "").strip()]
    assert not missing, f"{len(missing)} public names have no docstring:\n" + "\n".join(missing)


def parameters(function):
    return [p.name for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls", "_box")]


def test_docstrings_name_all_arguments():
    """Of functions and classes that Python code of the package defines."""
    wrong, checked = [], set()
    for what, item in documented().items():
        function = item[2] if isinstance(item, tuple) else item
        if isinstance(function, type):
            function = vars(function).get("__init__") if "_fields" not in vars(function) else None
        if inspect.isfunction(function) and Path(function.__code__.co_filename).resolve().is_relative_to(PACKAGE):
            checked.add(function)
            unnamed = [p for p in parameters(function) if f"{p}:" not in doc_of(item)]
            wrong += [f"{what}: {', '.join(unnamed)}"] if unnamed else []
    assert len(checked) > 300
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", MODULES)
def test_modules_list_public_names_alone(module):
    names = public(module)
    assert len(names) > 0
    assert not [name for name in names if name.startswith("_")]
    modules = [name for name, item in names.items() if isinstance(item, types.ModuleType)]
    assert all(f"{module}.{name}" in MODULES for name in modules), modules


def test_a_star_imports_what_dir_lists():
    space = {}
    exec("from lamina.layers import *", space)
    assert set(dir(lamina.layers)) <= set(space)
    assert space["Dense"] is lamina.layers.Dense


def built_dense():
    layer = lamina.layers.Dense(2)
    layer(np.ones((1, 3), "float32"))
    return layer


OBJECTS = {
    "Dense": (built_dense, ["units", "activation", "kernel", "bias", "call", "weights"]),
    "unbuilt": (lambda: lamina.layers.Conv2D(2, 3), ["filters", "kernel_size", "rank"]),
    "LSTM": (lambda: lamina.layers.LSTM(2), ["units", "cell", "return_sequences"]),
    "Sequential": (lamina.Sequential, ["layers", "fit", "add"]),
    "Adam": (lambda: lamina.optimizers.Adam(), ["learning_rate", "beta_1", "apply"]),
    "loss": (lambda: lamina.losses.BinaryCrossentropy(), ["from_logits", "call", "reduction"]),
    "metric": (lambda: lamina.metrics.Precision(), ["true_positives", "thresholds", "result"]),
    "initializer": (lambda: lamina.initializers.RandomNormal(), ["mean", "stddev", "clone"]),
    "callback": (lambda: lamina.callbacks.EarlyStopping(), ["patience", "on_epoch_end", "model"]),
    "policy": (lambda: lamina.DTypePolicy("float32"), ["name", "compute_dtype"]),
    "variable": (lambda: lamina.Variable(1.0), ["assign", "trainable", "shape"]),
    "tensor": (lambda: lamina.ops.ones((2,)), ["shape", "dtype", "mean"]),
    "KerasTensor": (lambda: lamina.Input((2,)), ["shape", "dtype", "name"]),
    "InputSpec": (lambda: lamina.InputSpec(ndim=2), ["ndim", "axes"]),
    "tape": (lambda: lamina.GradientTape(), ["gradient"]),
    "function": (lambda: lamina.function(abs), ["dump"]),
    "PyDataset": (lambda: lamina.utils.PyDataset(), ["workers", "num_batches"]),
    "seeds": (lambda: lamina.random.SeedGenerator(1), ["next", "seed", "state"]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_list_public_names_alone(name):
    make, some = OBJECTS[name]
    listed = dir(make())
    assert not [n for n in listed if n.startswith("_")]
    assert set(some) <= set(listed)


def test_what_a_layer_lists_is_there():
    layer = built_dense()
    needs_more = {"input", "output"}  # of functional models
    assert not [n for n in dir(layer) if n not in needs_more and not hasattr(layer, n)]


def test_private_attributes_of_users_still_have_a_place_in_files(tmp_path):
    """They are saved though dir() does not list them."""

    @lamina.saving.register_keras_serializable("test_public_names")
    class Holding(lamina.Model):
        def __init__(self):
            super().__init__()
            self._hidden = lamina.layers.Dense(2)

        def call(self, x):
            return self._hidden(x)

    x = np.ones((1, 3), "float32")
    first, second = Holding(), Holding()
    expected = first.predict_on_batch(x)
    second.predict_on_batch(x)
    first.save_weights(tmp_path / "w.weights.h5")
    second.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(second.predict_on_batch(x), expected)


def test_importing_lamina_loads_little():
    """Neither a public module nor NumPy."""
    program = "import sys, lamina; print(*(m for m in sys.modules if m.startswith(('lamina', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "lamina" in loaded
    assert not [m for m in loaded if m.startswith("numpy") or m.count(".") == 1 and "._" not in m], loaded
