"""Layers and ops in the functions that `tf.data.Dataset.map` traces. Skipped where TensorFlow is not installed."""

import lamina as keras
import numpy as np
import pytest
from lamina import layers, ops

tf = pytest.importorskip("tensorflow")

IMAGES = np.arange(5 * 8 * 8 * 3, dtype="float32").reshape(5, 8, 8, 3)


def mapped(f, *arrays, batch=2):
    """What the dataset's function gives, batch by batch, and its spec."""
    data = tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(batch).map(f)
    return list(data), data.element_spec


def test_layers_on_images():
    net = keras.Sequential([layers.CenterCrop(4, 6), layers.Rescaling(2.0)])
    batches, spec = mapped(lambda x: net(x, training=True), IMAGES)
    assert spec.shape.as_list() == [None, 4, 6, 3] and spec.dtype == tf.float32
    for batch, start in zip(batches, (0, 2, 4)):
        np.testing.assert_array_equal(batch, 2 * IMAGES[start : start + 2, 2:6, 1:7])


def test_random_layers_draw_anew_for_each_batch():
    noise = layers.GaussianNoise(1.0, seed=3)
    (a, b), _ = mapped(lambda x: noise(x, training=True), np.zeros((4, 3), "float32"))
    assert not np.array_equal(a, b)


def test_a_users_layer():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__()
            self.scale = layers.Rescaling(2.0)

        def call(self, x):
            return {"twice": self.scale(x), "size": ops.shape(x)[0] * ops.ones((), "int32")}

    twice = Twice()
    (first, *_), spec = mapped(lambda x, y: (twice(x), y), IMAGES, np.arange(5))
    assert spec[0]["twice"].shape.as_list() == [None, 8, 8, 3]
    np.testing.assert_array_equal(first[0]["twice"], 2 * IMAGES[:2])
    assert int(first[0]["size"]) == 2


def test_layers_on_strings():
    text = layers.TextVectorization(10, output_sequence_length=3)
    text.adapt(["a b c", "a b", "a"])
    (batch,), spec = mapped(lambda t: text(tf.strings.lower(t)), ["A B", "C z"])
    assert spec.shape.as_list() == [None, 3] and spec.dtype == tf.int64
    np.testing.assert_array_equal(batch, [[2, 3, 0], [4, 1, 0]])
    lookup = layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")
    (row,), _ = mapped(lambda row: {k: lookup(v) for k, v in row.items()}, {"a": ["y", "q"]})
    np.testing.assert_array_equal(row["a"], [[0, 0, 1], [1, 0, 0]])
    back = layers.StringLookup(vocabulary=["x", "y"], invert=True)
    (words,), spec = mapped(back, [1, 2])
    assert spec.dtype == tf.string and words.numpy().tolist() == [b"x", b"y"]


def test_ops():
    (one, *_), spec = mapped(lambda x, y: (ops.mean(x, axis=(1, 2)), ops.one_hot(y, 7)), IMAGES, np.arange(5))
    assert [s.shape.as_list() for s in spec] == [[None, 3], [None, 7]]
    np.testing.assert_allclose(one[0], IMAGES[:2].mean((1, 2)), rtol=1e-6)
    np.testing.assert_array_equal(one[1], np.eye(7)[:2])


def test_sizes_that_the_graph_does_not_know():
    def mix(x):
        n, height = ops.shape(x)[:2]
        assert height == 8 and tf.is_symbolic_tensor(n)
        share = tf.cast(tf.range(n), "float32")
        return x * ops.reshape(share, (n, 1, 1, 1))

    batches, _ = mapped(mix, IMAGES)
    np.testing.assert_array_equal(batches[0], IMAGES[:2] * np.arange(2).reshape(2, 1, 1, 1))


@pytest.mark.parametrize("batch", [True, False])
def test_a_feature_space(batch):
    rows = {
        "word": np.array(["x", "y", "x"], dtype=object),
        "number": np.array([1.0, 2.0, 3.0]),
        "k": np.array([0, 1, 1]),
    }
    data = tf.data.Dataset.from_tensor_slices(rows)
    space = keras.utils.FeatureSpace(
        {
            "word": "string_categorical",
            "number": "float_normalized",
            "k": keras.utils.FeatureSpace.integer_categorical(num_oov_indices=0),
        },
        output_mode="concat",
    )
    space.adapt(data)
    data = data.batch(3) if batch else data
    encoded = data.map(space)
    expected = space({k: v if batch else v[0] for k, v in rows.items()}).numpy()
    assert encoded.element_spec.shape.as_list()[-1] == expected.shape[-1] == 6
    np.testing.assert_allclose(next(iter(encoded)), expected)


def test_what_is_no_number_of_axes():
    def f(x):
        tensor = tf.numpy_function(lambda a: a, [x], tf.float32)
        return layers.Rescaling(2.0)(tensor)

    with pytest.raises(ValueError, match="Call its `set_shape` before"):
        mapped(f, IMAGES)


def test_fit_reads_such_a_dataset():
    flip = layers.RandomFlip()
    data = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(5.0))).batch(2)
    data = data.map(lambda x, y: (flip(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)
    net = keras.Sequential([layers.Flatten(), layers.Dense(1)])
    net.compile("adam", "mse")
    assert np.isfinite(net.fit(data, verbose=0).history["loss"][0])


@pytest.mark.parametrize("kind", [tf.sparse.from_dense, tf.RaggedTensor.from_tensor])
def test_fit_reads_sparse_and_ragged_tensors(kind):
    x = np.where(np.arange(12) % 3, np.arange(12) / 12, 0).reshape(6, 2).astype("float32")
    y = x[:, :1]

    def losses(*data):
        net = keras.Sequential([layers.Dense(1, kernel_initializer="ones")])
        net.compile("sgd", "mse")
        return net.fit(*data, shuffle=False, batch_size=4, epochs=2, verbose=0).history["loss"]

    want = losses(x, y)
    np.testing.assert_allclose(losses(kind(x), y), want, rtol=1e-6)
    in_batches = tf.data.Dataset.from_tensor_slices((kind(x), y)).batch(4)
    np.testing.assert_allclose(losses(in_batches), want, rtol=1e-6)


def test_the_parts_of_an_image_layers_call():
    boxes = {"boxes": np.array([[[2.0, 1, 4, 3], [6, 4, 8, 6]]]), "labels": np.array([[1, 2]])}
    shift = layers.RandomTranslation(0.5, 0.5, bounding_box_format="xyxy")
    by = {"translations": np.array([[1.0, 2.0]]), "input_shape": (10, 8, 3)}
    batches, _ = mapped(lambda x: shift.transform_bounding_boxes(x, by, training=True), boxes, batch=1)
    np.testing.assert_allclose(batches[0]["boxes"], [[[3, 3, 5, 5], [7, 6, 8, 8]]])

    flip = layers.RandomFlip("horizontal")

    def flipped(x):
        drawn = flip.get_random_transformation(x)
        return drawn["flips"], flip.transform_images(x, drawn)

    batches, _ = mapped(flipped, np.repeat(IMAGES, 4, axis=0), batch=10)
    for (flips, images), start in zip(batches, (0, 10)):
        given = np.repeat(IMAGES, 4, axis=0)[start : start + 10]
        np.testing.assert_allclose(images, np.where(np.reshape(flips, (10, 1, 1, 1)), given[:, :, ::-1], given))

    choice = layers.RandAugment()
    batches, _ = mapped(lambda x: choice.get_random_transformation(x)["layer_idxes"], np.repeat(IMAGES, 4, axis=0))
    assert len({tuple(b.numpy()) for b in batches}) > 1
    assert layers.RandomErasing().get_random_transformation(IMAGES, training=False) is None
    mapped(lambda x: x if layers.RandomErasing().get_random_transformation(x, training=False) is None else -x, IMAGES)


def test_parts_of_a_dataset_are_of_its_kind():
    data = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(5)))
    left, right = keras.utils.split_dataset(data, left_size=3)
    assert isinstance(left, tf.data.Dataset) and int(left.cardinality()) == 3 and int(right.cardinality()) == 2
    assert [int(y) for _, y in right] == [3, 4]
    left, _ = keras.utils.split_dataset((IMAGES, np.arange(5)), left_size=3, preferred_backend="tensorflow")
    assert isinstance(left, tf.data.Dataset)
    for arrays in (IMAGES, [IMAGES, np.arange(5)], (IMAGES, np.arange(5))):  # the program has TensorFlow
        assert isinstance(keras.utils.split_dataset(arrays, left_size=3)[0], tf.data.Dataset)
    assert isinstance(keras.utils.split_dataset(IMAGES, left_size=3, preferred_backend="grain")[0], keras.data.Dataset)


RAGGED_TERMS = [["a"], ["b", "c"]]
OF_VALUES = {
    "terms": (lambda: layers.StringLookup(vocabulary=["a", "b"]), RAGGED_TERMS, [[1], [2, 0]]),
    "numbers": (lambda: layers.IntegerLookup(vocabulary=[7, 9]), [[7], [9, 8]], [[1], [2, 0]]),
    "hashes": (lambda: layers.Hashing(3), RAGGED_TERMS, [[0], [1, 1]]),
    "bins": (lambda: layers.Discretization([0.0, 1.0]), [[0.1], [0.2, 3.0]], [[1], [1, 2]]),
}


@pytest.mark.parametrize("case", OF_VALUES)
def test_ragged_and_sparse_tensors_of_terms(case):
    """The expected values are those of Keras on TensorFlow."""
    make, rows, want = OF_VALUES[case]
    layer, ragged = make(), tf.ragged.constant(rows)
    found = layer(ragged)
    assert isinstance(found, tf.RaggedTensor) and found.to_list() == want
    (in_graph,) = tf.data.Dataset.from_tensor_slices(ragged).batch(2).map(layer)
    assert isinstance(in_graph, tf.RaggedTensor) and in_graph.to_list() == want
    sparse = ragged.to_sparse()
    found = layer(sparse)
    assert isinstance(found, tf.SparseTensor)
    assert found.values.numpy().tolist() == [n for row in want for n in row]
    np.testing.assert_array_equal(found.indices, sparse.indices)


def test_encoded_rows_of_ragged_tensors_are_refused():
    with pytest.raises(ValueError, match="rectangular"):
        layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot")(tf.ragged.constant(RAGGED_TERMS))


@pytest.mark.parametrize("batched", [False, True])
def test_adapt_to_ragged_terms(batched):
    ragged = tf.ragged.constant([["a"], ["b", "c"], ["c"]])
    data = tf.data.Dataset.from_tensor_slices(ragged).batch(2) if batched else ragged
    lookup = layers.StringLookup()
    lookup.adapt(data)
    assert lookup.get_vocabulary() == ["[UNK]", "c", "b", "a"]
    lookup = layers.StringLookup(output_mode="tf_idf")
    lookup.adapt(data)  # log(1 + documents / (1 + documents with the term)); for unknown ones the mean
    one, two = np.log(1 + 3 / 2), np.log(1 + 3 / 3)
    np.testing.assert_allclose(lookup.idf_weights, [(two + 2 * one) / 3, two, one, one], rtol=1e-6)
