"""Lamina: Keras in C++. `import lamina as keras` runs a Keras 3 script.

Modules, and NumPy with them, load when they are first used.
"""

from lamina import _lamina  # the C++ core: its absence is an error to see at once
from lamina._core import console as _console
from lamina._core import homes as _homes
from lamina._core.public import public_module as _public_module
from lamina._core.tensors import methods as _tensor_methods
from lamina._core.tensors import updates as _tensor_updates

__version__ = "0.1.0"

_console.install()
_tensor_methods.install()
_tensor_updates.install()

_MODULES = (
    "activations",
    "applications",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "data",
    "datasets",
    "distillation",
    "dtype_policies",
    "export",
    "initializers",
    "layers",
    "legacy",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "quantizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "visualization",
    "wrappers",
)

# Which public module has the Python classes of a module of the C++ registry, and their base there.
_homes.classes.update(
    {
        "keras.callbacks": ("lamina.callbacks", "Callback"),
        "keras.constraints": ("lamina.constraints", "Constraint"),
        "keras.dtype_policies": ("lamina.dtype_policies", "DTypePolicy"),
        "keras.initializers": ("lamina.initializers", "Initializer"),
        "keras.layers": ("lamina.layers", "Layer"),
        "keras.losses": ("lamina.losses", "Loss"),
        "keras.metrics": ("lamina.metrics", "Metric"),
        "keras.src.trainers.compile_utils": ("lamina.models.compile_metrics", "CompileMetrics"),
        "keras.models": ("lamina.models", "Model"),
        "keras.optimizers": ("lamina.optimizers", "Optimizer"),
        "keras.optimizers.schedules": ("lamina.optimizers.schedules", "LearningRateSchedule"),
        "keras.quantizers": ("lamina.quantizers", "Quantizer"),
        "keras.random": ("lamina.random", "SeedGenerator"),
        "keras.regularizers": ("lamina.regularizers", "Regularizer"),
        "keras.src.applications.convnext": ("lamina.layers", "Layer"),
        "keras.src.applications.inception_resnet_v2": ("lamina.layers", "Layer"),
    }
)
_homes.functions.extend(("lamina.activations", "lamina.losses", "lamina.metrics"))


def _resolve(serialized):
    """For C++: an object of a user's class from its config."""
    from lamina._core.configs.serialized import resolve

    return resolve(serialized)


def _class_of(names):
    """For C++: the user's class of a config, by its names."""
    from lamina._core.configs.serialized import class_of

    return class_of(names)


_lamina.set_custom_resolver(_resolve, _class_of)

__getattr__, __dir__ = _public_module(
    __name__,
    loaded={
        "DTypePolicy": "lamina.dtype_policies",
        "FloatDTypePolicy": "lamina.dtype_policies",
        "Function": "lamina.models.function",
        "GradientTape": "lamina._core.gradients",
        "Initializer": "lamina.initializers",
        "Input": "lamina.layers",
        "InputSpec": "lamina.layers",
        "KerasTensor": "lamina._lamina",
        "Layer": "lamina.layers",
        "Loss": "lamina.losses",
        "Metric": "lamina.metrics",
        "Model": "lamina.models",
        "Operation": "lamina._core.operation",
        "Optimizer": "lamina.optimizers",
        "Regularizer": "lamina.regularizers",
        "Quantizer": "lamina.quantizers",
        "RematScope": "lamina._core.scopes",
        "Sequential": "lamina.models",
        "StatelessScope": "lamina._core.stateless",
        "SymbolicScope": "lamina._core.scopes",
        "Tensor": "lamina._lamina",
        "Variable": "lamina._core.tensors.variable",
        "device": "lamina._core.scopes",
        "function": "lamina._core.compiled_function",
        "grad": "lamina._core.gradients",
        "name_scope": "lamina._core.scopes",
        "profile": "lamina._core.profile",
        "remat": "lamina._core.scopes",
        "value_and_grad": "lamina._core.gradients",
        "version": "lamina._core.version",
    },
    modules=_MODULES,
)
