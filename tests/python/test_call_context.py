"""What calls of layers say to the layers inside them: registered arguments, and the masks that symbolic calls record.
Compared with Keras."""

import threading

import keras
import lamina
import numpy as np
import pytest

LIBRARIES = pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
ONE = np.ones((1, 1), "float32")


def layer_classes(library):
    class Inner(library.layers.Layer):
        def __init__(self):
            super().__init__()
            self._register_call_context_args("scale")

        def call(self, x, scale=1.0):
            return x * scale

    class Outer(library.layers.Layer):
        def __init__(self, **given):
            super().__init__()
            self.inner, self.given = Inner(), given

        def call(self, x):
            return self.inner(x, **self.given)

    class Deaf(library.layers.Layer):
        def call(self, x, scale=1.0):
            return x * scale

    return Inner, Outer, Deaf


def number(x):
    return float(np.asarray(x).ravel()[0])


@LIBRARIES
def test_registered_arguments_reach_inner_layers(library, engine):
    inner, outer, _ = layer_classes(library)
    made = inner()
    assert [number(made(ONE)), number(made(ONE, scale=3.0))] == [1, 3]
    layer = outer()
    layer._register_call_context_args("scale")
    assert sorted(layer._call_context_args) == ["scale", "training"]
    assert [number(layer(ONE, scale=2.0)), number(layer(ONE))] == [2, 1]
    said = outer(scale=5.0)  # what the layer itself says counts more
    said._register_call_context_args("scale")
    assert number(said(ONE, scale=2.0)) == 5


@LIBRARIES
def test_models_pass_arguments_on(library, engine):
    _, outer, _ = layer_classes(library)
    sequence = library.Sequential([library.layers.Identity(), outer()])
    inputs = library.Input((1,))
    functional = library.Model(inputs, outer()(library.layers.Identity()(inputs)))
    for model in (sequence, functional):
        model._register_call_context_args("scale")
        assert [number(model(ONE, scale=2.0)), number(model(ONE))] == [2, 1]


@LIBRARIES
def test_layers_that_registered_nothing_get_nothing(library):
    _, _, deaf = layer_classes(library)
    model = library.Sequential([deaf()])
    model._register_call_context_args("scale")
    assert number(model(ONE, scale=2.0)) == 1


@LIBRARIES
def test_names_are_registered_before_the_first_call(library):
    class Plain(library.layers.Layer):
        def call(self, x):
            return x

    layer = Plain()
    layer(ONE)
    with pytest.raises(RuntimeError, match="after the layer has been called"):
        layer._register_call_context_args("scale")


def test_threads_do_not_hear_each_other():
    _, outer, _ = layer_classes(lamina)
    seen, inside, go = [], threading.Event(), threading.Event()

    class Waits(lamina.layers.Layer):
        def call(self, x):
            inside.set()
            go.wait(10)
            return x

    first = lamina.Sequential([Waits(), outer()])
    first._register_call_context_args("scale")
    thread = threading.Thread(target=lambda: seen.append(number(first(ONE, scale=2.0))))
    thread.start()
    inside.wait(10)
    assert number(outer()(ONE)) == 1
    go.set()
    thread.join()
    assert seen == [2]


# ---- masks of symbolic tensors ----
def masked(library):
    """Functional models whose outputs are masks, and what to call them with."""
    layers, ops = library.layers, library.ops
    ids, steps, more = library.Input((4,), dtype="int32"), library.Input((4, 2)), library.Input((4, 2))
    embedded = layers.Embedding(9, 3, mask_zero=True)(ids)
    kept = layers.Masking()(steps)

    class First(layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x

        def compute_mask(self, x, mask=None):
            return ops.greater(x[..., 0], 0)

    a, b, c = (
        np.array([[1, 2, 0, 0], [3, 0, 0, 0]]),
        np.array([[[0, 0], [1, 0], [0, 0], [1, 1]]], "float32"),
        np.array([[[0, 0], [1, 0], [0, 0], [0, 0]]], "float32"),
    )
    return {
        "embedding": (library.Model(ids, embedded._keras_mask), a),
        "passed on": (library.Model(ids, layers.Dropout(0.5)(embedded)._keras_mask), a),
        "sequences": (library.Model(ids, layers.LSTM(2, return_sequences=True)(embedded)._keras_mask), a),
        "of numbers": (library.Model(ids, ops.cast(embedded._keras_mask, "float32") * 2), a),
        "asked for": (library.Model(steps, layers.Masking().compute_mask(steps)), b),
        "side by side": (library.Model([steps, more], layers.Concatenate(axis=1)([kept, more])._keras_mask), [b, c]),
        "sum": (library.Model([steps, more], layers.Add()([kept, layers.Masking()(more)])._keras_mask), [b, c]),
        "user's": (library.Model(steps, First()(steps)._keras_mask), b),
        "given": (library.Model(steps, layers.GlobalAveragePooling1D()(steps, mask=kept._keras_mask)), b),
    }


def test_masks_are_parts_of_functional_models(engine):
    ours, theirs = masked(lamina), masked(keras)
    for name in theirs:
        (model, x), (other, _) = ours[name], theirs[name]
        np.testing.assert_allclose(np.asarray(model(x)), np.asarray(other(x)), rtol=1e-6, err_msg=name)


def test_models_of_masks_are_files_of_keras(tmp_path):
    for name in ("sum", "side by side", "asked for", "of numbers"):
        model, x = masked(lamina)[name]
        model.save(tmp_path / "a.keras")
        for library in (lamina, keras):
            got = library.models.load_model(tmp_path / "a.keras")(x)
            np.testing.assert_allclose(np.asarray(got), np.asarray(model(x)), rtol=1e-6, err_msg=name)
