"""Misuses of the API: what is misused, how, and what must be said. The tables are in misuse_*.py."""

import numpy as np


def ones(*shape):
    return np.ones(shape, "float32")


X, Y = ones(4, 6), ones(4, 2)
A, B, Z = ones(4, 3), ones(4, 4), ones(4, 1)


# ---- what is misused: how it is made, and that it still works ----
def uncompiled(k):
    return k.Sequential(
        [k.Input((6,)), k.layers.Dense(4, activation="relu", name="hidden"), k.layers.Dense(2, name="out")], name="net"
    )


def single(k):
    model = uncompiled(k)
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def pair(k):
    """Two inputs, two outputs."""
    a, b = k.Input((3,), name="a"), k.Input((4,), name="b")
    h = k.layers.Concatenate(name="both")([a, b])
    model = k.Model([a, b], [k.layers.Dense(2, name="y")(h), k.layers.Dense(1, name="z")(h)], name="pair")
    model.compile("sgd", ["mse", "mse"])
    return model


def dense(k):
    layer = k.layers.Dense(3, name="d")
    layer(ones(2, 6))
    return layer


def fits(data):
    """The failed call changed no weight, and training goes on."""

    def works(model, before):
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        losses = model.fit(*data, epochs=2, verbose=0).history["loss"]
        assert np.isfinite(losses).all() and losses[1] < losses[0]

    return works


def fits_compiled_anew(model, before):
    model.compile("sgd", "mse")
    fits((X, Y))(model, before)


def calls(layer, before):
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert layer(ones(5, 6)).shape == (5, 3)


def trained(k):
    """single(), in cases where a whole epoch has run before the error."""
    return single(k)


WORKS = {
    trained: lambda model, before: fits((X, Y))(model, model.get_weights()),
    uncompiled: fits_compiled_anew,
    single: fits((X, Y)),
    pair: fits(([A, B], [Y, Z])),
    dense: calls,
}


class Case:
    """A misuse of `made` (None, or a function of the library). `keras` is Keras' exception where that is another."""

    def __init__(self, name, made, call, error, words, keras=None):
        self.name, self.made, self.call, self.error, self.words, self.keras = (
            name,
            made,
            call,
            error,
            words,
            keras or error,
        )


CASES = []


def case(name, call, error, *words, made=None, keras=None):
    CASES.append(Case(name, made, call, error, words, keras))
