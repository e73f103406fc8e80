"""Hashing, HashedCrossing, Discretization and CategoryEncoding. The first two need TensorFlow in Keras: values are
those of its documentation and unit tests. The others are compared with Keras."""

import keras
import lamina
import numpy as np
import pytest

layers = lamina.layers
NAMES = np.array([["omar"], ["stringer"], ["marlo"], ["wire"], ["skywalker"]])


def same(got, want):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "x", "want"),
    [
        ({"num_bins": 3}, [["A"], ["B"], ["C"], ["D"], ["E"]], [[1], [0], [1], [1], [2]]),
        ({"num_bins": 3, "mask_value": ""}, [["A"], ["B"], [""], ["C"], ["D"]], [[1], [1], [0], [2], [2]]),
        ({"num_bins": 3, "salt": [133, 137]}, ["A", "B", "C", "D", "E"], [1, 2, 1, 0, 2]),
        ({"num_bins": 3, "salt": 133}, ["A", "B", "C", "D", "E"], [0, 0, 2, 1, 0]),
        ({"num_bins": 3}, [0, 1, 2, 3, 4], [1, 0, 1, 0, 2]),
        ({"num_bins": 3}, (0, 1, 2, 3, 4), [1, 0, 1, 0, 2]),
        ({"num_bins": 3}, np.array([0.0, 1.9, 2, 3, 4]), [1, 0, 1, 0, 2]),
        ({"num_bins": 1}, NAMES, np.zeros((5, 1))),
        ({"num_bins": 1, "mask_value": "omar"}, NAMES, np.zeros((5, 1))),
        ({"num_bins": 2}, NAMES, [[0], [0], [1], [0], [0]]),
        ({"num_bins": 3, "mask_value": ""}, NAMES, [[1], [1], [2], [1], [1]]),
        ({"num_bins": 3, "mask_value": "omar"}, NAMES, [[0], [1], [2], [1], [1]]),
        ({"num_bins": 2, "salt": [133, 137]}, NAMES, [[0], [1], [0], [1], [0]]),
        ({"num_bins": 2, "salt": [211, 137]}, NAMES, [[1], [0], [1], [0], [1]]),
        ({"num_bins": 3, "salt": [133, 137]}, np.arange(5), [1, 1, 2, 0, 1]),
        ({"num_bins": 2}, [[[1], [2]], [[2], [3]], [[3], [4]]], np.ones((3, 2, 1))),
        ({"num_bins": 3, "output_mode": "one_hot"}, ["A", "B"], [[0, 1, 0], [1, 0, 0]]),
        ({"num_bins": 3, "output_mode": "one_hot"}, [["A"], ["B"]], [[0, 1, 0], [1, 0, 0]]),
        ({"num_bins": 3, "output_mode": "count"}, [["A", "B", "C"]], [[1, 2, 0]]),
        ({"num_bins": 3, "output_mode": "multi_hot"}, [["A", "B", "C"]], [[1, 1, 0]]),
    ],
)
def test_hashing(arguments, x, want, engine):
    layer = layers.Hashing(**arguments)
    out = layer(x)
    assert out.dtype == ("float32" if "output_mode" in arguments else "int64")
    same(out, want)
    again = layers.Hashing.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    same(again(x), want)


def test_hashing_in_a_model(engine, tmp_path):
    i = lamina.Input((1,), dtype="string")
    out = layers.Hashing(3, output_mode="one_hot")(i)
    assert out.shape == (None, 3) and layers.Hashing(3)(i).dtype == "int64"
    model = lamina.Model(i, layers.Dense(1)(out))
    want = model.predict(NAMES, verbose=0)
    same(model(NAMES), want)
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(NAMES, verbose=0), want)
    assert layers.Hashing(3, dtype="int32")(NAMES).dtype == "int32"


FEATURES = (np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102]))


def test_crossing(engine, tmp_path):
    layer = layers.HashedCrossing(num_bins=5)
    same(layer(FEATURES), [1, 4, 1, 1, 3])
    same(layer([f[:, None] for f in FEATURES]), [[1], [4], [1], [1], [3]])
    same(layer(("A", 101)), 1)
    one = layers.HashedCrossing(num_bins=5, output_mode="one_hot")
    same(one(FEATURES), np.eye(5)[[1, 4, 1, 1, 3]])
    same(one([f[:, None] for f in FEATURES]), np.eye(5)[[1, 4, 1, 1, 3]])
    a, b = lamina.Input((1,), dtype="string"), lamina.Input((1,), dtype="int32")
    assert layer((a, b)).shape == (None, 1) and one((a, b)).shape == (None, 5)
    model = lamina.Model([a, b], layers.Dense(2)(one((a, b))))
    x = [f[:, None] for f in FEATURES]
    want = model.predict(x, verbose=0)
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), want)
    assert layer.get_config() == {
        "num_bins": 5,
        "output_mode": "int",
        "sparse": False,
        "name": layer.name,
        "dtype": "int64",
    }
    data = lamina.data.Dataset.from_tensor_slices(FEATURES).batch(5).map(lambda a, b: layer((a, b)))
    same(next(iter(data)), [1, 4, 1, 1, 3])


MODES = ["int", "one_hot", "multi_hot", "count"]
X = [
    np.array([-1.0, 0.0, 0.5, 0.8, 1.2], "float32"),
    np.array([[-1.0, 0.0], [0.5, 99.0]], "float32"),
    np.array([[0.7], [0.1], [2.0]], "float32"),
    np.array([[[0.15, 0.75], [0.85, 0.45]]], "float32"),
    np.array([[0, 1, 2], [3, -1, 0]]),
    np.array(0.6, "float32"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("x", X, ids=lambda x: str(x.shape))
def test_discretization_against_keras(x, mode, engine):
    mine, theirs = (k.layers.Discretization([0.0, 0.5, 1.0], output_mode=mode, name="d") for k in (lamina, keras))
    got, want = mine(x), np.asarray(theirs(x))
    assert got.shape == want.shape and got.dtype == str(want.dtype)
    same(got, want)
    if x.ndim:
        shape = (None, *x.shape[1:])
        assert mine.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape))
        assert mine(lamina.Input(batch_shape=shape)).shape == tuple(theirs(keras.Input(batch_shape=shape)).shape)
    assert mine.get_config() == theirs.get_config()


def theirs_adapted(layer, batches):
    """Keras' adapt() asks whether data is TensorFlow's."""
    layer.reset_state()
    for batch in batches:
        layer.update_state(batch)
    layer.finalize_state()
    return layer


@pytest.mark.parametrize(("bins", "epsilon"), [(4, 0.01), (7, 0.05), (2, 0.3), (50, 0.01), (1, 0.1)])
def test_quantiles_against_keras(bins, epsilon):
    random = np.random.RandomState(3)
    batches = [random.normal(size=n).astype("float32") for n in (500, 3, 0, 1000, 17)]
    mine = layers.Discretization(num_bins=bins, epsilon=epsilon, name="d")
    mine.adapt(batches)
    theirs = theirs_adapted(keras.layers.Discretization(num_bins=bins, epsilon=epsilon, name="d"), batches)
    same(mine.bin_boundaries, theirs.bin_boundaries)
    same(mine.summary, theirs.summary)
    one = layers.Discretization(num_bins=bins, epsilon=epsilon)
    one.adapt(batches[0])
    same(
        one.bin_boundaries,
        theirs_adapted(keras.layers.Discretization(num_bins=bins, epsilon=epsilon), batches[:1]).bin_boundaries,
    )
    config = mine.get_config()
    assert config["num_bins"] == bins and len(config["bin_boundaries"]) == len(mine.bin_boundaries)
    again = layers.Discretization.from_config(config)
    assert again.get_config() == config
    again.adapt(lamina.data.Dataset.from_tensor_slices(batches[0]).batch(100), steps=1)
    assert bins == 1 or again.bin_boundaries != mine.bin_boundaries


def test_discretization_in_files(engine, tmp_path):
    layer = layers.Discretization(num_bins=4)
    layer.adapt(np.arange(100.0))
    i = lamina.Input((2,))
    model = lamina.Model(i, layer(i))
    x = np.array([[1.0, 30.0], [60.0, 99.0]])
    want = model.predict(x, verbose=0)
    same(want, [[0, 1], [2, 3]])
    assert want.dtype == "int32"
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), want)
    same(keras.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), want)
    theirs = keras.Sequential([keras.Input((2,)), keras.layers.Discretization([1.0, 2.0], output_mode="count")])
    theirs.save(tmp_path / "k.keras")
    same(lamina.models.load_model(tmp_path / "k.keras").predict(x, verbose=0), theirs.predict(x, verbose=0))
    layer.bin_boundaries = [50.0]
    same(model.predict(x, verbose=0), [[0, 0], [1, 1]])


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize(
    "x",
    [
        np.array([3, 2, 0, 1]),
        np.array([[0, 1], [0, 0], [1, 2], [3, 1]]),
        np.array([[3], [1]]),
        np.array([[[0, 1], [2, 2]], [[1, 1], [0, 3]]]),
        np.array(2),
        np.array([[0, 7], [-1, 2]]),
    ],
    ids=lambda x: str(x.shape),
)
def test_category_encoding_against_keras(x, mode, engine):
    mine, theirs = (k.layers.CategoryEncoding(4, output_mode=mode, name="c") for k in (lamina, keras))
    got, want = mine(x), np.asarray(theirs(x))
    assert got.dtype == str(want.dtype)
    same(got, want)
    if x.ndim in (1, 2):
        shape = (None, *x.shape[1:])
        assert mine.compute_output_shape(shape) == tuple(theirs.compute_output_shape(shape))
    mine_config, their_config = mine.get_config(), theirs.get_config()
    assert mine_config.keys() == their_config.keys() and mine_config["num_tokens"] == 4


def test_weighted_counts(engine):
    weights = np.array([[0.1, 0.2], [0.1, 0.1], [0.2, 0.3], [0.4, 0.2]], "float32")
    x = [[0, 1], [0, 0], [1, 2], [3, 1]]
    mine, theirs = (k.layers.CategoryEncoding(4, output_mode="count") for k in (lamina, keras))
    same(mine(x, count_weights=weights), np.asarray(theirs(np.array(x), count_weights=weights)))
    same(mine(x, count_weights=weights.tolist()), np.asarray(theirs(np.array(x), count_weights=weights)))
    with pytest.raises(ValueError, match="count_weights"):
        layers.CategoryEncoding(4)(x, count_weights=weights)
    with pytest.raises(ValueError, match="shape"):
        mine(x, count_weights=weights[:2])
    double = layers.CategoryEncoding(4, output_mode="count", dtype="float64")
    with lamina.GradientTape() as tape:
        w = lamina.ops.convert_to_tensor(weights.astype("float64"))
        loss = lamina.ops.sum(double(x, count_weights=w) ** 2)
    same(tape.gradient(loss, w), 2 * np.array([[0.1, 0.2], [0.2, 0.2], [0.2, 0.3], [0.4, 0.2]]))


def test_encodings_in_models(engine, tmp_path):
    i = lamina.Input((3,), dtype="int32")
    model = lamina.Model(i, [layers.CategoryEncoding(5, output_mode=m)(i) for m in ("one_hot", "multi_hot", "count")])
    x = np.array([[0, 1, 1], [4, 4, 4], [2, 3, 0], [0, 0, 0], [1, 2, 3]])
    want = [np.eye(5)[x], np.eye(5)[x].max(1), np.eye(5)[x].sum(1)]
    for got, w in zip(model.predict(x, batch_size=2, verbose=0), want):
        same(got, w)
    model.save(tmp_path / "m.keras")
    for got, w in zip(keras.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), want):
        same(got, w)
    data = lamina.data.Dataset.from_tensor_slices(x).map(layers.CategoryEncoding(5))
    same(next(iter(data.batch(5))), want[1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda k: k.layers.Discretization(), ValueError, "either `num_bins` or `bin_boundaries`"),
        (lambda k: k.layers.Discretization([1.0], 3), ValueError, "Both `num_bins` and `bin_boundaries`"),
        (lambda k: k.layers.Discretization(num_bins=-1), ValueError, "num_bins"),
        (lambda k: k.layers.Discretization([1.0], output_mode="x"), ValueError, "output_mode"),
        (lambda k: k.layers.Discretization([1.0], sparse=True), ValueError, "sparse"),
        (lambda k: k.layers.Discretization(num_bins=3)(np.array([[0.1]])), ValueError, "adapt"),
        (lambda k: k.layers.Discretization([1.0]).adapt(np.ones(3)), ValueError, "Cannot adapt"),
        (lambda k: k.layers.CategoryEncoding(), ValueError, "num_tokens must be set"),
        (lambda k: k.layers.CategoryEncoding(0), ValueError, "num_tokens"),
        (lambda k: k.layers.CategoryEncoding(3, output_mode="int"), ValueError, "output_mode"),
    ],
)
def test_misuse_as_in_keras(make, error, message):
    for k in (lamina, keras):
        with pytest.raises(error, match=message):
            make(k)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Hashing(None), ValueError, "cannot be `None` or non-positive"),
        (lambda: layers.Hashing(0), ValueError, "cannot be `None` or non-positive"),
        (lambda: layers.Hashing(3, output_mode="x"), ValueError, "output_mode"),
        (lambda: layers.Hashing(3, dtype="float32"), ValueError, "integer type"),
        (lambda: layers.Hashing(3, sparse=True), ValueError, "sparse"),
        (lambda: layers.Hashing(2, salt="string"), ValueError, "salt"),
        (lambda: layers.Hashing(2, salt=[1]), ValueError, "salt"),
        (lambda: layers.Hashing(2, mask_value="a")([1, 2]), TypeError, "masked value"),
        (lambda: layers.HashedCrossing(0), ValueError, "num_bins"),
        (lambda: layers.HashedCrossing(3, output_mode="count"), ValueError, "output_mode"),
        (lambda: layers.HashedCrossing(3)(np.array([1, 2])), ValueError, "list or tuple"),
        (lambda: layers.HashedCrossing(3)([np.array([1, 2])]), ValueError, "at least two"),
        (lambda: layers.HashedCrossing(3)([np.array([1, 2]), np.array([1])]), ValueError, "equal shape"),
        (lambda: layers.HashedCrossing(3)([np.ones((2, 3), int)] * 2), ValueError, "should have shape"),
        (lambda: layers.HashedCrossing(3)([np.ones(2), np.ones(2)]), ValueError, "integer or string"),
        (lambda: layers.CategoryEncoding(3)(["a"]), TypeError, "StringLookup"),
        (lambda: layers.CategoryEncoding(3, sparse=True), ValueError, "sparse"),
    ],
)
def test_misuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("salt, known", [((133, 137), [133, 137]), (133, [133, 133]), (None, None)])
def test_salt_reads_as_a_list(salt, known):
    assert layers.Hashing(2, salt=salt).salt == known
    if salt is not None:
        lookup = layers.StringLookup(vocabulary=["a"], num_oov_indices=2, oov_method="farmhash", salt=salt)
        assert lookup.salt == known
