"""Sequential, functional and subclassed models beside Keras: what they take, what they have, what they refuse."""

import json
import subprocess
import sys

import lamina as keras
import numpy as np
import pytest
from lamina import layers

X, Y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")


def stack():
    return keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2)])


def unbuilt():
    return keras.Sequential([layers.Dense(4), layers.Dense(2)])


def functional():
    inputs = keras.Input((3,))
    return keras.Model(inputs, layers.Dense(2)(inputs))


class Subclass(keras.Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)
        self.units = units

    def call(self, x):
        return self.dense(x)


# ---- Sequential ----
def test_names_take_one_number_each():
    number = lambda m: int(m.name.split("_")[-1])
    keras.Sequential()
    first = number(keras.Sequential())
    assert [number(keras.Sequential()) for _ in range(3)] == [first + 1, first + 2, first + 3]

    class Tower(keras.Sequential):
        pass

    assert Tower().name == "tower" and Tower().name == "tower_1" and keras.Sequential(name="mine").name == "mine"
    assert number(keras.Sequential()) == first + 4


@pytest.mark.parametrize("bad", [None, 3, "dense", layers.Dense, lambda t: t, [layers.Dense(1)], np.ones(3)])
def test_what_is_no_layer_is_refused(bad):
    with pytest.raises(ValueError, match="Only instances of `keras.Layer`"):
        keras.Sequential().add(bad)
    with pytest.raises(ValueError, match="Only instances of `keras.Layer`"):
        keras.Sequential([layers.Dense(1), bad])


def test_layers_of_other_signatures_are_refused():
    class NoArgument(layers.Layer):
        def call(self):
            return 1

    class TwoArguments(layers.Layer):
        def call(self, a, b):
            return a + b

    with pytest.raises(ValueError, match="NoArgument has no positional arguments"):
        keras.Sequential([keras.Input((3,)), NoArgument()])
    with pytest.raises(ValueError, match="TwoArguments has multiple required positional arguments"):
        keras.Sequential([keras.Input((3,)), TwoArguments()])


def test_layers_are_changed_by_add_and_pop_alone():
    model = stack()
    with pytest.raises(AttributeError, match="Use `add\\(\\)` and `pop\\(\\)`"):
        model.layers = []
    model.layers.clear()  # a copy
    assert len(model.layers) == 2
    assert model.pop().units == 2 and model.output_shape == (None, 4)
    with pytest.raises(IndexError):
        keras.Sequential().pop()
    shared = layers.Dense(3)
    twice = keras.Sequential([keras.Input((3,)), shared, shared])
    assert len(twice.layers) == 2 and len(twice.weights) == 2
    np.testing.assert_allclose(twice.predict(X, verbose=0), shared(shared(X)), rtol=1e-5)
    with pytest.raises(ValueError, match="unique names"):
        keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])


def test_a_declared_shape_stays():
    with pytest.raises(ValueError, match="already been configured to use input shape"):
        stack().build((None, 5))
    stack().build((None, 3))
    with pytest.raises(ValueError, match="no layers"):
        keras.Sequential().build((None, 3))


def test_lists_and_dicts_of_inputs(engine):
    class Pick(layers.Layer):
        def call(self, d):
            return d["a"] - d["b"]

    for model, data in (
        (keras.Sequential([layers.Subtract(), layers.Dense(2)]), [X, 0 * X]),
        (keras.Sequential([Pick(), layers.Dense(2)]), {"a": X, "b": 0 * X}),
    ):
        want = None
        for _ in range(2):
            got = np.asarray(model(data))
            want = got if want is None else want
            np.testing.assert_allclose(got, want)
        np.testing.assert_allclose(
            model.predict(data, verbose=0), X @ model.get_weights()[0] + model.get_weights()[1], rtol=1e-5
        )
        model.compile("sgd", "mse")
        losses = model.fit(data, Y, epochs=3, verbose=0).history["loss"]
        assert losses[2] < losses[0] and model.built
    assert unbuilt().build([(None, 3), (None, 3)]) is None
    assert keras.Sequential([layers.Concatenate(), layers.Dense(2)]).compute_output_shape([(None, 3), (None, 2)]) == (
        None,
        2,
    )


def test_masks_pass_a_stack_that_is_no_graph(engine):
    ids = [np.array([[1, 2, 0]]), np.array([[1, 2, 0]])]
    inner = [layers.Embedding(5, 2, mask_zero=True), layers.GlobalAveragePooling1D()]

    class First(layers.Layer):
        def call(self, both):
            return both[0]

    model = keras.Sequential([First(), *inner])
    np.testing.assert_allclose(model(ids), np.asarray(inner[0].embeddings)[[1, 2]].mean(0, keepdims=True), rtol=1e-6)


# ---- attributes that are not set ----
@pytest.mark.parametrize("make", [stack, unbuilt, functional, Subclass])
def test_unset_attributes(make):
    model = make()
    for name in ("optimizer", "history", "nothing"):
        assert not hasattr(model, name), name
    assert model.loss is None and model.metrics == [] and not model.compiled
    known = make in (stack, functional)
    for name in ("inputs", "outputs", "input", "output", "input_shape", "output_shape", "output_names", "operations"):
        assert hasattr(model, name) == known, name
    model.compile("sgd", "mse")
    assert hasattr(model, "optimizer") and model.loss == "mse"


# ---- functional ----
def test_no_inputs_or_outputs():
    inputs = keras.Input((3,))
    with pytest.raises(ValueError, match="`inputs` argument cannot be empty"):
        keras.Model([], inputs)
    with pytest.raises(ValueError, match="`outputs` argument cannot be empty"):
        keras.Model(inputs, [])


def test_one_output_in_a_list(engine):
    inputs = keras.Input((3,))
    model = keras.Model([inputs], [layers.Dense(2)(inputs)])
    assert (
        np.shape(model(X)) == (4, 2) and np.shape(model([X])) == (4, 2) and model.predict(X, verbose=0).shape == (4, 2)
    )
    assert isinstance(model(inputs), list) and model.output_shape == (None, 2) and isinstance(model.output, list)
    for loss, metrics in (("mse", ["mae"]), (["mse"], [["mae"]])):
        model.compile("sgd", loss, metrics=metrics)
        assert sorted(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]
    outer = keras.Model(inputs, layers.Dense(1)(model(inputs)[0]))
    assert outer.predict(X, verbose=0).shape == (4, 1)


def test_shapes_of_several():
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    model = keras.Model({"a": a, "b": b}, {"x": layers.Dense(2)(a), "y": layers.Dense(1)(b)})
    assert model.input_shape == [(None, 3), (None, 2)] and model.output_shape == [(None, 2), (None, 1)]
    assert len(functional().input_spec) == 1


# ---- clones ----
def test_clone_model_by_call_function(engine):
    a, b = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([a, b], layers.Dense(2, use_bias=False)(a + b))
    called = []

    def call(layer, *args, **kwargs):
        called.append(type(layer).__name__)
        return layer(*args, **kwargs) * 2

    copy = keras.models.clone_model(model, call_function=call)
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy.predict([X, X], verbose=0), 4 * model.predict([X, X], verbose=0), rtol=1e-5)
    assert called == ["Operation", "Dense"] or called == ["Add", "Dense"]


def test_clones_are_compiled_alike():
    model = stack()
    model.compile("adam", "mse", metrics=["mae"])
    copy = keras.models.clone_model(model)
    assert (
        copy.compiled
        and copy.loss == "mse"
        and type(copy.optimizer) is type(model.optimizer)
        and copy.optimizer is not model.optimizer
    )
    assert type(keras.models.clone_model(layers.Dense(3))) is layers.Dense


# ---- configs ----
def test_compile_configs():
    assert stack().get_compile_config() == {}
    model = stack()
    model.compile(keras.optimizers.Adam(0.5), keras.losses.MeanSquaredError(), metrics=["mae"], loss_weights=[0.5])
    again = stack()
    again.compile_from_config(model.get_compile_config())
    assert float(again.optimizer.learning_rate) == 0.5 and type(again.loss) is keras.losses.MeanSquaredError
    assert sorted(again.fit(X, Y, verbose=0).history) == ["loss", "mae"]
    with pytest.raises(ValueError, match="'name' and 'layers'"):
        keras.Sequential.from_config({"layers": []})


def test_json():
    model = stack()
    assert (
        json.loads(model.to_json(indent=2)) == json.loads(model.to_json())
        and model.to_json(indent=2).count("\n") > 10
        and "\n" not in model.to_json()
    )
    assert list(json.loads(model.to_json(sort_keys=True))) == sorted(json.loads(model.to_json()))
    assert len(keras.models.model_from_json(model.to_json(indent=4)).weights) == 4
    with pytest.raises(TypeError):
        model.to_json(indentation=2)
    with pytest.raises(ValueError, match="value_format"):
        model.get_state_tree("lists")


# ---- summary ----
def summary_of(model, **options):
    out = []
    model.summary(print_fn=lambda text, **kwargs: out.append(text), **options)
    return "".join(out)


def test_range_of_a_summary():
    model = keras.Sequential([keras.Input((3,)), *(layers.Dense(2, name=n) for n in ("one", "two", "three"))])
    rows = lambda *names: [n for n in ("one", "two", "three") if f"{n} (Dense)" in summary_of(model, layer_range=names)]
    assert (
        rows("two", "two") == ["two"]
        and rows("two", "three") == ["two", "three"]
        and rows("three", "one") == ["one", "two", "three"]
        and rows("t.*", "t.*") == ["two", "three"]
    )
    for bad in (("four", "five"), ("one",), (1, 2), ("(", "one")):
        with pytest.raises(ValueError, match="layer_range|layer_names"):
            summary_of(model, layer_range=bad)


def test_places_of_a_summary():
    bars = lambda **options: [i for i, c in enumerate(summary_of(stack(), **options).splitlines()[2]) if c == "┃"]
    assert bars(line_length=60, positions=[0.5, 0.8, 1.0]) == [0, 30, 47, 59]
    assert bars(line_length=60, positions=[20, 40, 60]) == [0, 20, 39, 59]
    for bad in ([0.5, 1.0], [0.01, 0.02, 1.0], [0.5, 0.4, 1.0]):
        with pytest.raises(ValueError, match="positions|Insufficient"):
            bars(line_length=60, positions=bad)
    lines = summary_of(stack(), line_length=50).splitlines()
    assert {len(line) for line in lines[1:-4]} == {50}


def test_a_chain_needs_no_connections():
    assert "Connected to" not in summary_of(functional())
    a, b = keras.Input((3,)), keras.Input((3,))
    assert "Connected to" in summary_of(keras.Model([a, b], layers.Add()([a, b])))
    assert "Trainable" in summary_of(functional(), show_trainable=True, line_length=100)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal(encoding):
    """Bars and tables are drawn with what the output's encoding has."""
    code = (
        "import numpy as np, lamina as keras\nm = keras.Sequential([keras.Input((2,)), "
        "keras.layers.Dense(1)])\nm.compile('sgd', 'mse')\nm.summary()\n"
        "m.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=1)\nm.evaluate(np.ones((4, 2)), np.ones((4, 1)), "
        "verbose=2)\nm.predict(np.ones((4, 2)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": encoding, "LANG": "C", "LC_ALL": "C"},
    )
    text = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert "Total params" in text and "Epoch 2/2" in text and ("━" if encoding == "utf-8" else "====") in text


def test_a_subclass_may_keep_a_loss_of_its_own():
    model = Subclass()
    model.loss = "mine"
    assert model.loss == "mine"
    model.compile("sgd", "mse")
    assert model.loss == "mse"
    model.loss = "mae"
    want = float((np.asarray(model(X)) ** 2).mean())
    assert model.loss == "mae" and model.train_on_batch(X, 0 * Y) == pytest.approx(want)


def models_to_draw(keras):
    keras.utils.clear_session()  # ops are named by their count
    layers = keras.layers
    inputs = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, name="convolution_with_a_name_that_is_longer_than_its_cell")(inputs)
    x = layers.GlobalAveragePooling2D(name="mean")(layers.BatchNormalization(name="norm")(x))
    chain = keras.Model(inputs, layers.Dense(2, name="out")(x), name="chain")

    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    both = keras.ops.add(layers.Add(name="sum")([a, b]), layers.Dense(3, name="dense")(a))
    states = layers.LSTM(2, return_state=True, name="lstm")(layers.Reshape((3, 1), name="column")(both))
    branched = keras.Model([a, b], states, name="branched")

    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="first"), layers.Dense(2, name="second")], name="inner"
    )
    inner.layers[0].trainable = False
    nested = keras.Sequential([keras.Input((4,)), inner, layers.Dropout(0.5, name="drop")], name="nested")
    trained = keras.Sequential([keras.Input((4,)), layers.Dense(1, name="only")], name="trained")
    trained.compile("adam", "mse")
    trained.fit(np.zeros((2, 4)), np.zeros((2, 1)), verbose=0)
    waiting = keras.Sequential([layers.Dense(1, name="unbuilt")], name="waiting")

    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.one, self.two = layers.Dense(3, name="one"), layers.Dense(1, name="two")

        def call(self, x):
            return self.two(self.one(x))

    own = Own()
    own(np.zeros((2, 5), "float32"))
    return chain, branched, nested, trained, waiting, own


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"line_length": 70},
        {"line_length": 101, "show_trainable": True},
        {"expand_nested": True, "show_trainable": True},
    ],
    ids=str,
)
def test_summaries_are_keras(options, monkeypatch):
    import keras as peer

    monkeypatch.setenv("COLUMNS", "150")
    for ours, theirs in zip(models_to_draw(keras), models_to_draw(peer), strict=True):
        lines = [summary_of(m, **options).splitlines() for m in (ours, theirs)]
        assert [line.rstrip() for line in lines[0]] == [line.rstrip() for line in lines[1]]
