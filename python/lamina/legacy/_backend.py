"""`tf.keras.backend`: what `from tensorflow.keras import backend as K` has beyond `keras.backend`. Keras 3 keeps it for
programs that were written with it: ops of keras.ops by older names, with the older defaults."""

import numpy as np

import lamina
from lamina import _lamina
from lamina._core import ops
from lamina.legacy import _backend_images

# Names of keras.ops that mean the same.
_SAME = frozenset(
    [
        *("abs", "all", "any", "argmax", "argmin", "cast", "clip", "cos", "equal", "exp", "expand_dims", "eye"),
        *("greater", "greater_equal", "less", "less_equal", "log", "max", "maximum", "mean", "min", "minimum"),
        *("not_equal", "ones", "ones_like", "prod", "reshape", "round", "sigmoid", "sign", "sin", "softplus"),
        *("softsign", "sqrt", "square", "squeeze", "stack", "std", "sum", "tanh", "tile", "transpose", "var", "zeros"),
        *("zeros_like", "elu", "softmax", "hard_sigmoid", "logsumexp", "arange", "shape"),
    ]
)


def _crossentropy(op):
    def f(target, output, from_logits=False, axis=-1):
        return op(target, output, from_logits=from_logits, axis=axis)

    return f


def _repeat(x, n):
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


def _dot(x, y):
    return ops.tensordot(x, y, axes=[[-1], [max(y.ndim - 2, 0)]])


def _relu(x, alpha=0.0, max_value=None, threshold=0.0):
    return lamina.activations.relu(x, negative_slope=alpha, max_value=max_value, threshold=threshold)


def _switch(condition, then_expression, else_expression):
    value = lambda x: x() if callable(x) else x
    then, otherwise = value(then_expression), value(else_expression)
    condition = ops.cast(condition, "bool")
    while condition.ndim < then.ndim:
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, then, otherwise)


def _assign(method):
    def f(x, value):
        getattr(x, method)(value)
        return x

    return f


def _set_values(pairs):
    for variable, value in pairs:
        variable.assign(value)


def _dtype_of(dtype):
    return dtype or _lamina.floatx()


def _binary_crossentropy(target, output, from_logits=False):
    return ops.binary_crossentropy(target, output, from_logits=from_logits)


def _ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """The CTC loss of probabilities, a column; the last class is the blank."""
    logits = ops.log(y_pred + _lamina.epsilon())
    lengths = [ops.cast(ops.reshape(x, (-1,)), "int32") for x in (label_length, input_length)]
    loss = ops.ctc_loss(ops.cast(y_true, "int32"), logits, *lengths, mask_index=y_pred.shape[-1] - 1)
    return ops.expand_dims(loss, 1)


def _ctc_decode(y_pred, input_length, greedy=True, beam_width=100, top_paths=1):
    """([the classes, and -1 behind them], their log probabilities); the last class is the blank."""
    options = {"strategy": "greedy"} if greedy else {"strategy": "beam_search", "beam_width": beam_width}
    decoded, scores = ops.ctc_decode(
        ops.log(y_pred + _lamina.epsilon()),
        ops.cast(ops.reshape(input_length, (-1,)), "int32"),
        top_paths=top_paths,
        mask_index=y_pred.shape[-1] - 1,
        **options,
    )
    return list(ops.unstack(decoded)), scores


_FUNCTIONS = {
    "batch_dot": lambda x, y, axes=None: lamina.layers.Dot((x.ndim - 1, max(y.ndim - 2, 1)) if axes is None else axes)(
        [x, y]
    ),
    "batch_flatten": lambda x: ops.reshape(x, (x.shape[0] or -1, int(np.prod(x.shape[1:])))),
    "batch_get_value": lambda xs: [np.array(x) for x in xs],
    "batch_set_value": lambda pairs: _set_values(pairs),
    "binary_crossentropy": _binary_crossentropy,
    "cast_to_floatx": lambda x: ops.cast(x, _lamina.floatx()) if hasattr(x, "shape") else float(x),
    "categorical_crossentropy": _crossentropy(ops.categorical_crossentropy),
    "concatenate": lambda tensors, axis=-1: ops.concatenate(tensors, axis=axis),
    "constant": lambda value, dtype=None, shape=None, name=None: ops.broadcast_to(
        ops.convert_to_tensor(value, dtype=_dtype_of(dtype)), np.shape(value) if shape is None else shape
    ),
    "ctc_batch_cost": _ctc_batch_cost,
    "ctc_decode": _ctc_decode,
    "dot": _dot,
    "dtype": lambda x: str(x.dtype),
    "eval": lambda x: np.array(x),
    "flatten": lambda x: ops.reshape(x, (-1,)),
    "gather": lambda reference, indices: ops.take(reference, indices, axis=0),
    "get_value": lambda x: np.array(x),
    "int_shape": lambda x: tuple(x.shape),
    "l2_normalize": lambda x, axis=None: ops.divide(
        x, ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))
    ),
    "ndim": lambda x: len(x.shape),
    "permute_dimensions": lambda x, pattern: ops.transpose(x, axes=pattern),
    "pow": lambda x, a: ops.power(x, a),
    "random_normal": lambda shape, mean=0.0, stddev=1.0, dtype=None, seed=None: lamina.random.normal(
        shape, mean, stddev, _dtype_of(dtype), seed
    ),
    "random_uniform": lambda shape, minval=0.0, maxval=1.0, dtype=None, seed=None: lamina.random.uniform(
        shape, minval, maxval, _dtype_of(dtype), seed
    ),
    "relu": _relu,
    "repeat": _repeat,
    "repeat_elements": lambda x, rep, axis: ops.repeat(x, rep, axis=axis),
    "reverse": lambda x, axes: ops.flip(x, axis=axes),
    "set_value": lambda x, value: _set_values([(x, value)]),
    "sparse_categorical_crossentropy": _crossentropy(ops.sparse_categorical_crossentropy),
    "stop_gradient": lambda x: ops.stop_gradient(x),
    "switch": _switch,
    "truncated_normal": lambda shape, mean=0.0, stddev=1.0, dtype=None, seed=None: lamina.random.truncated_normal(
        shape, mean, stddev, _dtype_of(dtype), seed
    ),
    "update": _assign("assign"),
    "update_add": _assign("assign_add"),
    "update_sub": _assign("assign_sub"),
    "variable": lambda value, dtype=None, name=None, constraint=None: lamina.Variable(
        value, dtype=_dtype_of(dtype), name=name
    ),
}


def find(name):
    """The function of `tf.keras.backend` by that name, or None."""
    own = _FUNCTIONS.get(name) or _backend_images.FUNCTIONS.get(name)
    return own or (getattr(ops, name) if name in _SAME else None)
