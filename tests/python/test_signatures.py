"""Signatures are Keras': the same names in the same order with the same defaults, for classes, ops and functions."""

import inspect

import lamina
import pytest

MODULES = (
    "activations",
    "applications",
    "applications.imagenet_utils",
    "applications.mobilenet_v2",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "ops.image",
    "optimizers",
    "optimizers.schedules",
    "quantizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "visualization",
    "wrappers",
)

# Where a signature differs from Keras', and why.
EXCEPTIONS = {
    "callbacks.ReduceLROnPlateau": "Keras' **kwargs is for the argument `epsilon` of Keras 2, an error here",
    "layers.Wrapper": "users' layers would inherit a signature of the class",
    "ops.einsum": "Keras' **kwargs goes to the backend's own function",
    "ops.layer_normalization": "rms_scaling is listed, which Keras takes by **kwargs",
    "ops.multi_hot": "Keras' **kwargs is for the argument `num_tokens` of Keras 2",
    "saving.deserialize_keras_object": "safe_mode's default says whether it was given",
    "utils.deserialize_keras_object": "safe_mode's default says whether it was given",
}


def reach(package, dotted):
    for part in dotted.split("."):
        package = getattr(package, part)
    return package


def parameters(f):
    """(name, kind, default) of each parameter."""
    return [(p.name, p.kind.name, p.default) for p in inspect.signature(f).parameters.values()]


def equal(a, b):
    return a is b or type(a) is type(b) and a == b


def differences(keras, module):
    out = {}
    theirs, ours = reach(keras, module), reach(lamina, module)
    for name in dir(theirs):
        f = getattr(theirs, name)
        if name.startswith("_") or inspect.ismodule(f) or not callable(f) or not hasattr(ours, name):
            continue
        a, b = parameters(f), parameters(getattr(ours, name))
        if [p[:2] for p in a] != [p[:2] for p in b] or not all(equal(x[2], y[2]) for x, y in zip(a, b)):
            out[f"{module}.{name}"] = f"Keras {inspect.signature(f)}, Lamina {inspect.signature(getattr(ours, name))}"
    return out


@pytest.mark.parametrize("module", MODULES)
def test_signatures_equal_keras(module):
    import keras

    found = differences(keras, module)
    assert not {name: text for name, text in found.items() if name not in EXCEPTIONS}
    assert {name for name in EXCEPTIONS if name.rpartition(".")[0] == module} <= set(found), "an exception without need"


def test_positional_arguments_follow_the_signature():
    layer = lamina.layers.Dense(3, "relu", True, "zeros", "ones", "l1", "l2", "l1_l2", "non_neg")
    config = layer.get_config()
    assert config["bias_regularizer"]["class_name"] == "L2" and config["kernel_constraint"]["class_name"] == "NonNeg"
    assert layer.activity_regularizer is not None and type(layer.activity_regularizer).__name__ == "L1L2"


def test_unlisted_arguments_are_taken_by_name():
    assert lamina.layers.LSTM(2, implementation=1).get_config()["units"] == 2
    assert lamina.layers.LayerNormalization(rms_scaling=True) is not None


def test_variadic_ops():
    assert str(inspect.signature(lamina.ops.meshgrid)) == "(*x, indexing='xy')"
    grids = lamina.ops.meshgrid([1, 2], [3, 4, 5], indexing="ij")
    assert [g.shape for g in grids] == [(2, 3), (2, 3)]
