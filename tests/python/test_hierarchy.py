"""Which class is a subclass of which: as in Keras, for every pair of public classes."""

import types

import lamina
import numpy as np
import pytest

keras = pytest.importorskip("keras")


def public_classes(module, path="", depth=0):
    found = {}
    for name in dir(module):
        if name.startswith("_"):
            continue
        value = getattr(module, name)
        if isinstance(value, types.ModuleType):
            if (
                value.__name__.startswith("keras")
                and depth < 3
                and name not in ("src", "legacy", "backend", "applications")
            ):
                found.update(public_classes(value, path + name + ".", depth + 1))
        elif isinstance(value, type):
            found.setdefault(path + name, value)
    return found


def ours(path):
    value = lamina
    for name in path.split("."):
        value = getattr(value, name, None)
    return value if isinstance(value, type) else None


def test_subclasses():
    pairs = []
    by_class = {}
    for path, cls in sorted(public_classes(keras).items(), key=lambda item: item[0].count(".")):
        if cls not in by_class and (own := ours(path)) is not None:
            by_class[cls] = (path, own)
    for cls, (path, own) in by_class.items():
        for base in cls.__mro__[1:]:
            if base in by_class:
                pairs.append((path, by_class[base][0], issubclass(own, by_class[base][1])))
    assert len(pairs) > 390
    assert [(a, b) for a, b, holds in pairs if not holds] == []


def test_none_too_many():
    L = lamina.layers

    class Mine(L.Layer):
        pass

    assert (
        not issubclass(L.Dense, Mine) and not issubclass(L.Dense, L.Wrapper) and not issubclass(L.Layer, lamina.Model)
    )
    assert (
        not isinstance(L.Dense(1), lamina.Model)
        and not isinstance(np.ones(1), lamina.Operation)
        and not isinstance(L.Dropout(0.1), L.SpatialDropout1D)
    )
    assert not issubclass(lamina.optimizers.Adam, lamina.optimizers.AdamW)


def test_subclasses_of_both_kinds_work(engine):
    class Gated(lamina.layers.LSTM):
        def call(self, x, **kwargs):
            return super().call(x, **kwargs) * 2

    layer = Gated(3)
    assert (
        isinstance(layer, lamina.layers.RNN)
        and isinstance(layer, lamina.layers.Layer)
        and isinstance(layer, lamina.Operation)
    )
    assert layer(np.ones((2, 4, 5), "float32")).shape == (2, 3)
