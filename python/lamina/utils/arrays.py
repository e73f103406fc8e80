"""Labels as one-hot rows, norms, and sequences of different lengths as one array."""

import numpy as np

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish


def to_categorical(x, num_classes=None):
    """Class numbers to one-hot rows.

    Args:
        x: integers of any shape; a last axis of size 1 is dropped.
        num_classes: the length of a row; by default one more than the greatest number.

    Returns:
        An array or tensor of x's shape with a row in place of each number.
    """
    if isinstance(x, _lamina.TensorBase):
        return ops.one_hot(x, num_classes)
    x = np.array(x, dtype="int64")
    shape = x.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    x = x.reshape(-1)
    n = num_classes or int(x.max()) + 1
    out = np.zeros((x.shape[0], n))
    out[np.arange(x.shape[0]), x] = 1
    return out.reshape(shape + (n,))


def normalize(x, axis=-1, order=2):
    """x divided by its norm along an axis.

    Args:
        x: an array or a tensor.
        axis: the axis.
        order: that of the norm: 2 is the Euclidean one.

    Returns:
        An array or a tensor of x's shape.
    """
    if isinstance(x, _lamina.TensorBase):
        return ops.normalize(x, axis=axis, order=order)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis if axis is not None else -1)


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """Sequences of any lengths as one array: cut or filled, before or after.

    Args:
        sequences: lists or arrays that differ in length alone.
        maxlen: the length of all; by default that of the longest.
        dtype: the array's.
        padding: where short ones are filled: "pre" or "post".
        truncating: where long ones are cut: "pre" or "post".
        value: what fills.

    Returns:
        An array (sequences, maxlen, ...).

    Raises:
        ValueError: for what has no length, for sequences whose elements differ in shape, and for unknown `padding` or
            `truncating`.
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ValueError(f'{name.capitalize()} type "{where}" not understood. Expected "pre" or "post".')
    for x in sequences:
        if not hasattr(x, "__len__"):
            raise ValueError(f"`sequences` must be a list of iterables. Found non-iterable: {x}")
    arrays = [np.asarray(x) for x in sequences]
    if maxlen is None:
        maxlen = max((len(a) for a in arrays), default=0)
    shape = next((a.shape[1:] for a in arrays if len(a)), ())
    text = np.issubdtype(dtype, np.str_)
    if isinstance(value, str) and dtype is not object and not text:
        raise ValueError(
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\nYou should set `dtype=object` "
            "for variable length strings."
        )
    out = np.full((len(arrays), maxlen, *shape), value, dtype=dtype)
    for i, a in enumerate(arrays):
        if not len(a):
            continue
        if a.shape[1:] != shape:
            raise ValueError(
                f"Shape of sample {a.shape[1:]} of sequence at position {i} is different from expected shape {shape}"
            )
        a = a[max(0, len(a) - maxlen) :] if truncating == "pre" else a[:maxlen]
        start = 0 if padding == "post" else maxlen - len(a)
        out[i, start : start + len(a)] = a
    return out


publish("lamina.utils", normalize, pad_sequences, to_categorical)
