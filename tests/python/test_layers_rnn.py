"""Recurrence layers against real Keras on JAX: outputs, training, masks, states, configs, files in both directions."""

import functools
import json
import re

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(3)
X = RNG.standard_normal((6, 5, 3)).astype("float32")
MASK = np.array(
    [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [0, 1, 1, 1, 0]], bool
)


def randomise(layer, seed=5):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.standard_normal(w.shape).astype("float32") * 0.4 for w in layer.get_weights()])


def arrays(out):
    return [np.asarray(t) for t in keras.tree.flatten(out)]


def cells(k, *units):
    return [k.layers.LSTMCell(units[0]), k.layers.GRUCell(units[1])]


def leaky(k):
    """A cell of a user."""

    @k.saving.register_keras_serializable("rnn_test")
    class Leaky(k.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], self.units), name="w")
            self.u = self.add_weight(shape=(self.units, self.units), name="u")

        def call(self, inputs, states):
            h = 0.5 * states[0] + k.ops.tanh(k.ops.matmul(inputs, self.w) + k.ops.matmul(states[0], self.u))
            return h, [h]

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Leaky


# name -> layer of a module
LAYERS = {
    "simple": lambda k: k.layers.SimpleRNN(4),
    "simple_relu": lambda k: k.layers.SimpleRNN(4, activation="relu", use_bias=False, return_sequences=True),
    "lstm": lambda k: k.layers.LSTM(4),
    "lstm_sequences": lambda k: k.layers.LSTM(4, return_sequences=True, return_state=True),
    "lstm_backwards": lambda k: k.layers.LSTM(4, return_sequences=True, go_backwards=True, return_state=True),
    "lstm_zero": lambda k: k.layers.LSTM(4, return_sequences=True, zero_output_for_mask=True),
    "lstm_unroll": lambda k: k.layers.LSTM(4, return_sequences=True, unroll=True),
    "lstm_unroll_backwards": lambda k: k.layers.LSTM(4, return_state=True, unroll=True, go_backwards=True),
    "lstm_plain": lambda k: k.layers.LSTM(4, use_bias=False, unit_forget_bias=False),
    "lstm_hard": lambda k: k.layers.LSTM(
        4, activation="relu", recurrent_activation="hard_sigmoid", return_sequences=True
    ),
    "lstm_one": lambda k: k.layers.LSTM(4, implementation=1, activation="softsign"),
    "gru": lambda k: k.layers.GRU(4),
    "gru_sequences": lambda k: k.layers.GRU(4, return_sequences=True, return_state=True),
    "gru_before": lambda k: k.layers.GRU(4, reset_after=False, return_sequences=True),
    "gru_before_one": lambda k: k.layers.GRU(4, reset_after=False, implementation=1),
    "gru_one": lambda k: k.layers.GRU(4, implementation=1, activation="softsign"),
    "gru_backwards": lambda k: k.layers.GRU(4, go_backwards=True, return_sequences=True, zero_output_for_mask=True),
    "gru_plain": lambda k: k.layers.GRU(4, use_bias=False, activation="elu"),
    "rnn_cell": lambda k: k.layers.RNN(k.layers.LSTMCell(4), return_sequences=True, return_state=True),
    "rnn_stacked": lambda k: k.layers.RNN(cells(k, 4, 5), return_sequences=True),
    "rnn_stacked_state": lambda k: k.layers.RNN(
        k.layers.StackedRNNCells([k.layers.GRUCell(4), k.layers.SimpleRNNCell(5)]), return_state=True
    ),
    "bidirectional": lambda k: k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True)),
    "bidirectional_sum": lambda k: k.layers.Bidirectional(k.layers.GRU(4), merge_mode="sum"),
    "bidirectional_mul": lambda k: k.layers.Bidirectional(k.layers.GRU(4, return_sequences=True), merge_mode="mul"),
    "bidirectional_ave": lambda k: k.layers.Bidirectional(
        k.layers.SimpleRNN(4, return_sequences=True), merge_mode="ave"
    ),
    "bidirectional_none": lambda k: k.layers.Bidirectional(k.layers.SimpleRNN(4), merge_mode=None),
    "bidirectional_two": lambda k: k.layers.Bidirectional(
        k.layers.LSTM(4), backward_layer=k.layers.GRU(4, go_backwards=True)
    ),
    "bidirectional_state": lambda k: k.layers.Bidirectional(k.layers.LSTM(4, return_state=True)),
    "time_distributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(4, activation="tanh")),
    "time_distributed_norm": lambda k: k.layers.TimeDistributed(k.layers.BatchNormalization()),
    "user": lambda k: k.layers.RNN(leaky(k)(4), return_sequences=True),
    "user_stacked": lambda k: k.layers.Bidirectional(k.layers.RNN([leaky(k)(4), k.layers.GRUCell(4)])),
}


def outputs(k, name, masked):
    layer = LAYERS[name](k)
    layer(X)
    randomise(layer)
    return layer, arrays(layer(X, **({"mask": MASK} if masked else {})))


keras_outputs = functools.cache(functools.partial(outputs, keras))  # which take their time, once for both engines


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_outputs(engine, name, masked):
    if masked and name == "user_stacked":
        pytest.skip("Keras repeats the first cell's state where a cell's state is no list")
    theirs, expected = keras_outputs(name, masked)
    mine, got = outputs(lamina, name, masked)
    names = [
        [(re.sub(r"_\d+", "", w.path.split("/", 1)[1]), tuple(w.shape)) for w in layer.weights]
        for layer in (theirs, mine)
    ]
    assert names[0] == names[1]
    for a, b in zip(expected, got, strict=True):
        np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-6)


def model(k, name, seed=7):
    inputs = k.Input((None if "unroll" not in name else 5, 3))
    out = LAYERS[name](k)(k.layers.Masking(0.0)(inputs))
    out = out[0] if isinstance(out, (list, tuple)) else out
    made = k.Model(inputs, k.layers.Dense(1)(out))
    randomise(made, seed)
    made.compile(k.optimizers.SGD(0.1), "mse")
    return made


def masked_x():
    x = X.copy()
    x[~MASK] = 0
    return x


def trained(k, name):
    """Losses and weights of two steps of gradient descent on masked sequences."""
    made = model(k, name)
    y = np.ones((6, *[5] * (len(made.output_shape) - 2), 1), "float32")
    losses = made.fit(masked_x(), y, batch_size=6, epochs=2, shuffle=False, verbose=0).history["loss"]
    return losses, made.get_weights()


keras_trained = functools.cache(functools.partial(trained, keras))


# Keras compiles for each; these cover the kinds of loops and gradients.
TRAINED = [
    "simple",
    "lstm",
    "lstm_backwards",
    "lstm_zero",
    "lstm_unroll",
    "lstm_hard",
    "gru_sequences",
    "gru_before",
    "gru_backwards",
    "rnn_stacked",
    "bidirectional",
    "bidirectional_mul",
    "time_distributed",
    "user",
]


@pytest.mark.parametrize("name", TRAINED)
def test_training_with_masks(engine, name):
    losses, weights = trained(lamina, name)
    np.testing.assert_allclose(losses, keras_trained(name)[0], rtol=1e-4)
    for a, b in zip(keras_trained(name)[1], weights, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_configs(name):
    theirs, mine = LAYERS[name](keras), LAYERS[name](lamina)
    a, b = (
        json.loads(json.dumps(keras.saving.serialize_keras_object(theirs))),
        json.loads(json.dumps(lamina.saving.serialize_keras_object(mine))),
    )

    def plain(c):
        """Without names that count up and default seeds that are drawn."""
        if isinstance(c, dict):
            return {k: plain(v) for k, v in c.items() if k not in ("name", "seed", "build_config")}
        return [plain(v) for v in c] if isinstance(c, list) else c

    assert plain(b) == plain(a)
    again = lamina.layers.deserialize(json.loads(json.dumps(a)))
    assert plain(json.loads(json.dumps(lamina.saving.serialize_keras_object(again)))) == plain(a)


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in LAYERS
        if n in ("simple", "lstm", "gru", "gru_before", "rnn_stacked", "user", "time_distributed_norm")
        or n.startswith("bidir")
    ],
)
def test_files_both_ways(tmp_path, name):
    x = masked_x()
    theirs = model(keras, name)
    theirs.save(tmp_path / "theirs.keras")
    mine = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    mine = model(lamina, name, seed=9)
    mine.save(tmp_path / "mine.keras")
    np.testing.assert_allclose(
        keras.models.load_model(tmp_path / "mine.keras").predict(x, verbose=0),
        mine.predict(x, verbose=0),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda k, **a: k.layers.LSTM(4, **a),
        lambda k, **a: k.layers.GRU(4, **a),
        lambda k, **a: k.layers.RNN([k.layers.LSTMCell(4), k.layers.SimpleRNNCell(3)], **a),
    ],
)
def test_a_stateful_layer_step_by_step_is_the_whole_sequence(engine, make):
    inputs = lamina.Input(batch_shape=(6, 1, 3))
    layer = make(lamina, stateful=True)
    steps = lamina.Model(inputs, layer(inputs))
    whole = make(lamina, return_sequences=True)
    whole(X)
    whole.set_weights(layer.get_weights())
    expected = np.asarray(whole(X))
    for _ in range(2):
        for t in range(5):
            np.testing.assert_allclose(steps.predict_on_batch(X[:, t : t + 1]), expected[:, t], atol=1e-6)
        layer.reset_state()
        assert all(not np.any(np.asarray(v)) for v in lamina.tree.flatten(layer.states))


def test_stateful_training_goes_on_from_the_last_states():
    def run(k, reset):
        inputs = k.Input(batch_shape=(6, 5, 3))
        layer = k.layers.GRU(4, stateful=True)
        made = k.Model(inputs, k.layers.Dense(1)(layer(inputs)))
        randomise(made)
        made.compile(k.optimizers.SGD(0.1), "mse")
        losses = []
        for _ in range(3):
            if reset:
                layer.reset_state()
            losses += made.fit(X, np.ones((6, 1)), batch_size=6, shuffle=False, verbose=0).history["loss"]
        return losses

    going_on = []
    for engine in ("eager", "graph"):
        lamina.config.set_engine(engine)
        going_on.append(run(lamina, False))
        # Keras' compiled step on JAX does not carry states from batch to batch: it is as if they were reset.
        np.testing.assert_allclose(run(lamina, True), run(keras, True), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(going_on[0], going_on[1], rtol=1e-5)
    assert abs(going_on[0][1] - run(lamina, True)[1]) > 1e-4


def test_initial_states(engine):
    def run(k):
        h, c, x = k.Input((4,)), k.Input((4,)), k.Input((None, 3))
        made = k.Model([x, h, c], k.layers.LSTM(4, return_state=True)(x, initial_state=[h, c]))
        randomise(made)
        other = k.layers.Bidirectional(k.layers.GRU(4))
        other(X)
        randomise(other)
        states = [np.full((6, 4), v, "float32") for v in (0.5, -0.25)]
        return arrays(made([X, *states])) + arrays(other(X, initial_state=states))

    for a, b in zip(run(keras), run(lamina), strict=True):
        np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda **a: lamina.layers.LSTM(8, **a),
        lambda **a: lamina.layers.GRU(8, **a),
        lambda **a: lamina.layers.SimpleRNN(8, **a),
    ],
)
def test_dropout_acts_in_training_alone_and_alike_on_both_engines(make):
    for rates in ({"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.3, "recurrent_dropout": 0.3}):
        out = {}
        for engine in ("eager", "graph"):
            lamina.config.set_engine(engine)
            layer = make(seed=3, **rates)
            layer(X)
            randomise(layer)
            plain = np.asarray(layer(X))
            model = lamina.Sequential([lamina.Input((5, 3)), layer])
            model.compile("sgd", "mse")
            before = model.evaluate(X, np.zeros((6, 8)), verbose=0)
            out[engine] = model.fit(X, np.zeros((6, 8)), batch_size=6, epochs=2, verbose=0, shuffle=False).history[
                "loss"
            ]
            assert out[engine][0] != before
            assert np.array_equal(plain, np.asarray(make(seed=3).__class__.from_config(layer.get_config())(X))) is False
        lamina.config.set_engine("graph")
        np.testing.assert_allclose(out["eager"], out["graph"], rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_policies(engine, policy):
    layer = lamina.layers.LSTM(4, dtype=policy, return_sequences=True, return_state=True)
    out, h, c = layer(X)
    assert layer.get_weights()[0].dtype == (np.float64 if policy == "float64" else np.float32)
    plain = lamina.layers.LSTM(4, return_sequences=True, return_state=True)
    plain(X)
    plain.set_weights(layer.get_weights())
    for a, b in zip(plain(X), (out, h, c)):
        assert b.dtype == layer.compute_dtype
        np.testing.assert_allclose(np.asarray(lamina.ops.cast(b, "float32")), np.asarray(a), atol=3e-2)


# a misuse, the kind of error (Keras' for the same), what the message says
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_use_cudnn_is_kept_and_not_serialized(name):
    for k in (keras, lamina):
        for choice in (True, False, "auto"):
            layer = getattr(k.layers, name)(2, use_cudnn=choice)
            assert layer.use_cudnn == choice and "use_cudnn" not in layer.get_config()
            both = k.layers.Bidirectional(layer)
            assert both.forward_layer.use_cudnn == choice and both.backward_layer.use_cudnn == choice
        layer.use_cudnn = False
        assert layer.use_cudnn is False
        assert not hasattr(k.layers.SimpleRNN(2), "use_cudnn")
        assert not hasattr(k.layers.Bidirectional(k.layers.SimpleRNN(2)).forward_layer, "use_cudnn")


@pytest.mark.skipif(lamina.config.device() != "cpu", reason="another device may have cuDNN")
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_use_cudnn_is_required_where_there_is_none(engine, name):
    for k in (keras, lamina) if name == "LSTM" else (lamina,):  # Keras on JAX takes its own GRU for cuDNN's
        with pytest.raises(ValueError, match="use_cudnn=True was specified, but cuDNN is not supported"):
            getattr(k.layers, name)(2, use_cudnn=True)(X)
        with pytest.raises(ValueError, match="use_cudnn=True was specified, but cuDNN is not supported"):
            getattr(k.layers, name)(2, use_cudnn=True, activation="relu")(X)
    for choice in ("auto", False):
        assert getattr(lamina.layers, name)(2, use_cudnn=choice)(X).shape == (len(X), 2)


MISUSES = [
    (lambda k: k.layers.LSTM(0), ValueError, "expected a positive integer, got 0"),
    (lambda k: k.layers.LSTM(4)(X[0]), ValueError, "expected ndim=3, found ndim=2"),
    (lambda k: k.layers.GRU(4, use_cudnn="maybe"), ValueError, "use_cudnn=maybe|use_cudnn='maybe'"),
    (lambda k: k.layers.RNN(k.layers.Dense(3)), ValueError, "`state_size` attribute"),
    (lambda k: k.layers.RNN(3), ValueError, "`call` method"),
    (lambda k: k.layers.StackedRNNCells([k.layers.Dense(2)]), ValueError, "`state_size` attribute"),
    (lambda k: k.layers.Bidirectional("lstm"), ValueError, "Please initialize `Bidirectional`"),
    (lambda k: k.layers.Bidirectional(k.layers.LSTM(4), merge_mode="max"), ValueError, "Invalid merge mode"),
    (
        lambda k: k.layers.Bidirectional(k.layers.LSTM(4), backward_layer=k.layers.LSTM(4)),
        ValueError,
        "different `go_backwards` value",
    ),
    (
        lambda k: k.layers.Bidirectional(
            k.layers.LSTM(4), backward_layer=k.layers.LSTM(4, go_backwards=True, return_state=True)
        ),
        ValueError,
        'same value for attribute "return_state"',
    ),
    (lambda k: k.layers.TimeDistributed(3), ValueError, "Please initialize `TimeDistributed`"),
    (lambda k: k.layers.TimeDistributed(k.layers.Dense(2))(X[0]), ValueError, "at least 3 dimensions"),
    (lambda k: k.layers.LSTM(4, stateful=True)(k.Input((5, 3))), ValueError, "batch size must be static"),
    (lambda k: k.layers.Bidirectional(k.layers.LSTM(4)).reset_state(), AttributeError, "Layer must be stateful"),
]


@pytest.mark.parametrize("which", range(len(MISUSES)))
def test_misuses(which):
    misuse, kind, words = MISUSES[which]
    with pytest.raises(kind, match=words):
        misuse(lamina)
    with pytest.raises(kind):
        misuse(keras)


class Echo(lamina.layers.Layer):
    """A cell whose output is not its state: it gives back its input and counts the steps."""

    def __init__(self, states=1, **kwargs):
        super().__init__(**kwargs)
        self.state_size, self.output_size = states, 3

    def call(self, x, states):
        return x * 1.0, [states[0] + 1]


X3 = np.arange(1, 25, dtype="float32").reshape(2, 4, 3)


@pytest.mark.parametrize("states", [3, 1, 2])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
def test_masked_steps_repeat_the_output_of_any_cell(states, unroll, backwards, zeros, engine):
    """Not the state, which is another thing and may have another width."""
    mask = np.array([[False, True, False, True], [True, True, False, False]])
    want, last, count = (
        np.zeros((2, 4, 3), "float32"),
        np.zeros((2, 3), "float32"),
        np.full((2, states), 5.0, "float32"),
    )
    for at, step in enumerate(range(3, -1, -1) if backwards else range(4)):
        on = mask[:, step, None]
        last = np.where(on, X3[:, step], last)
        want[:, at] = np.where(on, X3[:, step], 0) if zeros and not unroll else last
        count = count + on
    options = {"unroll": unroll, "go_backwards": backwards, "zero_output_for_mask": zeros}
    start = np.full((2, states), 5.0, "float32")
    ys, state = lamina.layers.RNN(Echo(states), return_sequences=True, return_state=True, **options)(
        X3, initial_state=[start], mask=mask
    )
    np.testing.assert_array_equal(np.asarray(ys), want)
    np.testing.assert_array_equal(np.asarray(state), count)
    np.testing.assert_array_equal(
        np.asarray(lamina.layers.RNN(Echo(states), **options)(X3, mask=mask)), last
    )  # of the last step that counts
    i = lamina.Input((4, 3))
    model = lamina.Model(
        i, lamina.layers.RNN(Echo(states), return_sequences=True, **options)(lamina.layers.Masking(-1.0)(i))
    )
    np.testing.assert_array_equal(model.predict(np.where(mask[..., None], X3, -1), verbose=0), want)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "RNN"])
@pytest.mark.parametrize("backwards", [False, True])
def test_zeros_for_masked_steps_are_for_sequences(name, backwards, engine):
    """As Keras documents zero_output_for_mask: the last output alone is that of the last step which counts."""
    layers = lamina.layers
    make = {
        "ConvLSTM1D": lambda **k: layers.ConvLSTM1D(2, 2, **k),
        "RNN": lambda **k: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], **k),
    }.get(name, lambda **k: getattr(layers, name)(4, **k))
    x = np.random.default_rng(8).standard_normal((2, 6, 5, 3) if name == "ConvLSTM1D" else (2, 6, 3)).astype("float32")
    mask = np.array([[True, True, False, True, False, False], [False, True, True, True, True, False]])
    layer = make(go_backwards=backwards)
    want = np.asarray(layer(x, mask=mask))
    other = make(go_backwards=backwards, zero_output_for_mask=True)
    other.build(x.shape)
    other.set_weights(layer.get_weights())
    np.testing.assert_allclose(np.asarray(other(x, mask=mask)), want, rtol=1e-6)
    assert np.abs(want).min() > 0
