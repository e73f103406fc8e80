"""Weights of some of a model's objects: objects_to_skip of save_weights() and load_weights()."""

import h5py
import keras
import lamina
import numpy as np
import pytest


def model(k, value):
    m = k.Sequential([k.Input((3,)), k.layers.Dense(5, name="first"), k.layers.Dense(2, name="second")])
    m.set_weights([np.full(w.shape, value, "float32") for w in m.weights])
    return m


def values(m):
    return [float(np.asarray(w).flat[0]) for w in m.weights]


@pytest.mark.parametrize("k", [lamina, keras])
def test_loading_without_a_layer(tmp_path, k):
    path = tmp_path / "m.weights.h5"
    model(k, 1).save_weights(path)
    m = model(k, 2)
    m.load_weights(path, objects_to_skip=[m.layers[0]])
    assert values(m) == [2, 2, 1, 1]


@pytest.mark.parametrize("k", [lamina, keras])
def test_saving_without_a_layer(tmp_path, k):
    path = tmp_path / "m.weights.h5"
    m = model(k, 1)
    k.saving.save_weights(m, path, objects_to_skip=[m.layers[0]])
    with h5py.File(path) as f:
        held = []
        f.visititems(lambda name, item: held.append(name) if isinstance(item, h5py.Dataset) else None)
    assert {h.split("/")[1] for h in held} == {"dense_1"}
    for other in (lamina, keras):  # either reads what the other wrote
        n = model(other, 2)
        n.load_weights(path, objects_to_skip=[n.layers[0]])
        assert values(n) == [2, 2, 1, 1]


def test_what_only_they_lead_to_is_skipped_too(tmp_path):
    def outer(value):
        x = lamina.Input((3,))
        m = lamina.Model(x, lamina.layers.Dense(1, name="last")(model(lamina, 0)(x)))
        m.set_weights([np.full(w.shape, value, "float32") for w in m.weights])
        return m

    path = tmp_path / "m.weights.h5"
    outer(1).save_weights(path)
    m = outer(2)
    m.load_weights(path, objects_to_skip=[m.layers[1]])
    assert values(m) == [2, 2, 2, 2, 1, 1]


def test_errors(tmp_path):
    m = model(lamina, 1)
    m.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="only supports loading '.weights.h5' files"):
        m.load_weights(tmp_path / "m.keras", objects_to_skip=[m.layers[0]])
    with pytest.raises(TypeError, match="must hold layers, optimizers or other objects"):
        m.save_weights(tmp_path / "m.weights.h5") or m.load_weights(
            tmp_path / "m.weights.h5", objects_to_skip=["first"]
        )
