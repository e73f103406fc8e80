"""The benchmark's models, a file each: a new file here is a new row of the tables.

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


def names():
    return [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]


def load(name):
    return importlib.import_module(f"{__name__}.{name}")
