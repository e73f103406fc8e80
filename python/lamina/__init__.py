"""Lamina: Keras in C++. `import lamina as keras` runs a Keras 3 script.

Modules load when they are first used, so that importing lamina costs little more than importing NumPy.
"""
import importlib
import sys
import warnings

from lamina import _lamina  # the C++ core: its absence is an error to see at once
from lamina import _array_methods, _array_updates  # noqa: F401  (give tensors their methods)

__version__ = "0.1.0"

_MODULES = {
    "activations", "backend", "callbacks", "config", "constraints", "dtype_policies", "initializers", "layers", "losses",
    "metrics", "mixed_precision", "models", "ops", "optimizers", "random", "regularizers", "saving", "tree", "utils",
}
_NAMES = {
    "Input": "lamina.layers", "Layer": "lamina.layers", "Model": "lamina.models", "Sequential": "lamina.models", "InputSpec": "lamina.layers",
    "Variable": "lamina._variable", "KerasTensor": "lamina._lamina", "Tensor": "lamina._lamina", "Loss": "lamina.losses", "Metric": "lamina.metrics",
    "Optimizer": "lamina.optimizers", "Initializer": "lamina.initializers", "Regularizer": "lamina.regularizers", "DTypePolicy": "lamina.dtype_policies",
    "Operation": "lamina._operation", "name_scope": "lamina._scopes", "StatelessScope": "lamina._scopes",
    "SymbolicScope": "lamina._scopes", "device": "lamina._scopes", "remat": "lamina._scopes", "RematScope": "lamina._scopes", "version": "lamina._version",
    "GradientTape": "lamina._gradients", "value_and_grad": "lamina._gradients", "grad": "lamina._gradients", "function": "lamina._gradients",
    "profile": "lamina._profile",
}


def print_text(text):
    """Writes to the standard output; lines and boxes as ASCII where its encoding has no such characters."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        plain = "".join(c if _encodable(c, sys.stdout.encoding) else _lamina.ascii_text(c) for c in text)
        sys.stdout.write(plain)
    sys.stdout.flush()


def _encodable(character, encoding):
    try:
        character.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _warn(text):
    level = 2  # the first caller outside the package
    while sys._getframe(level - 1).f_globals.get("__name__", "").startswith("lamina"):
        level += 1
    warnings.warn(text, UserWarning, stacklevel=level)


_lamina.set_print_function(print_text)
_lamina.set_warning_function(_warn)


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module("lamina." + name)
    if name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    from lamina._errors import no_attribute

    raise no_attribute("lamina", name, lambda: _MODULES | set(_NAMES))


def __dir__():
    return sorted(set(globals()) | _MODULES | set(_NAMES))
