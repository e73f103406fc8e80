"""Lamina against real Keras 3.15 on JAX: outputs, training, configs and files in both directions."""

import json

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 6)).astype("float32")
Y = RNG.standard_normal((24, 2)).astype("float32")
LABELS = RNG.integers(0, 3, 24)


def functional(k):
    a = k.Input((6,), name="a")
    h = k.layers.Dense(8, activation="tanh", name="h")(a)
    g = k.layers.Dense(8, name="g")(a)
    m = k.layers.Add(name="m")([h, g])
    c = k.layers.Concatenate(name="c")([m, a * 2.0])
    n = k.layers.LayerNormalization(name="n")(c)
    return k.Model(a, k.layers.Dense(2, name="out")(n), name="f")


def sequential(k):
    # No activation-free bias before the normalisation: its gradient is rounding noise, which Adam would blow up to a
    # step.
    return k.Sequential(
        [
            k.Input((6,)),
            k.layers.Dense(7, activation="tanh", use_bias=False, name="d"),
            k.layers.BatchNormalization(name="bn"),
            k.layers.Dense(2, name="e"),
        ],
        name="s",
    )


@pytest.mark.parametrize("build", [functional, sequential])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "adamax", "nadam"])
def test_training_gives_keras_numbers(engine, build, optimizer):
    theirs, mine = build(keras), build(lamina)
    mine.set_weights(theirs.get_weights())
    for m in (theirs, mine):
        m.compile(optimizer, "mse", metrics=["mae"])
    a = theirs.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    b = mine.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=2e-4, atol=1e-6, err_msg=key)
    for v, w in zip(theirs.get_weights(), mine.get_weights()):
        np.testing.assert_allclose(v, w, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize(
    "loss",
    [
        "mse",
        "mae",
        "mape",
        "msle",
        "huber",
        "log_cosh",
        "poisson",
        "kl_divergence",
        "hinge",
        "squared_hinge",
        "categorical_hinge",
        "cosine_similarity",
        "binary_crossentropy",
        "categorical_crossentropy",
    ],
)
def test_losses(engine, loss):
    t = RNG.uniform(0.05, 0.95, (5, 4)).astype("float32")
    p = RNG.uniform(0.05, 0.95, (5, 4)).astype("float32")
    np.testing.assert_allclose(
        np.asarray(lamina.losses.get(loss)(t, p)), np.asarray(keras.losses.get(loss)(t, p)), rtol=1e-5, atol=1e-6
    )


def test_sparse_crossentropy_and_sample_weights(engine):
    p = RNG.uniform(0.05, 0.95, (24, 3)).astype("float32")
    w = RNG.uniform(0, 1, 24).astype("float32")
    for reduction in ("sum", "sum_over_batch_size", None):
        a = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)(LABELS, p, sample_weight=w)
        b = lamina.losses.SparseCategoricalCrossentropy(reduction=reduction)(LABELS, p, sample_weight=w)
        np.testing.assert_allclose(np.asarray(b), np.asarray(a), rtol=1e-5)


@pytest.mark.parametrize("build", [functional, sequential])
def test_files_both_ways(tmp_path, build):
    theirs = build(keras)
    theirs.compile("adam", "mse")
    theirs.fit(X, Y, epochs=1, verbose=0)
    theirs.save(tmp_path / "theirs.keras")
    mine = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(mine.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    assert int(mine.optimizer.iterations) == int(theirs.optimizer.iterations)
    for a, b in zip(theirs.optimizer.variables, mine.optimizer.variables):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6)
    mine.fit(X, Y, epochs=1, verbose=0)
    mine.save(tmp_path / "mine.keras")
    again = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), mine.predict(X, verbose=0), rtol=1e-4, atol=1e-5)
    assert int(again.optimizer.iterations) == int(mine.optimizer.iterations)


def test_weights_files_both_ways(tmp_path):
    theirs, mine = functional(keras), functional(lamina)
    theirs.save_weights(tmp_path / "a.weights.h5")
    mine.load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(theirs.get_weights(), mine.get_weights()):
        np.testing.assert_array_equal(a, b)
    mine.save_weights(tmp_path / "b.weights.h5")
    functional(keras).load_weights(tmp_path / "b.weights.h5")


def test_json_describes_the_same_model():
    theirs = keras.models.model_from_json(functional(lamina).to_json())
    assert [l.name for l in theirs.layers] == [l.name for l in functional(keras).layers]
    mine = lamina.models.model_from_json(functional(keras).to_json())
    assert [l.name for l in mine.layers] == [l.name for l in functional(keras).layers]
    assert (
        json.loads(mine.to_json())["config"]["output_layers"]
        == json.loads(functional(keras).to_json())["config"]["output_layers"]
    )


LAYERS = [
    ("Dense", {"units": 3}, (4, 5)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 7), "bias_axes": "d"}, (2, 3, 4)),
    ("Flatten", {}, (2, 3, 4)),
    ("Reshape", {"target_shape": (4, 3)}, (2, 12)),
    ("Permute", {"dims": (2, 1)}, (2, 3, 4)),
    ("RepeatVector", {"n": 3}, (2, 4)),
    ("LayerNormalization", {}, (3, 5)),
    ("BatchNormalization", {}, (6, 5)),
    ("Rescaling", {"scale": 2.0, "offset": 1.0}, (2, 3)),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.1}, (3, 4)),
    ("LeakyReLU", {}, (3, 4)),
    ("ELU", {}, (3, 4)),
    ("PReLU", {}, (3, 4)),
    ("Softmax", {}, (3, 4)),
    ("Masking", {}, (2, 3, 4)),
    ("Activation", {"activation": "gelu"}, (3, 4)),
]


@pytest.mark.parametrize("name, config, shape", LAYERS)
def test_layers(engine, name, config, shape):
    x = RNG.standard_normal(shape).astype("float32")
    theirs, mine = getattr(keras.layers, name)(**config), getattr(lamina.layers, name)(**config)
    a, b = theirs(x), mine(x)
    mine.set_weights(theirs.get_weights())
    np.testing.assert_allclose(np.asarray(mine(x)), np.asarray(theirs(x)), rtol=1e-5, atol=1e-6)
    assert b.shape == a.shape
    assert [tuple(w.shape) for w in mine.weights] == [tuple(w.shape) for w in theirs.weights]


def test_gradient_penalty(engine):
    """A gradient of a gradient, against the formula: d/dw of (d(w x^2)/dx)^2 = 8 w x^2."""
    w, x = lamina.Variable(3.0), lamina.ops.convert_to_tensor(2.0)
    with lamina.GradientTape() as outer:
        with lamina.GradientTape() as inner:
            y = w * x * x
        penalty = inner.gradient(y, x) ** 2
    assert float(outer.gradient(penalty, w)) == pytest.approx(8 * 3 * 4)


def test_custom_train_step(engine):
    class Twice(lamina.Model):
        def __init__(self):
            super().__init__()
            self.d = lamina.layers.Dense(2)

        def call(self, x):
            return self.d(x)

        def train_step(self, data):
            x, y = data
            with lamina.GradientTape() as tape:
                loss = lamina.ops.mean(lamina.ops.square(self(x) - y))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"my_loss": loss}

    m = Twice()
    m.compile("sgd")
    history = m.fit(X, Y, epochs=5, verbose=0).history["my_loss"]
    assert history[-1] < history[0]


@pytest.mark.parametrize(
    "x, y, kinds",
    [
        (X, None, ("Tensor",)),
        (X, Y, (("Tensor", "Tensor"),)),
        ([X, X], None, ((("Tensor", "Tensor"),),)),
        ({"a": X}, None, ({"a": "Tensor"},)),
    ],
    ids=["inputs", "inputs and targets", "a list", "a dict"],
)
def test_what_own_steps_get(engine, x, y, kinds):
    """As in Keras: inputs alone come as they are, unless they could be taken for (x, y)."""
    seen = []

    class Looks(lamina.Model):
        def train_step(self, data):
            seen.append(lamina.tree.map_structure(lambda leaf: "Tensor", data))
            return {"loss": lamina.ops.convert_to_tensor(0.0)}

        test_step = train_step

        def predict_step(self, data):
            seen.append(lamina.tree.map_structure(lambda leaf: "Tensor", data))
            return lamina.tree.flatten(data)[0]

    model = Looks()
    model.compile("sgd")
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    if y is None:
        model.predict(x, verbose=0)

    def plain(v):
        return tuple(plain(a) for a in v) if isinstance(v, (list, tuple)) else v

    assert {str(plain(s)) for s in seen} == {str(k) for k in kinds}


def test_same_seed_same_bits():
    runs = []
    for engine in ("graph", "eager", "graph"):
        lamina.config.set_engine(engine)
        lamina.utils.set_random_seed(7)
        m = lamina.Sequential(
            [
                lamina.Input((6,)),
                lamina.layers.Dense(16, activation="relu"),
                lamina.layers.Dropout(0.5),
                lamina.layers.Dense(2),
            ]
        )
        m.compile("adam", "mse")
        runs.append((m.fit(X, Y, epochs=3, verbose=0).history["loss"], m.get_weights()))
    lamina.config.set_engine("graph")
    assert runs[0][0] == runs[2][0]
    for a, b in zip(runs[0][1], runs[2][1]):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(runs[0][0], runs[1][0], rtol=1e-5)


ERRORS = [
    (lambda: lamina.layers.Dense(0), ValueError, "units"),
    (lambda: lamina.layers.Dense(units=3, activaton="relu"), ValueError, "activation"),
    (lambda: lamina.layers.Dense(3, activation="rellu"), ValueError, "relu"),
    (lambda: lamina.layers.Dense(3, kernel_initializer="glorot"), ValueError, "glorot"),
    (lambda: lamina.layers.Dense(3)(np.zeros(4, "float32")), ValueError, "min_ndim=2"),
    (lambda: lamina.layers.Dropout(1.5), ValueError, "between 0 and 1"),
    (lambda: lamina.layers.Reshape((4, 4))(np.zeros((2, 3), "float32")), ValueError, "total size"),
    (
        lambda: lamina.layers.Concatenate()([np.zeros((2, 3), "float32"), np.zeros((3, 3, 1), "float32")]),
        ValueError,
        "matching shapes",
    ),
    (lambda: lamina.ops.matmul(np.zeros((2, 3), "float32"), np.zeros((4, 5), "float32")), ValueError, "3"),
    (lambda: lamina.ops.reshape(np.zeros((2, 3)), (4, 2)), ValueError, "reshape"),
    (lambda: lamina.ops.relu(), TypeError, "missing"),
    (lambda: lamina.ops.relu(1.0, y=2), TypeError, "unexpected"),
    (lambda: lamina.optimizers.get("adm"), ValueError, "adam"),
    (lambda: lamina.optimizers.SGD(momentum=2.0), ValueError, "momentum"),
    (lambda: sequential(lamina).fit(X, Y), ValueError, "compile"),
    (lambda: sequential(lamina).get_layer("x"), ValueError, "d"),
    (
        lambda: sequential(lamina)(np.zeros((2, 5), "float32")),
        ValueError,
        "expected axis -1 of input shape to have value 6",
    ),
    (lambda: sequential(lamina).set_weights([]), ValueError, "expecting"),
    (lambda: lamina.models.load_model("missing.keras"), ValueError, "missing.keras"),
    (lambda: lamina.Variable(np.zeros(3)).assign(np.zeros(4)), ValueError, "shape"),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_messages(case):
    call, kind, words = ERRORS[case]
    with pytest.raises(kind, match=words):
        call()
