"""One layer in Lamina and in Keras: outputs, shapes, configs, a training step, and files in both directions."""

import contextlib

import keras
import lamina
import numpy as np
import pytest


@contextlib.contextmanager
def on(engine):
    before = lamina.config.engine()
    lamina.config.set_engine(engine)
    try:
        yield
    finally:
        lamina.config.set_engine(before)


def inputs_for(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def model_of(k, name, config, shape, before=True):
    """An input of samples, a trained matrix (whose gradient is the layer's for its input), and the layer."""
    x = k.Input(shape[1:])
    h = k.layers.Dense(shape[-1], use_bias=False, name="before")(x) if before else x
    return k.Model(x, getattr(k.layers, name)(**config, name="layer")(h), name="model")


def compare(name, config, shape, tmp_path, training_step=True, rtol=2e-5, atol=2e-6):
    x = inputs_for(shape)
    theirs, mine = model_of(keras, name, config, shape), model_of(lamina, name, config, shape)
    assert [w.shape for w in mine.weights] == [w.shape for w in theirs.weights]
    assert [w.path for w in mine.weights] == [w.path for w in theirs.weights]
    start = [
        np.random.default_rng(i + 1).uniform(0.5, 1.5, w.shape).astype("float32") for i, w in enumerate(theirs.weights)
    ]
    for m in (theirs, mine):
        m.set_weights(start)
    expected = np.asarray(theirs(x))
    assert tuple(mine.output.shape) == tuple(theirs.output.shape)
    np.testing.assert_allclose(np.asarray(mine(x)), expected, rtol=rtol, atol=atol)
    np.testing.assert_allclose(mine.predict(x, verbose=0), expected, rtol=rtol, atol=atol)
    # configs
    a, b = theirs.get_layer("layer").get_config(), mine.get_layer("layer").get_config()
    assert plain(a).keys() == plain(b).keys()
    assert {k: v for k, v in plain(a).items() if k != "dtype"} == {k: v for k, v in plain(b).items() if k != "dtype"}
    # files
    theirs.save(tmp_path / "theirs.keras")
    mine.save(tmp_path / "mine.keras")
    np.testing.assert_allclose(
        np.asarray(lamina.models.load_model(tmp_path / "theirs.keras")(x)), expected, rtol=rtol, atol=atol
    )
    np.testing.assert_allclose(
        np.asarray(keras.models.load_model(tmp_path / "mine.keras")(x)), expected, rtol=rtol, atol=atol
    )
    if not training_step:
        return
    target = inputs_for(expected.shape, 9)
    for m, k in ((theirs, keras), (mine, lamina)):
        m.compile(k.optimizers.SGD(0.1), "mse")
        m.fit(x, target, batch_size=len(x), epochs=2, verbose=0, shuffle=False)
    for w, v in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(w, v, rtol=2e-4, atol=2e-5)


def plain(v):
    """A config without what only says where a class lives, tuples as lists."""
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items() if k not in ("module", "registered_name", "build_config")}
    return [plain(x) for x in v] if isinstance(v, (list, tuple)) else v


def expect_error(call, kind, words):
    """The error that Keras raises there as well, with these words."""
    with pytest.raises(kind) as found:
        call(lamina)
    for word in words:
        assert word in str(found.value), str(found.value)
    with pytest.raises(kind):
        call(keras)
