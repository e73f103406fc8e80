"""Arrays where arguments are numbers, tuples or lists: they mean the same, and configs hold plain numbers."""

import json

import keras
import lamina
import numpy as np
import pytest

A = np.array
LINE, IMAGE, VOLUME, FILM = (2, 6, 4), (2, 6, 6, 4), (2, 6, 6, 6, 4), (2, 3, 6, 6, 4)

# (layer, arguments that are arrays, keyword arguments, the input's shape)
LAYERS = [
    ("Conv1D", (3, A([3])), {}, LINE),
    ("Conv2D", (3, A([3, 2])), {"strides": A([1, 2]), "dilation_rate": A([1, 1])}, IMAGE),
    ("Conv3D", (3, A([3, 3, 2])), {}, VOLUME),
    ("Conv2DTranspose", (3, A([3, 3])), {"strides": A([2, 2]), "output_padding": A([1, 1])}, IMAGE),
    ("DepthwiseConv2D", (A([3, 3]),), {"strides": A([1, 1])}, IMAGE),
    ("SeparableConv2D", (2, A([3, 3])), {"strides": A([1, 1])}, IMAGE),
    ("ConvLSTM2D", (3, A([2, 2])), {"strides": A([1, 1])}, FILM),
    ("MaxPooling2D", (A([2, 2]),), {"strides": A([1, 1])}, IMAGE),
    ("AveragePooling3D", (A([2, 2, 1]),), {}, VOLUME),
    ("UpSampling2D", (A([2, 3]),), {}, IMAGE),
    ("UpSampling3D", (A([2, 3, 1]),), {}, VOLUME),
    ("Cropping1D", (A([1, 2]),), {}, LINE),
    ("Cropping2D", (A([[1, 1], [0, 1]]),), {}, IMAGE),
    ("ZeroPadding1D", (A([1, 2]),), {}, LINE),
    ("ZeroPadding2D", (A([[1, 2], [0, 1]]),), {}, IMAGE),
    ("Reshape", (A([4, 6]),), {}, LINE),
    ("Permute", (A([2, 1]),), {}, LINE),
    ("AlphaDropout", (0.5,), {"noise_shape": A([2, 1, 4])}, LINE),
    ("BatchNormalization", (), {"axis": A(1)}, LINE),
    ("Softmax", (), {"axis": A([1, 2])}, LINE),
    ("EinsumDense", ("abc,cd->abd", A([6, 3])), {}, LINE),
    ("Normalization", (), {"axis": A([1, 2]), "mean": 0.0, "variance": 1.0}, LINE),
    ("Normalization", (), {"mean": A([1.0, 2, 3, 4]), "variance": A([1.0, 2, 3, 4])}, LINE),
]


def numbers(v):
    """A config as JSON would hold it, where it can: NumPy's numbers as Python's, tuples as lists, objects left out."""
    if isinstance(v, dict):
        return {
            k: numbers(x)
            for k, x in v.items()
            if k not in ("dtype", "name", "module", "registered_name", "build_config")
        }
    if isinstance(v, (np.generic, np.ndarray)):
        return v.tolist()
    return [numbers(x) for x in v] if isinstance(v, (list, tuple)) else v


@pytest.mark.parametrize("name, arguments, others, shape", LAYERS, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(LAYERS)])
def test_layers(name, arguments, others, shape):
    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    theirs, mine = (getattr(k.layers, name)(*arguments, **others) for k in (keras, lamina))
    theirs.build(shape), mine.build(shape)
    mine.set_weights(theirs.get_weights())
    expected = np.asarray(theirs(x))
    np.testing.assert_allclose(np.asarray(mine(x)), expected, rtol=1e-4, atol=1e-5)
    config = numbers(mine.get_config())
    assert config == numbers(theirs.get_config())
    copy = type(mine).from_config(json.loads(json.dumps(mine.get_config())))
    copy.build(shape)
    copy.set_weights(mine.get_weights())
    np.testing.assert_allclose(np.asarray(copy(x)), expected, rtol=1e-4, atol=1e-5)


METRICS = [
    ("Precision", {"thresholds": A(0.5)}),
    ("TruePositives", {"thresholds": A(0.3)}),
    ("AUC", {"thresholds": A([0.3, 0.5])}),
    ("AUC", {"num_thresholds": A(5)}),
    ("IoU", {"num_classes": 2, "target_class_ids": A([0, 1])}),
    ("BinaryIoU", {"target_class_ids": A([0, 1]), "threshold": A(0.5)}),
    ("BinaryAccuracy", {"threshold": A(0.5)}),
    ("PrecisionAtRecall", {"recall": A(0.5)}),
]


@pytest.mark.parametrize("name, arguments", METRICS)
def test_metrics(name, arguments):
    results, configs = [], []
    for k in (keras, lamina):
        metric = getattr(k.metrics, name)(**arguments)
        metric.update_state(A([0, 1, 1, 0]), A([0.1, 0.9, 0.4, 0.6]))
        results.append(np.asarray(metric.result()))
        configs.append(numbers(metric.get_config()))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    assert configs[1] == configs[0]


@pytest.mark.parametrize("name", ["Precision", "Recall", "TruePositives", "FalseNegatives"])
def test_several_thresholds(name):
    """Which Keras only takes as a list."""
    results = []
    for k, given in ((keras, [0.3, 0.5]), (lamina, A([0.3, 0.5]))):
        metric = getattr(k.metrics, name)(thresholds=given)
        metric.update_state(A([0, 1, 1, 0]), A([0.1, 0.9, 0.4, 0.6]))
        results.append(np.asarray(metric.result()))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)
    assert metric.get_config()["thresholds"] == [0.3, 0.5]


CALLS = {
    "pad": lambda k: k.ops.pad(np.ones((2, 3)), A([[1, 1], [0, 2]]), constant_values=A(3.0)),
    "slice": lambda k: k.ops.slice(np.ones((2, 3)), A([0, 1]), A([1, 2])),
    "reshape": lambda k: k.ops.reshape(np.ones((2, 3)), A([3, 2])),
    "transpose": lambda k: k.ops.transpose(np.ones((2, 3)), A([1, 0])),
    "schedule": lambda k: k.optimizers.schedules.PiecewiseConstantDecay(A([1, 2]), A([1.0, 0.5, 0.1]))(2),
    "constraint": lambda k: k.constraints.UnitNorm(axis=A([0, 1]))(np.ones((2, 2), "float32")),
    "initializer": lambda k: k.ops.shape(k.initializers.Zeros()(A([2, 3]))),
    "random": lambda k: k.ops.shape(k.random.uniform(A([2, 3]), seed=1)),
    "weight": lambda k: k.layers.Layer().add_weight(shape=A([2, 3])).shape,
    "variable": lambda k: k.Variable("zeros", shape=A([2, 3])).shape,
    "Input": lambda k: k.Input(A([6, 4])).shape,
    "batch_shape": lambda k: k.Input(batch_shape=A([2, 4])).shape,
    "KerasTensor": lambda k: k.KerasTensor(A([2, 3])).shape,
    "output shape": lambda k: k.layers.Dense(3).compute_output_shape(A([2, 3])),
    "loss axis": lambda k: k.losses.Dice(axis=A([1]))(np.eye(2), np.eye(2)),
    "alpha": lambda k: k.losses.CategoricalFocalCrossentropy(alpha=A([0.2, 0.8]))(np.eye(2), np.full((2, 2), 0.5)),
}


@pytest.mark.parametrize("what", CALLS)
def test_other_calls(what):
    found, expected = (np.asarray(CALLS[what](k), dtype=float) for k in (lamina, keras))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_build_with_an_array():
    layer = lamina.layers.Dense(3)
    layer.build(A([2, 5]))
    assert layer.kernel.shape == (5, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.Conv2D(3, A([3, 3, 3])),
        lambda k: k.layers.Cropping2D(A([[1, 1, 1], [0, 1, 1]])),
        lambda k: k.layers.MaxPooling2D(A([0, 2])),
    ],
)
def test_wrong_arrays(call):
    for k in (lamina, keras):
        with pytest.raises(ValueError):
            call(k)
