"""Functional models of ops: Lamina and Keras read each other's files, and compute the same."""

import importlib
import inspect

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import lamina  # noqa: E402

SHAPE = (3, 4)
X = np.random.default_rng(4).standard_normal((5, *SHAPE)).astype("float32")

CASES = {
    "slices": lambda o, x: x[:, 1:, ::2],
    "last of an axis": lambda o, x: x[:, -1],
    "one of the last axis": lambda o, x: x[..., 2],
    "numbers": lambda o, x: o.add(x[0, 1], x[1, 2]),
    "new axis": lambda o, x: x[:, None, 1:2],
    "operators": lambda o, x: (2 * x + 1 - x / 3) ** 2 - -x + (abs(x) @ o.ones((4, 2)))[..., :1],
    "reflected": lambda o, x: (1 - x) * (1 / (x * x + 1)) + 2 // (x * x + 1) + x % 2,
    "comparisons": lambda o, x: o.where((x > 0) & ~(x >= 1) | (x < -1), x, 0.5),
    "reshape": lambda o, x: o.reshape(x, (-1, 2, 6)),
    "transpose": lambda o, x: o.transpose(x, (0, 2, 1)),
    "swap and move": lambda o, x: o.moveaxis(o.swapaxes(x, 1, 2), 2, 1),
    "expand and squeeze": lambda o, x: o.squeeze(o.expand_dims(x, 2), 2),
    "concatenate": lambda o, x: o.concatenate([x, 2 * x, x], axis=-1),
    "stack": lambda o, x: o.stack([x, -x], axis=1),
    "split": lambda o, x: o.split(x, 2, axis=2)[1] * o.split(x, [1, 3], axis=2)[1],
    "unstack": lambda o, x: o.unstack(x, axis=1)[2],
    "reductions": lambda o, x: (
        o.sum(x, axis=1, keepdims=True)
        + o.mean(x, axis=(1, 2), keepdims=True)
        - o.max(x, axis=-1, keepdims=True) * o.prod(x, axis=2, keepdims=True)
    ),
    "statistics": lambda o, x: o.std(x, axis=1) + o.var(x, axis=1) + o.logsumexp(x, axis=1),
    "einsum": lambda o, x: o.einsum("bij,bkj->bik", x, x),
    "matmul and dot": lambda o, x: o.matmul(x, o.transpose(x, (0, 2, 1))) + o.tensordot(x, o.ones((4, 3)), axes=1),
    "clip and cast": lambda o, x: o.cast(o.cast(o.clip(x, -0.5, 1.0) * 10, "int32"), "float32"),
    "activations": lambda o, x: (
        o.relu(x)
        + o.gelu(x, approximate=False)
        + o.softmax(x, axis=1)
        + o.log_softmax(x)
        + o.leaky_relu(x, 0.1)
        + o.sigmoid(x)
        + o.silu(x)
        + o.elu(x, 0.5)
    ),
    "functions": lambda o, x: (
        o.exp(x)
        + o.log(o.abs(x) + 1)
        + o.sqrt(o.square(x))
        + o.tanh(x)
        + o.sin(x)
        + o.maximum(x, 0.1)
        + o.minimum(x, o.zeros_like(x))
        + o.power(o.abs(x) + 1, 1.5)
        + o.sign(x)
        + o.floor(x)
    ),
    "take": lambda o, x: o.take(x, [2, 0], axis=1) + o.take_along_axis(x, o.argsort(x, axis=1), axis=1)[:, :2],
    "one hot": lambda o, x: o.one_hot(o.argmax(x, axis=-1), 4),
    "top k": lambda o, x: o.top_k(x, 2)[0],
    "pad, tile, repeat": lambda o, x: (
        o.pad(x, ((0, 0), (1, 1), (0, 2))) + o.repeat(o.tile(x[:, :1], (1, 5, 1)), 2, axis=2)[:, :, :6]
    ),
    "flip and roll": lambda o, x: o.flip(x, axis=1) + o.roll(x, 1, axis=2),
    "sort and cumulate": lambda o, x: o.sort(x, axis=-1) + o.cumsum(x, axis=1),
    "triangles": lambda o, x: o.tril(x) - o.triu(x, 1),
    "slice": lambda o, x: o.slice(x, (0, 1, 1), (5, 2, 3)),
    "broadcast": lambda o, x: o.broadcast_to(x[:, :1], (5, 3, 4)),
    "softmax over all": lambda o, x: o.softmax(x, axis=None),
    "normalize": lambda o, x: o.normalize(x, axis=-1),
    "segments and logic": lambda o, x: (
        o.cast(o.any(x > 1, axis=1), "float32")
        + o.cast(o.logical_and(x[:, 0] > 0, x[:, 1] > 0), "float32")
        + o.cast(o.isfinite(x[:, 2]), "float32")
    ),
    "convolution": lambda o, x: (
        o.conv(x, o.ones((2, 4, 3)), padding="same")
        + o.average_pool(x, 2, 1, "same")[..., :3]
        + o.max_pool(x, 2, 1, "same")[..., 1:]
    ),
    "absent from files as ops": lambda o, x: o.full_like(x, 2.0) * o.ones_like(x),
}


def values(model):
    return np.asarray(model.predict(X, batch_size=5, verbose=0))


@pytest.mark.parametrize("name", CASES)
def test_both_ways(name, tmp_path):
    models = []
    for k in (keras, lamina):
        x = k.Input(SHAPE, name="x", batch_size=5 if name in ("numbers", "broadcast", "slice") else None)
        models.append(k.Model(x, CASES[name](k.ops, x)))
    compute = (lambda model: np.asarray(model(X))) if name == "numbers" else values  # an output without samples
    theirs, mine = (compute(model) for model in models)
    np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)
    for model, readers in ((models[0], (lamina,)), (models[1], (keras, lamina))):
        model.save(tmp_path / "model.keras")
        for reader in readers:
            np.testing.assert_allclose(
                compute(reader.models.load_model(tmp_path / "model.keras")), theirs, rtol=1e-5, atol=1e-5
            )


def test_a_list_as_key_stays_an_array(tmp_path):
    x = lamina.Input(SHAPE, batch_size=5)
    model = lamina.Model(x, x[[0, 2]])
    np.testing.assert_array_equal(np.asarray(model(X)), X[[0, 2]])
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(lamina.models.load_model(tmp_path / "model.keras")(X)), X[[0, 2]])


def parameters(function):
    return [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.name not in ("self", "name") and p.kind != p.VAR_KEYWORD
    ]


def test_arguments_stand_where_keras_has_them():
    """An operation's constructor arguments are in the file's config, those of its call() in the node."""
    compared = 0
    for name in lamina._lamina.op_names():
        op = lamina._lamina.find_op(name)
        theirs = getattr(importlib.import_module(op.class_module), op.class_name, None) if op.class_name else None
        if not inspect.isclass(theirs):  # zeros, losses: no operations
            continue
        keywords = [p.name for p in inspect.signature(op).parameters.values() if p.kind == p.VAR_KEYWORD]
        call = [argument for argument in op.call_arguments if argument not in keywords]
        if (
            name == "image.extract_patches_3d"
        ):  # Keras' class is that of extract_patches; its first argument is "images"
            call[0] = "images"
        assert call == parameters(theirs.call), name
        own = theirs.__init__ is not keras.Operation.__init__
        assert {p for p in inspect.signature(op).parameters if p not in op.call_arguments} == set(
            parameters(theirs.__init__) if own else []
        ), name
        compared += 1
    assert compared > 200
