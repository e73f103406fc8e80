"""Legacy .h5 files: Keras' own in both directions, and those that tf.keras 2 wrote."""

import json
import warnings

import h5py
import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(1)
X = RNG.standard_normal((8, 3)).astype("float32")
Y = RNG.standard_normal((8, 2)).astype("float32")


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*HDF5 file via.*")
        yield


def sequential(k):
    return k.Sequential(
        [
            k.Input((3,)),
            k.layers.Dense(4, activation="relu", kernel_regularizer="l2", name="a"),
            k.layers.BatchNormalization(name="bn"),
            k.layers.Dropout(0.5, name="dr"),
            k.layers.Dense(2, name="b"),
        ],
        name="seq",
    )


def functional(k):
    i, j = k.Input((3,), name="i"), k.Input((3,), name="j")
    shared = k.layers.Dense(4, name="shared")
    x = k.layers.Concatenate(name="cat")([shared(i), shared(j)])
    x = k.Sequential([k.Input((8,), name="inner_in"), k.layers.Dense(3, name="in_dense")], name="inner")(x)
    return k.Model([i, j], k.layers.Dense(2, name="o")(x), name="fun")


def data_for(model):
    return [X, X[::-1].copy()] if len(model.inputs) == 2 else X


def same(a, b):
    np.testing.assert_allclose(
        a.predict(data_for(a), verbose=0), b.predict(data_for(b), verbose=0), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("build", [sequential, functional])
def test_keras_files_open_here(tmp_path, build):
    theirs = build(keras)
    theirs.compile(keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError(), metrics=["mae"])
    theirs.fit(data_for(theirs), Y, epochs=2, verbose=0)
    theirs.save(tmp_path / "m.h5")
    mine = lamina.models.load_model(tmp_path / "m.h5")
    same(theirs, mine)
    assert [l.name for l in mine.layers] == [l.name for l in theirs.layers]
    assert mine.compiled and mine.loss is not None or mine.optimizer is not None
    for a, b in zip(theirs.optimizer.variables, mine.optimizer.variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6)
    np.testing.assert_allclose(
        mine.evaluate(data_for(mine), Y, verbose=0)[0], theirs.evaluate(data_for(theirs), Y, verbose=0)[0], rtol=1e-5
    )


@pytest.mark.parametrize("build", [sequential, functional])
def test_files_from_here_open_in_keras(tmp_path, build):
    mine = build(lamina)
    mine.compile("adam", "mse", metrics=["mae"])
    mine.fit(data_for(mine), Y, epochs=2, verbose=0)
    mine.save(tmp_path / "m.h5")
    theirs = keras.models.load_model(
        tmp_path / "m.h5"
    )  # which does not restore optimizers from such files, its own neither
    same(mine, theirs)
    assert theirs.compiled and type(theirs.optimizer).__name__ == "Adam"
    again = lamina.models.load_model(tmp_path / "m.h5")
    same(mine, again)
    again.fit(data_for(again), Y, epochs=1, verbose=0)


def test_layout_is_keras_own(tmp_path):
    theirs, mine = functional(keras), functional(lamina)
    mine.set_weights(theirs.get_weights())
    for k, m, name in ((keras, theirs, "t.h5"), (lamina, mine, "m.h5")):
        m.compile(k.optimizers.Adam(name="adam"), k.losses.MeanSquaredError(), metrics=["mae"])
        m.fit(data_for(m), Y, epochs=1, verbose=0)
        m.save(tmp_path / name)

    def facts(name):
        out = {}
        with h5py.File(tmp_path / name) as f:

            def visit(path, o):
                out[path] = (
                    o.shape
                    if isinstance(o, h5py.Dataset)
                    else {k: (v.tolist() if hasattr(v, "tolist") else v) for k, v in o.attrs.items() if k != "backend"}
                )

            f.visititems(visit)
            out["config"] = json.loads(f.attrs["model_config"])
            out["training"] = json.loads(f.attrs["training_config"])
            names = [k for k in f.attrs if not k.endswith("_crc32")]  # checksums that Keras has none of
            out["attributes"] = sorted(names)
            types = {k: f.attrs.get_id(k).get_type().get_cset() for k in names}
        return out, types

    (a, types_a), (b, types_b) = facts("t.h5"), facts("m.h5")
    for facts_of in (a, b):
        for layer in facts_of["config"]["config"]["layers"]:
            for node in layer["inbound_nodes"]:
                node["kwargs"].pop("mask", None)  # None where a call takes a mask and there is none
    assert types_a == types_b
    assert a.keys() == b.keys()
    for key in a:
        assert a[key] == b[key], key


def test_graphs_with_ops_and_losses_by_name(tmp_path):
    """Keras writes such files and cannot read them back."""
    i = keras.Input((3,), name="i")
    theirs = keras.Model(i, keras.layers.Dense(2, name="d")(i * 2.0) + 1.0)
    theirs.compile("sgd", "mse")
    theirs.save(tmp_path / "m.h5")
    same(theirs, lamina.models.load_model(tmp_path / "m.h5"))


def test_weights_alone(tmp_path):
    theirs = sequential(keras)
    with h5py.File(tmp_path / "w.h5", "w") as f:
        from keras.src.legacy.saving import legacy_h5_format

        legacy_h5_format.save_weights_to_hdf5_group(f, theirs)
    mine = sequential(lamina)
    mine.load_weights(tmp_path / "w.h5")
    same(theirs, mine)
    with pytest.raises(ValueError, match="No model config found in the file"):
        lamina.models.load_model(tmp_path / "w.h5")


def test_weights_of_a_whole_model_and_by_name(tmp_path):
    theirs = sequential(keras)
    theirs.save(tmp_path / "m.h5")
    mine = sequential(lamina)
    mine.load_weights(tmp_path / "m.h5")
    same(theirs, mine)

    def other(k):
        return k.Sequential([k.Input((3,)), k.layers.Dense(4, name="a"), k.layers.Dense(5, name="new")])

    mine, reference = other(lamina), other(keras)
    fresh = [np.asarray(w) for w in mine.layers[1].get_weights()]
    reference.load_weights(tmp_path / "m.h5", by_name=True)
    mine.load_weights(tmp_path / "m.h5", by_name=True)
    for a, b in zip(mine.layers[0].get_weights(), reference.layers[0].get_weights()):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(mine.layers[1].get_weights(), fresh):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(
        ValueError,
        match=r"Layer count mismatch when loading weights from file. Model expected 2 layers, found 3 saved layers.",
    ):
        mine.load_weights(tmp_path / "m.h5")


def test_mismatches_name_layer_expected_and_found(tmp_path):
    sequential(keras).save(tmp_path / "m.h5")

    def other(k, units):
        return k.Sequential(
            [
                k.Input((3,)),
                k.layers.Dense(4, name="a"),
                k.layers.BatchNormalization(name="bn"),
                k.layers.Dense(units, use_bias=units == 9, name="b"),
            ]
        )

    mine = other(lamina, 9)
    before = [w.copy() for w in mine.get_weights()]
    with pytest.raises(
        ValueError,
        match=(
            r"Shape mismatch in layer #2 \(named b\) for weight .*b/kernel. Weight expects shape \(4, 9\). Received "
            r"saved weight with shape \(4, 2\)"
        ),
    ):
        mine.load_weights(tmp_path / "m.h5")
    for a, b in zip(before, mine.get_weights()):  # nothing was changed
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match=r"Skipping loading weights for layer #2 \(named b\) due to mismatch in shape"):
        mine.load_weights(tmp_path / "m.h5", skip_mismatch=True)
    with pytest.raises(
        ValueError,
        match=(
            r"Weight count mismatch for layer #2 \(named b in the current model, b in the save file\). Layer expects "
            r"1 weight\(s\). Received 2 saved weight\(s\)"
        ),
    ):
        other(lamina, 2).load_weights(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="`by_name` only supports loading legacy"):
        mine.load_weights("x.weights.h5", by_name=True)


def test_custom_layers(tmp_path):
    def define(k):
        @k.saving.register_keras_serializable("legacy_tests")
        class Scaled(k.layers.Layer):
            def __init__(self, units=2, **kwargs):
                super().__init__(**kwargs)
                self.units, self.inner = units, k.layers.Dense(units)

            def build(self, shape):
                self.inner.build(shape)
                self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")

            def call(self, x):
                return self.inner(x) * self.scale

            def get_config(self):
                return {**super().get_config(), "units": self.units}

        return k.Sequential([k.Input((3,)), Scaled(4, name="s"), k.layers.Dense(2)])

    theirs, mine = define(keras), define(lamina)
    theirs.save(tmp_path / "t.h5")
    same(theirs, lamina.models.load_model(tmp_path / "t.h5"))
    mine.save(tmp_path / "m.h5")
    same(mine, keras.models.load_model(tmp_path / "m.h5"))


def test_warns_and_leaves_out_the_optimizer(tmp_path):
    mine = sequential(lamina)
    mine.compile("adam", "mse")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        mine.save(tmp_path / "m.h5", include_optimizer=False)
    assert any("This file format is considered legacy" in str(w.message) for w in seen)
    with h5py.File(tmp_path / "m.h5") as f:
        assert "training_config" not in f.attrs and "optimizer_weights" not in f
    with pytest.warns(UserWarning, match="No training configuration found in the save file"):
        assert not lamina.models.load_model(tmp_path / "m.h5").compiled


# ---- tf.keras 2: the same facts written another way ----


def initializer(name, **config):
    return {"class_name": name, "config": config}


def dense(name, units, inbound=None, for_keras=False, **more):
    config = {
        "name": name,
        "trainable": True,
        "dtype": "float32",
        "units": units,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": initializer("GlorotUniform", seed=None),
        "bias_initializer": initializer("Zeros", **({} if for_keras else {"dtype": "float32"})),
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
        **more,
    }
    entry = {"class_name": "Dense", "config": config}
    return entry if inbound is None else {**entry, "name": name, "inbound_nodes": inbound}


def input_layer(name, shape, top=True):
    entry = {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": [None, *shape],
            "dtype": "float32",
            "sparse": False,
            "ragged": False,
            "name": name,
        },
    }
    return {**entry, "name": name, "inbound_nodes": []} if top else entry


BATCH_NORMALIZATION = {
    "class_name": "BatchNormalization",
    "config": {
        "name": "bn",
        "trainable": True,
        "dtype": "float32",
        "axis": [1],
        "momentum": 0.99,
        "epsilon": 0.001,
        "center": True,
        "scale": True,
        "beta_initializer": initializer("Zeros"),
        "gamma_initializer": initializer("Ones"),
        "moving_mean_initializer": initializer("Zeros"),
        "moving_variance_initializer": initializer("Ones"),
        "beta_regularizer": None,
        "gamma_regularizer": None,
        "beta_constraint": None,
        "gamma_constraint": None,
    },
}


def write_tf2(path, config, weights, training=None, optimizer=()):
    """weights: {layer: [(name, value), ...]}"""
    with h5py.File(path, "w") as f:
        f.attrs["keras_version"], f.attrs["backend"] = np.bytes_("2.6.0"), np.bytes_("tensorflow")
        f.attrs["model_config"] = np.bytes_(json.dumps(config))
        if training:
            f.attrs["training_config"] = np.bytes_(json.dumps(training))
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = np.array([n.encode() for n in weights], "S")
        g.attrs["keras_version"], g.attrs["backend"] = np.bytes_("2.6.0"), np.bytes_("tensorflow")
        for layer, entries in weights.items():
            sub = g.create_group(layer)
            sub.attrs["weight_names"] = np.array([n.encode() for n, _ in entries], "S") if entries else np.array([])
            for name, value in entries:
                sub[name] = value
        if optimizer:
            g = f.create_group("optimizer_weights")
            g.attrs["weight_names"] = np.array([n.encode() for n, _ in optimizer], "S")
            for name, value in optimizer:
                g[name] = value


def values(*shape):
    return RNG.standard_normal(shape).astype("float32")


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize("variant", ["layers", "list", "no_input_layer"])
def test_tf2_sequential(tmp_path, variant):
    k1, b1, k2, b2 = values(3, 4), values(4), values(4, 2), values(2)
    gamma, beta, mean, variance = values(4), values(4), values(4), np.abs(values(4)) + 0.1
    layers = [
        input_layer("in", (3,), top=False),
        dense("d1", 4),
        BATCH_NORMALIZATION,
        dense("d2", 2, activation="linear"),
    ]
    if variant == "no_input_layer":
        layers = [dense("d1", 4, batch_input_shape=[None, 3]), *layers[2:]]
    config = {"class_name": "Sequential", "config": layers if variant == "list" else {"name": "seq", "layers": layers}}
    weights = {
        "d1": [("d1/kernel:0", k1), ("d1/bias:0", b1)],
        "bn": [
            ("bn/gamma:0", gamma),
            ("bn/beta:0", beta),
            ("bn/moving_mean:0", mean),
            ("bn/moving_variance:0", variance),
        ],
        "d2": [("d2/kernel:0", k2), ("d2/bias:0", b2)],
    }
    write_tf2(tmp_path / "m.h5", config, weights)
    mine = lamina.models.load_model(tmp_path / "m.h5", compile=False)
    expected = (gamma * (relu(X @ k1 + b1) - mean) / np.sqrt(variance + 0.001) + beta) @ k2 + b2
    np.testing.assert_allclose(mine.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("class_name", ["Functional", "Model"])
@pytest.mark.parametrize("flat", [False, True])
def test_tf2_functional(tmp_path, class_name, flat):
    k1, b1, k2, b2 = values(3, 4), values(4), values(4, 2), values(2)
    node = [["i", 0, 0, {}]] if flat else [[["i", 0, 0, {}]]]
    config = {
        "class_name": class_name,
        "config": {
            "name": "model",
            "layers": [
                input_layer("i", (3,)),
                dense("d1", 4, node, for_keras=True),
                {
                    "class_name": "Dropout",
                    "config": {
                        "name": "dr",
                        "trainable": True,
                        "dtype": "float32",
                        "rate": 0.5,
                        "noise_shape": None,
                        "seed": None,
                    },
                    "name": "dr",
                    "inbound_nodes": [[["d1", 0, 0, {"training": False}]]],
                },
                {
                    "class_name": "Add",
                    "config": {"name": "add", "trainable": True, "dtype": "float32"},
                    "name": "add",
                    "inbound_nodes": [[["d1", 0, 0, {}], ["dr", 0, 0, {}]]],
                },
                dense("d2", 2, [[["add", 0, 0, {}]]], for_keras=True, activation="linear"),
            ],
            "input_layers": [["i", 0, 0]],
            "output_layers": [["d2", 0, 0]],
        },
    }
    weights = {
        "i": [],
        "d1": [("d1/kernel:0", k1), ("d1/bias:0", b1)],
        "dr": [],
        "add": [],
        "d2": [("d2/kernel:0", k2), ("d2/bias:0", b2)],
    }
    write_tf2(tmp_path / "m.h5", config, weights)
    mine = lamina.models.load_model(tmp_path / "m.h5", compile=False)
    out = mine.predict(X, verbose=0)
    np.testing.assert_allclose(out, 2 * relu(X @ k1 + b1) @ k2 + b2, rtol=1e-5, atol=1e-6)
    if class_name == "Functional" and not flat:
        theirs = keras.models.load_model(tmp_path / "m.h5", compile=False).predict(X, verbose=0)
        assert type(out) is type(theirs)


ADAM = {"name": "Adam", "decay": 0.0, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-7, "amsgrad": False}


@pytest.mark.parametrize(
    "optimizer",
    [
        {"class_name": "Adam", "config": {**ADAM, "learning_rate": 0.25}},
        {"class_name": "Adam", "config": {**ADAM, "lr": 0.25}},
        {
            "class_name": "Custom>Adam",
            "config": {
                **ADAM,
                "learning_rate": 0.25,
                "is_legacy_optimizer": False,
                "jit_compile": True,
                "weight_decay": None,
            },
        },
        {
            "class_name": "LossScaleOptimizer",
            "config": {
                "inner_optimizer": {"class_name": "Adam", "config": {**ADAM, "learning_rate": 0.25}},
                "dynamic": True,
                "initial_scale": 32768.0,
                "dynamic_growth_steps": 2000,
            },
        },
    ],
)
@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        "mean_squared_error",
        {
            "class_name": "MeanSquaredError",
            "config": {"reduction": "auto", "name": "mean_squared_error", "fn": "mean_squared_error"},
        },
        {
            "class_name": "LossFunctionWrapper",
            "config": {"reduction": "auto", "name": "mse", "fn": "mean_squared_error"},
        },
    ],
)
@pytest.mark.parametrize(
    "metrics",
    [
        ["mae"],
        [["mae"]],
        [
            [
                {
                    "class_name": "MeanMetricWrapper",
                    "config": {"name": "mae", "dtype": "float32", "fn": "mean_absolute_error"},
                }
            ]
        ],
        None,
    ],
)
def test_tf2_training_configs(tmp_path, optimizer, loss, metrics):
    k, b = values(3, 2), values(2)
    training = {
        "loss": loss,
        "metrics": metrics,
        "weighted_metrics": None,
        "loss_weights": None,
        "sample_weight_mode": None,
        "optimizer_config": optimizer,
    }
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [input_layer("in", (3,), top=False), dense("d", 2, activation="linear")]},
    }
    slots = [("iteration:0", np.int64(7)), ("lr:0", np.float32(0.125))] + [
        (f"Adam/{s}/d/{n}:0", values(*v.shape)) for n, v in (("kernel", k), ("bias", b)) for s in "mv"
    ]
    write_tf2(tmp_path / "m.h5", config, {"d": [("d/kernel:0", k), ("d/bias:0", b)]}, training, slots)
    mine = lamina.models.load_model(tmp_path / "m.h5")
    assert type(mine.optimizer).__name__ == "Adam" and mine.optimizer.get_config()["beta_1"] == 0.8
    assert int(mine.optimizer.iterations) == 7 and float(mine.optimizer.learning_rate) == 0.125
    np.testing.assert_array_equal(np.asarray(mine.optimizer.variables[2]), slots[2][1])
    logs = mine.evaluate(X, Y, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["loss"], np.mean((X @ k + b - Y) ** 2), rtol=1e-5)
    if metrics:
        np.testing.assert_allclose(logs["mae"], np.mean(np.abs(X @ k + b - Y)), rtol=1e-5)


def test_tf2_optimizer_state_that_does_not_fit_is_left(tmp_path):
    k, b = values(3, 2), values(2)
    training = {
        "loss": "mse",
        "metrics": None,
        "optimizer_config": {"class_name": "Adam", "config": {**ADAM, "learning_rate": 0.5, "decay": 0.1}},
    }
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [input_layer("in", (3,), top=False), dense("d", 2)]},
    }
    write_tf2(
        tmp_path / "m.h5", config, {"d": [("d/kernel:0", k), ("d/bias:0", b)]}, training, [("Adam/iter:0", np.int64(7))]
    )
    with pytest.warns(UserWarning) as seen:
        mine = lamina.models.load_model(tmp_path / "m.h5")
    messages = "\n".join(str(w.message) for w in seen)
    assert (
        "Error in loading the saved optimizer state" in messages and "`decay` (0.1) is no longer supported" in messages
    )
    assert int(mine.optimizer.iterations) == 0 and float(mine.optimizer.learning_rate) == 0.5
