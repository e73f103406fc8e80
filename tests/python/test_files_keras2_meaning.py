"""Files of Keras 1 and 2 are read with the meaning they were written with: hard_sigmoid, defaults, CuDNN layers."""

import json

import h5py
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(3)
X = RNG.standard_normal((2, 5, 3)).astype("float32")
UNITS = 4


def old_hard_sigmoid(z):
    return np.clip(0.2 * z + 0.5, 0, 1)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def write(path, layer, weights, version="2.2.2"):
    """A legacy file of one layer, as Keras 2 wrote it."""
    config = {"class_name": "Sequential", "config": [layer]}
    name = layer["config"]["name"]
    with h5py.File(path, "w") as f:
        if version:
            f.attrs["keras_version"] = version.encode()
        f.attrs["backend"] = b"tensorflow"
        f.attrs["model_config"] = json.dumps(config).encode()
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = np.array([name.encode()])
        layer_group = g.create_group(name)
        layer_group.attrs["weight_names"] = np.array(
            [f"{name}/w{i}:0".encode() for i in range(len(weights))] or [], "S40"
        )
        for i, w in enumerate(weights):
            layer_group.create_dataset(f"{name}/w{i}:0", data=w)


def layer(class_name, **arguments):
    return {
        "class_name": class_name,
        "config": {
            "name": "r",
            "trainable": True,
            "dtype": "float32",
            "batch_input_shape": [None, *X.shape[1:]],
            **arguments,
        },
    }


def lstm(x, kernel, recurrent, bias, gate):
    h = c = np.zeros((x.shape[0], UNITS))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, 1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


def gru(x, kernel, recurrent, bias, gate, reset_after):
    h = np.zeros((x.shape[0], UNITS))
    given, own = bias if reset_after else (bias, np.zeros_like(bias))
    u = UNITS
    for t in range(x.shape[1]):
        a = x[:, t] @ kernel + given
        b = h @ recurrent[:, : 2 * u] + own[: 2 * u]
        z, r = gate(a[:, :u] + b[:, :u]), gate(a[:, u : 2 * u] + b[:, u:])
        if reset_after:
            new = np.tanh(a[:, 2 * u :] + r * (h @ recurrent[:, 2 * u :] + own[2 * u :]))
        else:
            new = np.tanh(a[:, 2 * u :] + (r * h) @ recurrent[:, 2 * u :])
        h = z * h + (1 - z) * new
    return h


def draw(gates, *bias):
    return [RNG.standard_normal(s).astype("float32") for s in ((3, gates * UNITS), (UNITS, gates * UNITS), bias)]


@pytest.mark.parametrize("version", ["2.2.2", "2.15.0", "2.2.4-tf", "1.2.0", None])
def test_hard_sigmoid_has_the_slope_of_its_time(tmp_path, engine, version):
    w = draw(4, 4 * UNITS)
    write(
        tmp_path / "m.h5",
        layer("LSTM", units=UNITS, activation="tanh", recurrent_activation="hard_sigmoid"),
        w,
        version,
    )
    model = lamina.models.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_allclose(model.predict(X, verbose=0), lstm(X, *w, old_hard_sigmoid), rtol=1e-4, atol=1e-5)
    for again in ("again.h5", "again.keras"):  # and keeps it in what is saved from here
        model.save(tmp_path / again)
        np.testing.assert_allclose(
            lamina.models.load_model(tmp_path / again, compile=False).predict(X, verbose=0),
            model.predict(X, verbose=0),
            rtol=1e-6,
            atol=1e-7,
        )


@pytest.mark.parametrize("kind, units", [("LSTM", UNITS), ("Dense", 3)])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_keras_reads_the_old_hard_sigmoid(tmp_path, engine, kind, units, ending):
    """Keras 3 has no function for it: files hold a small model that computes the same."""
    real = pytest.importorskip("keras")
    w = draw(4, 4 * UNITS) if kind == "LSTM" else [np.eye(3, dtype="float32"), np.zeros(3, "float32")]
    old = (
        {"recurrent_activation": "hard_sigmoid", "activation": "tanh"}
        if kind == "LSTM"
        else {"activation": "hard_sigmoid"}
    )
    write(tmp_path / "old.h5", layer(kind, units=units, **old), w)
    model = lamina.models.load_model(tmp_path / "old.h5", compile=False)
    assert model.layers[-1].get_config()[next(iter(old))]["class_name"] == "Sequential"
    named = getattr(model.layers[-1], next(iter(old)))
    np.testing.assert_allclose(np.asarray(named(X)), old_hard_sigmoid(X), rtol=1e-5, atol=1e-6)
    expected = model.predict(X, verbose=0)
    model.save(tmp_path / f"new.{ending}")
    theirs = real.models.load_model(tmp_path / f"new.{ending}", compile=False)
    np.testing.assert_allclose(np.asarray(theirs(X)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.asarray(theirs(X[:1])), expected[:1], rtol=1e-4, atol=1e-5)
    theirs.save(tmp_path / "theirs.keras")  # and back
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "theirs.keras", compile=False).predict(X, verbose=0),
        expected,
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_file_of_keras_3_has_the_slope_of_keras_3(tmp_path):
    real = pytest.importorskip("keras")
    theirs = real.Sequential(
        [
            real.Input((5, 3)),
            real.layers.LSTM(UNITS, recurrent_activation="hard_sigmoid"),
            real.layers.Activation("hard_sigmoid"),
        ]
    )
    for name in ("m.h5", "m.keras"):
        theirs.save(tmp_path / name)
        np.testing.assert_allclose(
            lamina.models.load_model(tmp_path / name).predict(X, verbose=0),
            theirs.predict(X, verbose=0),
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.parametrize("kind", ["Activation", "Dense"])
def test_hard_sigmoid_of_other_layers(tmp_path, engine, kind):
    if kind == "Dense":
        w = [np.eye(3, dtype="float32"), np.zeros(3, "float32")]
        write(tmp_path / "m.h5", layer("Dense", units=3, activation="hard_sigmoid", use_bias=True), w)
    else:
        write(tmp_path / "m.h5", layer("Activation", activation="hard_sigmoid"), [])
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "m.h5", compile=False).predict(X, verbose=0),
        old_hard_sigmoid(X),
        rtol=1e-5,
        atol=1e-6,
    )


def test_hard_sigmoid_in_the_first_keras_archives_and_in_json(tmp_path):
    import zipfile

    lamina.Sequential([lamina.Input((5, 3)), lamina.layers.Activation("hard_sigmoid")], name="s").save(
        tmp_path / "new.keras"
    )
    with zipfile.ZipFile(tmp_path / "new.keras") as a, zipfile.ZipFile(tmp_path / "old.keras", "w") as b:
        for item in a.namelist():
            b.writestr(item, json.dumps({"keras_version": "2.13.1"}) if item == "metadata.json" else a.read(item))
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "old.keras").predict(X, verbose=0),
        old_hard_sigmoid(X),
        rtol=1e-5,
        atol=1e-6,
    )
    config = json.loads(lamina.Sequential([lamina.Input((5, 3)), lamina.layers.Activation("hard_sigmoid")]).to_json())
    config["keras_version"] = "2.4.0"
    np.testing.assert_allclose(
        lamina.models.model_from_json(json.dumps(config)).predict(X, verbose=0),
        old_hard_sigmoid(X),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_gru_without_reset_after_is_the_one_that_had_none(tmp_path, engine):
    w = draw(3, 3 * UNITS)
    write(tmp_path / "m.h5", layer("GRU", units=UNITS, activation="tanh", recurrent_activation="hard_sigmoid"), w)
    model = lamina.models.load_model(tmp_path / "m.h5", compile=False)
    np.testing.assert_allclose(model.predict(X, verbose=0), gru(X, *w, old_hard_sigmoid, False), rtol=1e-4, atol=1e-5)


def test_thresholded_relu(tmp_path):
    write(tmp_path / "m.h5", layer("ThresholdedReLU", theta=0.5), [])
    np.testing.assert_array_equal(
        lamina.models.load_model(tmp_path / "m.h5", compile=False).predict(X, verbose=0), np.where(X > 0.5, X, 0)
    )


def in_layout_of_cudnn(kernel, recurrent):
    """The inverse of what a reader does: each gate transposed, an input kernel's numbers in the order of the
    transpose."""

    def by_gates(w, f):
        return np.concatenate([f(g) for g in np.split(w, w.shape[1] // UNITS, 1)], 1)

    return by_gates(kernel, lambda g: np.ascontiguousarray(g.T).reshape(g.shape)), by_gates(
        recurrent, lambda g: np.ascontiguousarray(g.T)
    )


@pytest.mark.parametrize("how", ["model", "weights", "by_name"])
@pytest.mark.parametrize("kind", ["CuDNNLSTM", "CuDNNGRU"])
def test_cudnn_layers(tmp_path, engine, kind, how):
    gates = 4 if kind == "CuDNNLSTM" else 3
    kernel, recurrent, bias = draw(gates, 2 * gates * UNITS)
    write(tmp_path / "m.h5", layer(kind, units=UNITS), [*in_layout_of_cudnn(kernel, recurrent), bias])
    if how == "model":
        model = lamina.models.load_model(tmp_path / "m.h5", compile=False)
    else:
        made = lamina.layers.LSTM(UNITS, name="r") if kind == "CuDNNLSTM" else lamina.layers.GRU(UNITS, name="r")
        model = lamina.Sequential([lamina.Input((5, 3)), made])
        model.load_weights(tmp_path / "m.h5", **({"by_name": True} if how == "by_name" else {}))
    halves = np.split(bias, 2)
    want = (
        lstm(X, kernel, recurrent, halves[0] + halves[1], sigmoid)
        if kind == "CuDNNLSTM"
        else gru(X, kernel, recurrent, halves, sigmoid, True)
    )
    np.testing.assert_allclose(model.predict(X, verbose=0), want, rtol=1e-4, atol=1e-5)


def test_cudnn_layers_both_ways_round(tmp_path):
    """A Bidirectional holds two of them."""
    forward, backward = (draw(4, 8 * UNITS) for _ in range(2))
    stored = [w for k, r, b in (forward, backward) for w in (*in_layout_of_cudnn(k, r), b)]
    inner = {"class_name": "CuDNNLSTM", "config": {"name": "inner", "units": UNITS}}
    write(tmp_path / "m.h5", layer("Bidirectional", layer=inner, merge_mode="concat"), stored)
    want = np.concatenate(
        [
            lstm(x, k, r, b[: 4 * UNITS] + b[4 * UNITS :], sigmoid)
            for x, (k, r, b) in ((X, forward), (X[:, ::-1], backward))
        ],
        1,
    )
    np.testing.assert_allclose(
        lamina.models.load_model(tmp_path / "m.h5", compile=False).predict(X, verbose=0), want, rtol=1e-4, atol=1e-5
    )


def test_a_gru_that_cannot_take_them_says_so(tmp_path):
    kernel, recurrent, bias = draw(3, 6 * UNITS)
    write(tmp_path / "m.h5", layer("CuDNNGRU", units=UNITS), [kernel, recurrent, bias])
    model = lamina.Sequential([lamina.Input((5, 3)), lamina.layers.GRU(UNITS, reset_after=False)])
    with pytest.raises(ValueError, match="reset_after=True"):
        model.load_weights(tmp_path / "m.h5")
