"""keras.legacy."""

import importlib

from lamina._core.public import public_module


def _of_keras_2(name):
    """keras.src.legacy has it, keras.legacy does not."""
    return importlib.import_module(f"{__name__}.preprocessing") if name == "preprocessing" else None


__getattr__, __dir__ = public_module(__name__, modules=("saving",), find=_of_keras_2)
