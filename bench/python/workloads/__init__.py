"""The benchmark's models, each in a file: a new file here, or in real/ for a size that people deploy, is a new row of
the tables.

A workload gives
    BATCH, STEPS        samples per step; steps of the data set made for it
    data(rng, samples)  NumPy arrays (inputs, target); inputs is a list
    keras_model(keras, check=False)   a compiled model, written once for Keras and for Lamina
    torch_model(torch, check=False)   (module, loss, optimizer): the same model in PyTorch
Layers and submodules bear the same names, by which --check gives both the same weights. With `check` nothing random is
left in a training step.
"""

import importlib
import pkgutil

from workloads import real


def _modules(path):
    return [m.name for m in pkgutil.iter_modules(path) if not (m.name.startswith("_") or m.ispkg)]


GROUPS = {"small": _modules(__path__), "real": _modules(real.__path__)}


def names():
    """All of them; those that run without a choice stand in GROUPS["small"]."""
    return [n for group in GROUPS.values() for n in group]


def load(name):
    return importlib.import_module(f"{__name__}.{'real.' if name in GROUPS['real'] else ''}{name}")
