"""Training that is saved, loaded and gone on with gives the bits of training that was not interrupted, dropout and
noise included."""

import warnings

import h5py
import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(5)
X = RNG.standard_normal((48, 6)).astype("float32")
Y = X.sum(1, keepdims=True).astype("float32")


def model(k=lamina, seed=None):
    x = k.Input((6,))
    y = k.layers.Dropout(0.3, seed=seed, name="drop")(k.layers.Dense(8, activation="relu", name="d")(x))
    y = k.layers.GaussianNoise(0.1, name="noise")(y)
    y = k.Sequential(
        [k.Input((8,)), k.layers.Dropout(0.2, name="inner_drop"), k.layers.Dense(4, name="inner_d")], name="inner"
    )(y)
    y = k.layers.Reshape((2, 2), name="r")(y)
    return k.Model(x, k.layers.LSTM(1, dropout=0.2, recurrent_dropout=0.1, name="l")(y))


class Tower(lamina.Model):
    """A subclass with a generator of its own."""

    def __init__(self):
        super().__init__()
        self.seeds = lamina.random.SeedGenerator(11)
        self.dense, self.drop, self.out = lamina.layers.Dense(8), lamina.layers.Dropout(0.4), lamina.layers.Dense(1)

    def call(self, x, training=False):
        x = self.drop(self.dense(x), training=training)
        if training:
            x = x + lamina.random.normal(lamina.ops.shape(x), stddev=0.1, seed=self.seeds)
        return self.out(x)


def train(m, epochs):
    m.fit(X, Y, epochs=epochs, batch_size=16, shuffle=False, verbose=0)


def bits(m):
    return [np.asarray(w).tobytes() for w in m.get_weights()]


def compiled(m):
    m.compile(lamina.optimizers.Adam(0.01), "mse")
    return m


@pytest.mark.parametrize("ending", ["keras", "weights.h5", "weights.json"])
@pytest.mark.parametrize("make", [model, lambda: model(seed=3), Tower], ids=["functional", "seeded", "subclass"])
def test_going_on_is_bit_equal(tmp_path, engine, make, ending):
    if make is Tower and ending == "keras":
        pytest.skip("a subclass that is not registered is loaded by its weights")
    path = tmp_path / f"m.{ending}"
    lamina.utils.set_random_seed(1)
    m = compiled(make())
    train(m, 2)
    m.save(path) if ending == "keras" else m.save_weights(
        path, **({"max_shard_size": 1e-6} if ending == "weights.json" else {})
    )
    train(m, 2)
    lamina.utils.set_random_seed(99)  # another process
    if ending == "keras":
        again = lamina.models.load_model(path)
    else:
        again = compiled(make())
        again.predict(X[:2], verbose=0)
        again.optimizer.build(again.trainable_variables)
        again.load_weights(path)
    train(again, 2)
    assert bits(again) == bits(m)


def test_keras_reads_such_files_without_a_word(tmp_path):
    m = compiled(model())
    train(m, 1)
    m.save(tmp_path / "m.keras")
    m.save_weights(tmp_path / "m.weights.h5")
    m.save_weights(tmp_path / "s.weights.json", max_shard_size=1e-6)
    with h5py.File(tmp_path / "m.weights.h5") as f:
        assert f["layers/dropout/_seed_generators/vars/0"].shape == (2,)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        theirs = keras.models.load_model(tmp_path / "m.keras")
        for name in ("m.weights.h5", "s.weights.json"):
            other = model(keras)
            other.compile("adam", "mse")
            other.optimizer.build(other.trainable_variables)
            other.load_weights(tmp_path / name)
            for a, b in zip(other.get_weights(), m.get_weights(), strict=True):
                np.testing.assert_array_equal(a, np.asarray(b))
    np.testing.assert_allclose(theirs.predict(X, verbose=0), m.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    theirs.save(tmp_path / "theirs.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = lamina.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), m.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


def test_a_file_whose_seeds_do_not_fit_is_read_without_them(tmp_path):
    m = model()
    m.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5", "a") as f:
        del f["layers/dropout/_seed_generators/vars/0"]
        f["layers/dropout/_seed_generators/vars/0"] = np.zeros((3,), "uint32")
        f["layers/gaussian_noise/_seed_generators/vars/1"] = np.zeros((2,), "uint32")
    other = model()
    before = [np.asarray(v) for l in other.layers for v in l.variables if "seed" in v.path]
    other.load_weights(tmp_path / "m.weights.h5")
    assert bits(other) == bits(m)
    after = [np.asarray(v) for l in other.layers for v in l.variables if "seed" in v.path]
    np.testing.assert_array_equal(after[:2], before[:2])
