"""`tf.keras.backend`'s older functions: their results by NumPy, and Keras' losses written with them."""

import lamina as keras
import numpy as np
import pytest

K = keras.backend
RNG = np.random.default_rng(0)
X, Y = RNG.random((2, 3)).astype("float32"), RNG.random((3, 4)).astype("float32")
CUBE = RNG.random((2, 3, 4)).astype("float32")

IMAGES, KERNEL = RNG.random((2, 5, 6, 3)).astype("float32"), RNG.random((2, 2, 3, 4)).astype("float32")

CASES = {
    "conv2d": (lambda: K.conv2d(IMAGES, KERNEL, padding="same"), lambda: keras.ops.conv(IMAGES, KERNEL, 1, "same")),
    "pool2d": (
        lambda: K.pool2d(IMAGES, (2, 2), (2, 2), pool_mode="avg"),
        lambda: IMAGES[:, :4].reshape(2, 2, 2, 3, 2, 3).mean((2, 4)),
    ),
    "resize_images": (
        lambda: K.resize_images(IMAGES, 2, 3, "channels_last"),
        lambda: IMAGES.repeat(2, 1).repeat(3, 2),
    ),
    "spatial_2d_padding": (
        lambda: K.spatial_2d_padding(IMAGES, ((1, 0), (0, 2))),
        lambda: np.pad(IMAGES, [(0, 0), (1, 0), (0, 2), (0, 0)]),
    ),
    "temporal_padding": (lambda: K.temporal_padding(CUBE, (1, 2)), lambda: np.pad(CUBE, [(0, 0), (1, 2), (0, 0)])),
    "bias_add": (
        lambda: K.bias_add(CUBE, np.arange(3, dtype="float32"), "channels_first"),
        lambda: CUBE + np.arange(3, dtype="float32")[None, :, None],
    ),
    "batch_normalization": (
        lambda: K.batch_normalization(X, X.mean(0), X.var(0), X[0], X[1]),
        lambda: (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) * X[1] + X[0],
    ),
    "foldl": (lambda: K.foldl(lambda a, b: 2 * a + b, X), lambda: 2 * X[0] + X[1]),
    "foldr": (lambda: K.foldr(lambda a, b: 2 * a + b, X, np.ones(3, "float32")), lambda: 2 * (2 + X[1]) + X[0]),
    "cumsum": (lambda: K.cumsum(X), lambda: X.cumsum(0)),
    "one_hot": (lambda: K.one_hot([2, 0], 3), lambda: np.eye(3)[[2, 0]]),
    "map_fn": (lambda: K.map_fn(lambda row: row * 2, X), lambda: X * 2),
    "ctc_batch_cost": (
        lambda: K.ctc_batch_cost([[1, 0]], np.full((1, 4, 3), 1 / 3, "float32"), [[4]], [[2]]),
        lambda: [[-np.log(15 / 81)]],
    ),
    "sum": (lambda: K.sum(X, axis=-1, keepdims=True), lambda: X.sum(-1, keepdims=True)),
    "mean": (lambda: K.mean(X), lambda: X.mean()),
    "square": (lambda: K.square(X), lambda: X**2),
    "pow": (lambda: K.pow(X, 3), lambda: X**3),
    "clip": (lambda: K.clip(X, 0.2, 0.6), lambda: X.clip(0.2, 0.6)),
    "flatten": (lambda: K.flatten(X), lambda: X.ravel()),
    "batch_flatten": (lambda: K.batch_flatten(CUBE), lambda: CUBE.reshape(2, 12)),
    "concatenate": (lambda: K.concatenate([X, X]), lambda: np.concatenate([X, X], -1)),
    "dot": (lambda: K.dot(X, Y), lambda: X @ Y),
    "dot of more axes": (lambda: K.dot(CUBE, np.stack([Y.T] * 2)), lambda: np.einsum("abc,dce->abde", CUBE, [Y.T] * 2)),
    "gather": (lambda: K.gather(Y, [2, 0]), lambda: Y[[2, 0]]),
    "permute_dimensions": (lambda: K.permute_dimensions(CUBE, (2, 0, 1)), lambda: CUBE.transpose(2, 0, 1)),
    "l2_normalize": (lambda: K.l2_normalize(X, axis=1), lambda: X / np.sqrt((X**2).sum(1, keepdims=True))),
    "repeat": (lambda: K.repeat(X, 2), lambda: np.repeat(X[:, None], 2, 1)),
    "repeat_elements": (lambda: K.repeat_elements(X, 2, axis=1), lambda: np.repeat(X, 2, 1)),
    "reverse": (lambda: K.reverse(X, 1), lambda: X[:, ::-1]),
    "relu": (lambda: K.relu(X - 0.5, alpha=0.1), lambda: np.where(X > 0.5, X - 0.5, 0.1 * (X - 0.5))),
    "switch": (lambda: K.switch(X[:, 0] > 2, X, lambda: -X), lambda: -X),
    "constant": (lambda: K.constant(2, shape=(2,)), lambda: np.full(2, 2, "float32")),
    "cast_to_floatx": (lambda: K.cast_to_floatx(np.arange(3)), lambda: np.arange(3, dtype="float32")),
    "binary_crossentropy": (
        lambda: K.binary_crossentropy(np.round(X), X),
        lambda: -np.log(np.where(X >= 0.5, X, 1 - X)),
    ),
    "sparse_categorical_crossentropy": (
        lambda: K.sparse_categorical_crossentropy(np.array([1, 0]), X, from_logits=True),
        lambda: np.log(np.exp(X).sum(1)) - X[[0, 1], [1, 0]],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_results(name):
    ours, expected = CASES[name]
    result = np.array(ours())
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected(), rtol=1e-5)


def test_values():
    v = K.variable([1.0, 2.0])
    K.set_value(v, [3.0, 4.0])
    assert K.get_value(v).tolist() == [3.0, 4.0] and K.eval(v * 2).tolist() == [6.0, 8.0]
    assert K.get_value(K.update_add(v, [1.0, 1.0])).tolist() == [4.0, 5.0]
    assert K.int_shape(keras.Input((3,))) == (None, 3) and K.ndim(CUBE) == 3 and K.dtype(v) == "float32"
    assert K.random_normal((2, 3)).shape == K.random_uniform((2, 3)).shape == (2, 3)
    assert not {"sum", "flatten"} & set(dir(K)) and K.backend() and K.epsilon() == 1e-7
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        K.nothing()


@pytest.mark.parametrize("eagerly", [True, False])
def test_a_loss_of_overlaps(eagerly):
    def dice(y_true, y_pred):
        y_true, y_pred = K.flatten(K.cast(y_true, "float32")), K.flatten(y_pred)
        return 1 - (2 * K.sum(y_true * y_pred) + 1.0) / (K.sum(y_true) + K.sum(y_pred) + 1.0)

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", dice, run_eagerly=eagerly)
    x, y = RNG.random((16, 3)), RNG.integers(0, 2, (16, 1))
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_ctc_decode():
    likely = np.full((2, 5, 4), 0.1, "float32")
    for row, path in enumerate(([0, 3, 0, 1, 1], [3, 2, 2, 3, 3])):
        likely[row, range(5), path] = 0.7
    for greedy in (True, False):
        (decoded, *_), scores = K.ctc_decode(likely, np.array([5, 5]), greedy=greedy)
        assert [[int(c) for c in row if c >= 0] for row in np.asarray(decoded)] == [[0, 0, 1], [2]]
        assert np.asarray(scores).shape == (2, 1)


def test_counts():
    assert K.count_params(K.variable(X)) == 6
    assert np.asarray(K.in_top_k(np.float32([[1, 3, 2]]), [2], 2)).tolist() == [True]
