"""What is said when the API is misused: what was given, what was expected, where, and what to do. And all goes on
working.

The misuses are rows of the tables in misuse_*.py. Files have a test of their own: test_files_messages.py.
"""

import warnings

import keras
import lamina
import misuse_layers  # noqa: F401
import misuse_models  # noqa: F401
import misuse_ops  # noqa: F401
import misuse_rest  # noqa: F401
import numpy as np
import pytest
from misuse import CASES, WORKS, A, B, X, Y, Z, fits, ones, pair, single


def invoke(c, k):
    """The exception, and what to test afterwards: (object, its weights before)."""
    made = c.made
    if made is None and c.call.__code__.co_argcount == 2:
        made = pair
    object_ = made(k) if made else None
    before = object_.get_weights() if object_ is not None and c.made else None
    with pytest.raises(Exception) as caught:
        c.call(k, object_) if object_ is not None else c.call(k)
    return caught.value, object_, before


@pytest.mark.parametrize("c", CASES, ids=lambda c: c.name)
def test_message(c, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error, object_, before = invoke(c, lamina)
    assert isinstance(error, c.error), f"{type(error).__name__}: {error}"
    for word in c.words:
        assert word in str(error), f"{word!r} is not in: {error}"
    if c.made:
        WORKS[c.made](object_, before)
    elif object_ is not None:  # compiled wrongly: compiled anew, it trains
        object_.compile("sgd", ["mse", "mse"])
        fits(([A, B], [Y, Z]))(object_, object_.get_weights())


@pytest.mark.parametrize("c", CASES, ids=lambda c: c.name)
def test_keras_raises_alike(c, tmp_path, monkeypatch):
    """Real Keras raises this kind of error for the same call, so that `except` clauses of scripts go on working."""
    monkeypatch.chdir(tmp_path)
    error, _, _ = invoke(c, keras)
    assert isinstance(error, c.keras), f"{type(error).__name__}: {error}"


def test_there_are_many_cases():
    assert len({c.name for c in CASES}) == len(CASES) >= 60


# ---- beside the table ----
def test_a_failed_batch_in_the_middle_of_an_epoch():
    """Steps before it count; the model goes on."""
    model = single(lamina)

    def batches():
        yield X, Y
        yield ones(4, 5), Y

    with pytest.raises(ValueError, match="axis -1"):
        model.fit(batches(), verbose=0)
    assert int(model.optimizer.iterations) == 1
    fits((X, Y))(model, model.get_weights())


def test_a_schedule_of_the_epoch_alone():
    model = single(lamina)
    model.fit(
        X, Y, epochs=3, verbose=0, callbacks=[lamina.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))]
    )
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 3)


def test_a_type_error_inside_a_schedule_is_not_hidden():
    def schedule(epoch, rate):
        return rate + "a"

    with pytest.raises(TypeError, match="unsupported operand"):
        single(lamina).fit(X, Y, verbose=0, callbacks=[lamina.callbacks.LearningRateScheduler(schedule)])


def test_where_an_error_of_a_nested_call_happened():
    class Inner(lamina.layers.Layer):
        def call(self, x):
            return x + ones(7)

    class Outer(lamina.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.inner = Inner(name="inner_layer")

        def call(self, x):
            return self.inner(x)

    with pytest.raises(ValueError) as caught:
        Outer()(ones(2, 3))
    assert str(caught.value).count("Exception encountered when calling") == 1
    assert "'inner_layer' (Inner)" in str(caught.value)


def test_errors_of_other_kinds_pass_unchanged():
    class Own(Exception):
        pass

    class Raises(lamina.layers.Layer):
        def call(self, x):
            raise Own("as it is", 5)

    with pytest.raises(Own) as caught:
        Raises()(ones(2, 3))
    assert caught.value.args == ("as it is", 5)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, "half"])
def test_validation_split(share):
    with pytest.raises(ValueError, match="`validation_split` must be a number from 0"):
        single(lamina).fit(X, Y, validation_split=share, verbose=0)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: m.fit(X, Y, verbose="loud"), "`verbose` must be 'auto', 0 .*'loud'"),
        (lambda m: m.get_layer(5), r"get_layer\(index=5\)"),
        (lambda m: lamina.config.set_epsilon("a"), "epsilon must be a positive number. Received: 'a'"),
    ],
)
def test_values_of_the_wrong_type(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(single(lamina))


MODULES = [
    "",
    "activations",
    "callbacks",
    "config",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "utils",
]


@pytest.mark.parametrize("module", MODULES)
def test_what_is_missing_is_an_attribute_error(module):
    """Every public name of Keras is there, or an AttributeError says not; never another error."""
    theirs, mine = (getattr(keras, module), getattr(lamina, module)) if module else (keras, lamina)
    for name in dir(theirs):
        if not name.startswith("_"):
            hasattr(mine, name)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = mine.nonsense


def test_a_mask_that_is_lost_where_that_is_an_error():
    x = np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32")
    layers = lamina.layers
    model = lamina.Sequential([layers.Masking(), layers.Dense(2), layers.Flatten(name="flat")])
    assert lamina.config.lost_masks() == "warn"
    lamina.config.set_lost_masks("error")
    try:
        with pytest.raises(
            ValueError, match="Layer 'flat' .of type Flatten. was passed an input with a mask.*lost_masks"
        ):
            model(x)
        layers.LSTM(2)(layers.Masking()(x))
        layers.GlobalAveragePooling1D()(layers.Masking()(x))
    finally:
        lamina.config.set_lost_masks("warn")
    with pytest.warns(UserWarning, match="was passed an input with a mask"):
        assert model(x).shape == (1, 4)
    with pytest.raises(ValueError, match="'warn' or 'error'. Received: 'raise'"):
        lamina.config.set_lost_masks("raise")


def test_a_mask_that_is_lost():
    inputs = lamina.Input((4, 3))
    masked = lamina.layers.Masking()(inputs)
    with pytest.warns(
        UserWarning,
        match=(
            "Layer 'flat' .of type Flatten. was passed an input with a mask attached to it. However, this layer does "
            "not support masking"
        ),
    ):
        lamina.layers.Flatten(name="flat")(masked)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lamina.layers.LSTM(3)(lamina.layers.Dropout(0.5)(masked))
        lamina.Model(inputs, lamina.layers.Dense(3)(masked))(masked)
