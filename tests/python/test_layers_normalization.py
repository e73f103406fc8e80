"""Normalisation layers against real Keras."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402
from layer_in_model import compare, expect_error, inputs_for, on  # noqa: E402

LAYERS = [
    ("LayerNormalization", {}, (4, 5)),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 1e-5}, (3, 4, 5)),
    ("LayerNormalization", {"axis": 1, "center": False}, (3, 4, 5)),
    ("LayerNormalization", {"scale": False}, (2, 3, 70)),
    ("LayerNormalization", {"center": False, "scale": False}, (3, 33)),
    ("LayerNormalization", {"axis": (-1, -2)}, (2, 3, 4)),
    ("RMSNormalization", {}, (4, 5)),
    ("RMSNormalization", {"axis": (1, 2), "epsilon": 1e-3}, (3, 4, 5)),
    ("RMSNormalization", {}, (2, 3, 40)),
    ("UnitNormalization", {}, (4, 5)),
    ("UnitNormalization", {"axis": [1, 2]}, (3, 4, 5)),
    ("GroupNormalization", {"groups": 2}, (3, 4, 6)),
    ("GroupNormalization", {"groups": -1}, (3, 4, 4, 6)),
    ("GroupNormalization", {"groups": 3, "axis": 1, "scale": False}, (2, 6, 4, 5)),
    ("GroupNormalization", {"groups": 1, "center": False}, (3, 8)),
    ("GroupNormalization", {"groups": 2, "axis": 2}, (2, 3, 4, 5)),
    ("BatchNormalization", {}, (6, 5)),
    ("BatchNormalization", {"axis": 1, "momentum": 0.7}, (4, 3, 5)),
    ("BatchNormalization", {"center": False}, (4, 3, 3, 5)),
    ("BatchNormalization", {"scale": False, "epsilon": 1e-2}, (40, 5)),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 1.2, "rmin": 0.8, "dmax": 0.3}}, (6, 5)),
]


@pytest.mark.parametrize("engine", ["graph", "eager"])
@pytest.mark.parametrize("name, config, shape", LAYERS)
def test_layers(engine, name, config, shape, tmp_path):
    with on(engine):
        compare(name, config, shape, tmp_path, atol=5e-6)


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_batch_normalization_leaves_masked_places_out(engine):
    x, mask = inputs_for((4, 6, 3)), np.random.default_rng(1).random((4, 6)) > 0.4
    with on(engine):
        a, b = keras.layers.BatchNormalization(momentum=0.5), lamina.layers.BatchNormalization(momentum=0.5)
        np.testing.assert_allclose(
            np.asarray(b(x, training=True, mask=mask)), np.asarray(a(x, training=True, mask=mask)), rtol=1e-4, atol=1e-5
        )
        for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_allclose(w, v, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
@pytest.mark.parametrize(
    "name", ["LayerNormalization", "BatchNormalization", "RMSNormalization", "UnitNormalization", "GroupNormalization"]
)
def test_dtypes(policy, name):
    x, config = inputs_for((8, 6)), {"groups": 2} if name == "GroupNormalization" else {}
    outs = [
        getattr(k.layers, name)(dtype=policy, **config)(
            x, **({"training": True} if name == "BatchNormalization" else {})
        )
        for k in (keras, lamina)
    ]
    if policy != "float64":  # which JAX has only on request
        assert str(outs[1].dtype) == str(outs[0].dtype)
    np.testing.assert_allclose(
        np.asarray(outs[1]).astype("float32"), np.asarray(outs[0]).astype("float32"), rtol=2e-2, atol=2e-2
    )


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_spectral_normalization(engine, tmp_path):
    x, kernel, u = inputs_for((4, 5)), inputs_for((5, 3), 1), inputs_for((1, 3), 2)
    with on(engine):
        models = []
        for k in (keras, lamina):
            layer = k.layers.SpectralNormalization(k.layers.Dense(3, name="inner"), power_iterations=2, name="outer")
            model = k.Sequential([k.Input((5,)), layer])
            assert [w.shape for w in model.weights] == [(5, 3), (1, 3), (3,)]
            model.set_weights([kernel, u, np.zeros(3, "float32")])
            model(x, training=True)
            models.append((model, layer))
        for v, w in zip(models[0][0].get_weights(), models[1][0].get_weights(), strict=True):
            np.testing.assert_allclose(w, v, rtol=1e-4, atol=1e-5)
        expected = np.asarray(models[0][0](x))
        models[0][0].save(tmp_path / "theirs.keras")
        models[1][0].save(tmp_path / "mine.keras")
        np.testing.assert_allclose(
            np.asarray(lamina.models.load_model(tmp_path / "theirs.keras")(x)), expected, rtol=1e-4, atol=1e-5
        )
        np.testing.assert_allclose(
            np.asarray(keras.models.load_model(tmp_path / "mine.keras")(x)), expected, rtol=1e-4, atol=1e-5
        )
        assert models[1][1].layer.name == "inner"
        zeros = lamina.layers.SpectralNormalization(lamina.layers.Dense(3, kernel_initializer="zeros"))
        assert np.isfinite(np.asarray(zeros(x, training=True))).all()


def test_ops():
    x, g, b = inputs_for((3, 4, 5)), inputs_for((5,), 1), inputs_for((5,), 2)
    near = lambda f: np.testing.assert_allclose(np.asarray(f(lamina)), np.asarray(f(keras)), rtol=2e-5, atol=5e-6)
    for axis in (-1, (1, 2), 1):
        near(lambda k: k.ops.layer_normalization(x, axis=axis))
        near(lambda k: k.ops.rms_normalization(x, axis=axis))
        near(lambda k: k.ops.normalize(x, axis=axis, order=2))
    near(lambda k: k.ops.layer_normalization(x, g, b))
    near(lambda k: k.ops.layer_normalization(x, g, b, epsilon=0.1))
    near(lambda k: k.ops.rms_normalization(x, g))
    near(lambda k: k.ops.batch_normalization(x, g, np.abs(b), -1, offset=b, scale=g))
    for keepdims in (False, True):
        for i in range(2):
            near(lambda k: k.ops.moments(x, (0, 2), keepdims=keepdims)[i])


ERRORS = [
    (lambda k: k.layers.GroupNormalization(groups=0), ValueError, ["`groups`", "0"]),
    (
        lambda k: k.layers.GroupNormalization(groups=4)(np.ones((2, 3), "float32")),
        ValueError,
        ["groups (4)", "channels (3)"],
    ),
    (
        lambda k: k.layers.GroupNormalization(groups=2)(np.ones((2, 3), "float32")),
        ValueError,
        ["groups (2)", "multiple"],
    ),
    (lambda k: k.layers.LayerNormalization(axis="last"), TypeError, ["'axis'", "last"]),
    (lambda k: k.layers.UnitNormalization(axis={"a": 1}), TypeError, ["`axis`"]),
    (
        lambda k: k.layers.LayerNormalization(axis=3).compute_output_shape((2, 3)),
        ValueError,
        ["Axis 3 is out of bounds", "(2, 3)"],
    ),
    (lambda k: k.layers.BatchNormalization(synchronized=True), ValueError, ["synchronized=True"]),
    (
        lambda k: k.layers.BatchNormalization(renorm=True, renorm_clipping={"max": 2}),
        ValueError,
        ["invalid keys", "max"],
    ),
    (
        lambda k: k.layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 0.5, "rmin": 2}),
        ValueError,
        ["rmax should be greater"],
    ),
    (
        lambda k: k.layers.BatchNormalization()(np.ones((2, 3, 4), "float32"), mask=np.ones((2,), bool)),
        ValueError,
        ["mask", "one dimension less", "(2,)"],
    ),
    (lambda k: k.layers.SpectralNormalization(k.layers.Dense(2), power_iterations=0), ValueError, ["power_iterations"]),
    (lambda k: k.layers.SpectralNormalization("dense"), ValueError, ["dense", "layer"]),
    (
        lambda k: k.layers.SpectralNormalization(k.layers.Flatten())(np.ones((2, 3), "float32")),
        ValueError,
        ["has no attribute 'kernel' nor 'embeddings'"],
    ),
    (lambda k: k.ops.normalize(np.ones((2, 3), "float32"), order=0), ValueError, ["order"]),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    expect_error(*ERRORS[case])
