"""Data that are no arrays in memory: datasets and loaders of other libraries, files, sparse matrices, tables."""

import copy
import pickle
import warnings

import h5py
import lamina as keras
import numpy as np
import pandas
import pytest
import scipy.sparse
from lamina import layers

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(20, 3)).astype("float32"), rng.normal(size=(20, 1)).astype("float32")


def model_of(width=3):
    model = keras.Sequential(
        [keras.Input((width,)), layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=1))]
    )
    model.compile(keras.optimizers.SGD(0.05), "mse", weighted_metrics=["mae"])
    return model


def history_of(*data, width=3, epochs=2, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model_of(width).fit(*data, epochs=epochs, verbose=0, **{"shuffle": False, **options}).history


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-5)


# ---- stand-ins for tf.data and torch: what their objects offer to who reads them ----
class TfTensor:
    """Gives its values by __array__ alone."""

    def __init__(self, value):
        self.value = value

    def __array__(self, dtype=None, copy=None):
        return self.value if dtype is None else self.value.astype(dtype)


class TfDataset:
    INFINITE, UNKNOWN = -1, -2

    def __init__(self, count, cardinality=None):
        self.count, self.known, self.passes = count, count if cardinality is None else cardinality, 0

    def cardinality(self):
        return np.int64(self.known)

    def __len__(self):
        if self.known < 0:
            raise TypeError("The dataset length is unknown or infinite.")
        return self.known

    def __iter__(self):
        self.passes += 1
        k = 0
        while self.known == self.INFINITE or k < self.count:
            at = 4 * (k % 5)
            yield TfTensor(X[at : at + 4]), TfTensor(Y[at : at + 4])
            k += 1


class TorchTensor:
    def __init__(self, value):
        self.value = value

    def detach(self):
        return self

    cpu = detach

    def __array__(self, dtype=None, copy=None):
        return self.value if dtype is None else self.value.astype(dtype)


class TorchLoader:
    """Batches as lists; counts the workers that its iterators start."""

    def __init__(self, sized):
        self.sized, self.started = sized, 0

    def __len__(self):
        if not self.sized:
            raise TypeError("object of type 'Iterable' has no len()")
        return 5

    def __iter__(self):
        self.started += 1
        return ([TorchTensor(X[k : k + 4]), TorchTensor(Y[k : k + 4])] for k in range(0, 20, 4))


@pytest.mark.parametrize(
    "make",
    [
        lambda: TfDataset(5),
        lambda: TfDataset(5, TfDataset.UNKNOWN),
        lambda: TorchLoader(True),
        lambda: TorchLoader(False),
    ],
)
def test_datasets_of_known_and_unknown_length(engine, make):
    want = history_of(X, Y, batch_size=4)
    assert_same(history_of(make()), want)
    whole = history_of(X, Y, batch_size=4, validation_data=(X, Y), validation_batch_size=4)
    assert_same(history_of(make(), validation_data=make()), whole)
    assert model_of().evaluate(make(), verbose=0) == pytest.approx(model_of().evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(model_of().predict(make(), verbose=0), model_of().predict(X, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TfDataset(5),
        lambda: TfDataset(5, TfDataset.UNKNOWN),
        lambda: TorchLoader(True),
        lambda: TorchLoader(False),
    ],
)
def test_steps_of_datasets(make):
    """Epochs of 3 of 5 batches: 0 1 2, then 3 4 and a warning, then 0 1 2 again."""
    seen = []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(0)

        def on_train_batch_end(self, batch, logs=None):
            seen[-1] += 1

    data = make()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model_of().fit(data, steps_per_epoch=3, epochs=3, verbose=0, callbacks=[Count()]).history
    assert seen == [3, 2, 3] and len(history["loss"]) == 3
    assert getattr(data, "passes", None) == 2 or getattr(data, "started", None) == 2


def test_infinite_datasets(engine):
    data = TfDataset(5, TfDataset.INFINITE)
    history = history_of(
        data, steps_per_epoch=5, epochs=2, validation_data=TfDataset(5, TfDataset.INFINITE), validation_steps=5
    )
    assert_same(history, history_of(X, Y, batch_size=4, epochs=2, validation_data=(X, Y), validation_batch_size=4))
    assert data.passes == 1
    assert model_of().predict(data, steps=5, verbose=0).shape == (20, 1)

    class Enough(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 7

    assert len(model_of().fit(data, verbose=0, callbacks=[Enough()]).history["loss"]) == 1


def test_one_iterator_a_pass():
    loader = TorchLoader(True)  # an iterator of a real one may start processes
    history_of(loader, epochs=3)
    assert loader.started == 3


def test_targets_come_with_the_batches():
    for data, kind in ((TfDataset(5), "TfDataset"), (iter([]), "list_iterator"), ((b for b in []), "generator")):
        with pytest.raises(ValueError, match=f"`x` as a {kind}, `y` should not be passed"):
            model_of().fit(data, Y)
        with pytest.raises(ValueError, match="`sample_weight` should not be passed"):
            model_of().fit(data, sample_weight=Y)


# ---- files ----
class Watched:
    """A dataset in a file that remembers how much of it was read at once."""

    def __init__(self, dataset):
        self.dataset, self.most = dataset, 0
        self.shape, self.dtype, self.chunks = dataset.shape, dataset.dtype, dataset.chunks

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, which):
        got = self.dataset[which]
        self.most = max(self.most, len(got))
        return got

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("the whole file is read")


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "data.h5", "w") as f:
        f["x"], f["y"] = X.astype("float64"), Y
        yield f


def test_files_are_read_batch_by_batch(engine, file):
    want = history_of(X, Y, batch_size=4, validation_data=(X, Y))
    x, y = Watched(file["x"]), Watched(file["y"])
    assert_same(history_of(x, y, batch_size=4, validation_data=(x, y)), want)
    assert_same(history_of(x, Y, batch_size=4, validation_data=(X, y)), want)
    assert (x.most, y.most) == (4, 4)
    np.testing.assert_allclose(
        model_of().predict(x, batch_size=7, verbose=0), model_of().predict(X, verbose=0), rtol=1e-5
    )
    assert model_of().evaluate(file["x"], file["y"], verbose=0) == pytest.approx(model_of().evaluate(X, Y, verbose=0))
    assert x.most == 7
    assert_same(
        history_of(file["x"], file["y"], batch_size=4, validation_split=0.3),
        history_of(X, Y, batch_size=4, validation_split=0.3),
    )


@pytest.mark.parametrize("source", ["file", "arrays"])
@pytest.mark.parametrize("shuffle", [True, "batch"])
def test_shuffled(file, shuffle, source):
    """Samples anywhere, or those of each batch among themselves."""
    seen = []

    class See(keras.layers.Layer):
        def call(self, x):
            if not isinstance(x, keras.KerasTensor):
                seen.append(np.asarray(x))
            return x

    model = keras.Sequential([keras.Input((3,)), See(), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    del seen[:]
    model.fit(
        *((file["x"], file["y"]) if source == "file" else (X, Y)), batch_size=4, epochs=2, shuffle=shuffle, verbose=0
    )
    for epoch in (seen[:5], seen[5:]):
        rows = np.concatenate(epoch)
        assert not np.array_equal(rows, X) and np.array_equal(np.sort(rows, 0), np.sort(X, 0))
        order = [int(np.flatnonzero((r == X).all(1))[0]) for r in rows]
        if shuffle == "batch":
            assert all(sorted(order[k : k + 4]) == list(range(k, k + 4)) for k in range(0, 20, 4))


def test_weights_of_classes_and_samples_with_files(file):
    labels = (Y > 0).astype("float32")
    file["labels"] = labels
    assert_same(
        history_of(file["x"], file["labels"], batch_size=4, class_weight={0: 0.5, 1: 2.0}),
        history_of(X, labels, batch_size=4, class_weight={0: 0.5, 1: 2.0}),
    )
    weights = np.arange(20.0)
    assert_same(
        history_of(file["x"], Y, batch_size=4, sample_weight=weights),
        history_of(X, Y, batch_size=4, sample_weight=weights),
    )
    with pytest.raises(ValueError, match="x: 20, y: 7"):
        model_of().fit(file["x"], Y[:7])


# ---- sparse matrices ----
@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array"])
def test_sparse_matrices(engine, kind):
    dense = np.where(np.abs(X) > 0.7, X, 0)
    sparse = getattr(scipy.sparse, kind)(dense)
    assert_same(
        history_of(sparse, Y, batch_size=4, validation_split=0.2),
        history_of(dense, Y, batch_size=4, validation_split=0.2),
    )
    np.testing.assert_allclose(model_of().predict(sparse, verbose=0), model_of().predict(dense, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(model_of().train_on_batch(sparse, Y), model_of().train_on_batch(dense, Y), rtol=1e-5)
    assert len(history_of(sparse, Y, shuffle=True)["loss"]) == 2
    two = [keras.Input((3,)), keras.Input((3,))]
    assert keras.Model(two, layers.Add()(two)).predict([sparse, X], verbose=0) == pytest.approx(dense + X)


# ---- tables ----
def table(**columns):
    return pandas.DataFrame(columns)


def test_tables_of_mixed_columns(engine):
    a, b, c = rng.integers(0, 9, 20), rng.normal(size=20), rng.integers(0, 2, 20).astype(bool)
    want = history_of(np.stack([a, b, c], 1).astype("float32"), Y)
    mixed = table(a=a, b=b, c=c)
    assert_same(history_of(mixed, pandas.DataFrame(Y)), want)
    assert_same(history_of(mixed, pandas.Series(Y[:, 0])), want)
    nullable = table(
        a=pandas.array(a, dtype="Int64"), b=pandas.array(b, dtype="Float64"), c=pandas.array(c, dtype="boolean")
    )
    assert_same(history_of(nullable, Y), want)
    objects = table(a=[int(v) for v in a], b=b, c=c).astype({"a": object})
    assert_same(history_of(objects, Y), want)


def test_missing_values_are_nan():
    data = table(
        a=pandas.array([1, None, 3], dtype="Int32"), b=pandas.array([True, False, None], dtype="boolean"), c=[1, 2, 3]
    )
    got = keras.Sequential([keras.Input((3,)), layers.Identity()]).predict(data, verbose=0)
    np.testing.assert_array_equal(got, np.array([[1, 1, 1], [np.nan, 0, 2], [3, np.nan, 3]], "float32"))


def test_whole_numbers_stay_whole():
    data = table(a=pandas.array([1, 2], dtype="Int64"), b=[16777217, 4])
    inputs = keras.Input((2,), dtype="int64")
    assert keras.Model(inputs, inputs * 1).predict(data, verbose=0).tolist() == [[1, 16777217], [2, 4]]


@pytest.mark.parametrize(
    "column", [["a", "b"], pandas.Categorical(["x", "y"]), pandas.to_datetime(["2020-01-01", "2021-01-01"])]
)
def test_columns_that_are_no_numbers_are_named(column):
    with pytest.raises(ValueError, match="column 'second'"):
        model_of(2).predict(table(first=[1.0, 2.0], second=column), verbose=0)


def test_dict_of_columns():
    inputs = {"a": keras.Input((1,), name="a"), "b": keras.Input((1,), name="b")}
    model = keras.Model(inputs, layers.Add()(list(inputs.values())))
    data = table(a=[1, 2], b=pandas.array([3, 4], dtype="Int64"))
    assert model.predict(dict(data), verbose=0).tolist() == [[4], [6]]


def test_a_column_is_a_table_of_one(engine):
    column, w = pandas.Series(X[:, 0]), rng.uniform(size=20)
    want = history_of(X[:, :1], Y, width=1, sample_weight=w)
    assert_same(history_of(column, pandas.Series(Y[:, 0]), width=1, sample_weight=pandas.Series(w)), want)
    assert model_of(1).predict(column, verbose=0).shape == (20, 1)


# ---- sparse arrays of JAX ----
def test_sparse_arrays_of_jax(engine):
    sparse = pytest.importorskip("jax.experimental.sparse")
    dense = np.where(np.abs(X) > 0.7, X, 0)
    a = sparse.BCOO.fromdense(dense)
    assert_same(
        history_of(a, Y, batch_size=4, validation_split=0.2), history_of(dense, Y, batch_size=4, validation_split=0.2)
    )
    np.testing.assert_allclose(model_of().predict(a, verbose=0), model_of().predict(dense, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(model_of().train_on_batch(a, Y), model_of().train_on_batch(dense, Y), rtol=1e-5)
    two = [keras.Input((3,)), keras.Input((3,))]
    assert keras.Model(two, layers.Add()(two)).predict([a, X], verbose=0) == pytest.approx(dense + X)


# ---- arguments that do not fit each other ----
@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"x": "images"}, "array-like.*x=images"),
        ({"y": "labels"}, "array-like.*y=labels"),
        ({"sample_weight": "balanced"}, "array-like.*sample_weight=balanced"),
        ({"sample_weight": np.ones(20), "class_weight": {0: 1.0}}, "same time"),
        ({"y": [Y, Y], "class_weight": {0: 1.0}}, "Models with a single output.*2 arrays"),
        ({"y": [Y, Y], "sample_weight": []}, "one `sample_weight` array per output"),
        ({"y": [Y, Y], "sample_weight": [np.ones(20)]}, "one `sample_weight` array per output"),
        ({"y": [Y, Y], "sample_weight": {"a": np.ones(20)}}, "one `sample_weight` array per output"),
        ({"y": [Y, Y], "sample_weight": np.ones((20, 3))}, r"one scalar score per sample.*\(20, 3\)"),
    ],
)
def test_arrays_that_do_not_fit(arguments, words):
    with pytest.raises(ValueError, match=words):
        model_of().fit(**{"x": X, "y": Y, **arguments}, verbose=0)


# ---- weights of classes with batches ----
@pytest.mark.parametrize(
    "batch, words", [((X, Y > 0, np.ones(20)), "same time"), ((X, [Y > 0, Y > 0]), "single output")]
)
def test_weights_of_classes_are_for_batches_of_one_y_without_weights(batch, words):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, i):
            return batch

    for data in (Batches(), iter([batch])):
        with pytest.raises(ValueError, match=words):
            model_of().fit(data, class_weight={0: 0.5, 1: 2.0}, verbose=0)


def test_dtypes_of_values_have_a_name():
    batch = next(iter(keras.data.Dataset.from_tensor_slices(X).batch(4)))
    assert batch.dtype == "float32" and batch.dtype.name == "float32" and type(batch.dtype.name) is str
    assert keras.ops.ones((2,), "bfloat16").dtype.name == "bfloat16"
    assert keras.backend.standardize_dtype(batch.dtype) == "float32" and np.dtype(batch.dtype) == np.float32
    assert type(copy.copy(batch.dtype)) is str and type(pickle.loads(pickle.dumps(batch.dtype))) is str


@pytest.mark.parametrize("structure", [list, tuple, dict])
def test_one_array_of_weights_holds_for_each_of_several_outputs(structure):
    """A user's training step finds weights in the structure of the targets, as in Keras."""
    made = (lambda a, b: {"a": a, "b": b}) if structure is dict else (lambda a, b: structure([a, b]))

    class Noting(keras.Model):
        def train_step(self, data):
            x, y, w = keras.utils.unpack_x_y_sample_weight(data)
            self.seen = keras.tree.map_structure(np.asarray, (y, w))
            return {"loss": keras.ops.sum(x)}

    model = Noting()
    model.compile("sgd", run_eagerly=True)
    weights = np.arange(20.0)
    model.fit(X, made(Y[:, :1], Y[:, :1] * 2), sample_weight=weights, batch_size=20, shuffle=False, verbose=0)
    y, w = model.seen
    keras.tree.assert_same_structure(y, w)
    for one in keras.tree.flatten(w):
        np.testing.assert_array_equal(one, weights)
    model.fit(X, Y, sample_weight=weights, batch_size=20, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.seen[1], weights)
