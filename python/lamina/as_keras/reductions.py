"""TensorFlow's sums, products, norms and counts by keras.ops, for scripts where TensorFlow is not installed: those
whose arguments mean something else than in the op of that kind."""

import builtins
from typing import NamedTuple

import numpy as np

from lamina import ops
from lamina.as_keras.arrays import tensor
from lamina.as_keras.renamed_ops import plain


class TopK(NamedTuple):
    """The largest values of rows, and where they stand."""

    values: object
    indices: object


def abs(x, name=None):
    """Without sign; of a spectrum its magnitude."""
    return builtins.abs(x if hasattr(x, "__abs__") else tensor(x))


def equal(x, y, name=None):
    """Where x and y are equal; of strings, too."""
    return _compared(x, y, ops.equal, np.equal)


def not_equal(x, y, name=None):
    """Where x and y differ; of strings, too."""
    return _compared(x, y, ops.not_equal, np.not_equal)


def _compared(x, y, op, of_texts):
    x, y = tensor(x), tensor(y)
    if "string" not in (x.dtype, y.dtype):
        return op(x, y)
    return tensor(of_texts(np.asarray(x, object), np.asarray(y, object)).astype(bool))


def matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, name=None, output_type=None):
    """Products of matrices."""
    a, b = tensor(a), tensor(b)
    a = ops.swapaxes(a, -1, -2) if transpose_a or adjoint_a else a
    b = ops.swapaxes(b, -1, -2) if transpose_b or adjoint_b else b
    out = ops.matmul(ops.conj(a) if adjoint_a else a, ops.conj(b) if adjoint_b else b)
    return out if output_type is None else ops.cast(out, output_type)


def tensordot(a, b, axes, name=None):
    """Products summed over axes."""
    return ops.tensordot(a, b, axes=axes)


def einsum(equation, *inputs, **options):
    """Products and sums by a formula."""
    return ops.einsum(equation, *inputs)


def add_n(inputs, name=None):
    """The sum of tensors."""
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return tensor(total)


def argmax(input, axis=None, output_type="int64", name=None):
    """Where the largest value stands, along the first axis by default."""
    return ops.cast(ops.argmax(tensor(input), axis=0 if axis is None else axis), output_type)


def argmin(input, axis=None, output_type="int64", name=None):
    """Where the smallest value stands, along the first axis by default."""
    return ops.cast(ops.argmin(tensor(input), axis=0 if axis is None else axis), output_type)


def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """Sums up to each element."""
    return _running(ops.cumsum, x, axis, exclusive, reverse, lambda out, x: out - x)


def cumprod(x, axis=0, exclusive=False, reverse=False, name=None):
    """Products up to each element."""
    return _running(ops.cumprod, x, axis, exclusive, reverse, None)


def _running(op, x, axis, exclusive, reverse, without):
    x = tensor(x)
    turned = ops.flip(x, axis=axis) if reverse else x
    if exclusive and without is None:
        first = ops.ones_like(ops.take(turned, [0], axis=axis))
        turned = ops.concatenate([first, turned[tuple(_all_but_last(x, axis))]], axis=axis)
    out = op(turned, axis=axis)
    if exclusive and without is not None:
        out = without(out, turned)
    return ops.flip(out, axis=axis) if reverse else out


def _all_but_last(x, axis):
    return [slice(None, -1) if i == axis % len(x.shape) else slice(None) for i in range(len(x.shape))]


def norm(tensor, ord="euclidean", axis=None, keepdims=False, name=None):
    """The length of vectors; of all elements together without an axis."""
    flat = axis is None and ord == "euclidean"
    if flat and not keepdims:
        return ops.norm(ops.reshape(tensor, (-1,)))
    return ops.norm(tensor, ord=None if ord == "euclidean" else ord, axis=plain(axis), keepdims=keepdims)


def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """Values cut to limits."""
    return ops.clip(t, clip_value_min, clip_value_max)


def clip_by_norm(t, clip_norm, axes=None, name=None):
    """A tensor scaled down where it is longer."""
    length = ops.sqrt(ops.sum(ops.square(t), axis=plain(axes), keepdims=True))
    return t * (clip_norm / ops.maximum(length, clip_norm))


def global_norm(t_list, name=None):
    """The length of all tensors together."""
    return ops.sqrt(add_n([ops.sum(ops.square(t)) for t in t_list if t is not None]))


def clip_by_global_norm(t_list, clip_norm, use_norm=None, name=None):
    """(tensors scaled down where they are longer together, their length)"""
    length = global_norm(t_list) if use_norm is None else use_norm
    scale = clip_norm / ops.maximum(length, clip_norm)
    return [None if t is None else t * scale for t in t_list], length


def l2_normalize(x, axis=None, epsilon=1e-12, name=None):
    """Vectors of length 1."""
    total = ops.sum(ops.square(x), axis=plain(axis), keepdims=True)
    return x * ops.rsqrt(ops.maximum(total, epsilon))


def l2_loss(t, name=None):
    """Half the sum of squares."""
    return ops.sum(ops.square(t)) / 2


def accumulate_n(inputs, name=None):
    """The sum of tensors."""
    return add_n(inputs)


def squared_difference(x, y, name=None):
    """(x - y)^2"""
    return ops.square(tensor(x) - y)


def xlogy(x, y, name=None):
    """x log(y), and 0 where x is 0."""
    x, y = tensor(x), tensor(y)
    return ops.where(x == 0, ops.zeros_like(x), x * ops.log(ops.where(x == 0, ops.ones_like(y), y)))


def multiply_no_nan(x, y, name=None):
    """x y, and 0 where y is 0."""
    x, y = tensor(x), tensor(y)
    return ops.where(y == 0, ops.zeros_like(x * y), x * y)


def top_k(input, k=1, sorted=True, name=None):
    """The k largest values of rows, and where they stand."""
    return TopK(*ops.top_k(tensor(input), int(k), sorted=sorted))


def in_top_k(targets, predictions, k, name=None):
    """Whether a target is among the k largest."""
    return ops.in_top_k(targets, predictions, k)


def bincount(arr, weights=None, minlength=None, maxlength=None, dtype="int32", name=None, axis=None, binary_output=0):
    """How often each int stands there."""
    counts = ops.bincount(ops.reshape(tensor(arr), (-1,)) if axis is None else arr, weights, int(minlength or 0))
    counts = counts if maxlength is None else counts[..., : int(maxlength)]
    counts = ops.minimum(counts, 1) if binary_output else counts
    return counts if weights is not None else ops.cast(counts, dtype)


def count_nonzero(input, axis=None, keepdims=None, dtype="int64", name=None):
    """How many are not zero."""
    return ops.sum(ops.cast(ops.not_equal(input, 0), dtype), axis=plain(axis), keepdims=bool(keepdims))


def confusion_matrix(labels, predictions, num_classes=None, weights=None, dtype="int32", name=None):
    """How often a class (row) was taken for a class (column)."""
    rows, columns = np.asarray(labels).reshape(-1).astype(int), np.asarray(predictions).reshape(-1).astype(int)
    most = max(rows.max(initial=-1), columns.max(initial=-1)) + 1 if num_classes is None else int(num_classes)
    counts = np.zeros((most, most), np.float64)
    np.add.at(counts, (rows, columns), 1.0 if weights is None else np.asarray(weights))
    return tensor(counts.astype(str(dtype)))


def _segments(name):
    def reduced(data, segment_ids, num_segments, name=None):
        data, ids = tensor(data), tensor(segment_ids)
        rows = int(np.prod(ids.shape))
        flat = ops.reshape(data, (rows, *data.shape[len(ids.shape) :]))
        return getattr(ops, f"segment_{how}")(flat, ops.reshape(ids, (rows,)), int(num_segments))

    how = name.rpartition("_")[2]
    reduced.__name__, reduced.__doc__ = name, f"The {how} of the rows of each segment."
    return reduced


unsorted_segment_sum = _segments("unsorted_segment_sum")
unsorted_segment_max = _segments("unsorted_segment_max")
unsorted_segment_min = _segments("unsorted_segment_min")
unsorted_segment_prod = _segments("unsorted_segment_prod")


def unsorted_segment_mean(data, segment_ids, num_segments, name=None):
    """The mean of the rows of each segment."""
    total = unsorted_segment_sum(data, segment_ids, num_segments)
    count = unsorted_segment_sum(ops.ones(tuple(tensor(segment_ids).shape), total.dtype), segment_ids, num_segments)
    return total / ops.maximum(ops.reshape(count, (-1,) + (1,) * (len(total.shape) - 1)), 1)


def _of_sorted(name):
    def reduced(data, segment_ids, name=None):
        return globals()[f"unsorted_{own}"](data, segment_ids, int(np.asarray(segment_ids).max(initial=-1)) + 1)

    own = name
    reduced.__name__, reduced.__doc__ = name, f"The {name.rpartition('_')[2]} of the rows of each segment."
    return reduced


segment_sum, segment_mean = _of_sorted("segment_sum"), _of_sorted("segment_mean")
segment_max, segment_min = _of_sorted("segment_max"), _of_sorted("segment_min")
segment_prod = _of_sorted("segment_prod")


def band_part(input, num_lower, num_upper, name=None):
    """A matrix with zeros but on so many diagonals below and above; -1 keeps all."""
    rows, columns = input.shape[-2:]
    distance = np.arange(columns)[None, :] - np.arange(rows)[:, None]
    kept = (distance >= -(num_lower if num_lower >= 0 else rows)) & (
        distance <= (num_upper if num_upper >= 0 else columns)
    )
    return input * ops.cast(kept, input.dtype)


def diag(diagonal, name="diag", k=0, num_rows=-1, num_cols=-1, padding_value=0, align="RIGHT_LEFT"):
    """Matrices with these diagonals."""
    if k != 0 or num_rows != -1 or num_cols != -1 or padding_value != 0:
        raise NotImplementedError("tf.linalg.diag() makes square matrices with zeros beside the main diagonal.")
    diagonal = tensor(diagonal)
    return ops.expand_dims(diagonal, -1) * ops.eye(diagonal.shape[-1], dtype=diagonal.dtype)


def set_diag(input, diagonal, name="set_diag", k=0, align="RIGHT_LEFT"):
    """Matrices with other diagonals."""
    if k != 0:
        raise NotImplementedError("tf.linalg.set_diag() sets the main diagonal.")
    input, diagonal = tensor(input), tensor(diagonal)
    return input * (1 - ops.eye(*input.shape[-2:], dtype=input.dtype)) + diag(diagonal)


def matrix_transpose(a, name="matrix_transpose", conjugate=False):
    """The last two axes exchanged."""
    return ops.swapaxes(a, -1, -2)


def svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """(singular values, left and right vectors)"""
    if not compute_uv:
        return ops.svd(tensor, full_matrices, False)
    u, s, vh = ops.svd(tensor, full_matrices, True)
    return s, u, ops.swapaxes(vh, -1, -2)


def searchsorted(sorted_sequence, values, side="left", out_type="int32", name=None):
    """Where values belong in a sorted row."""
    return ops.cast(ops.searchsorted(sorted_sequence, values, side=side), out_type)


def histogram_fixed_width(values, value_range, nbins=100, dtype="int32", name=None):
    """How many values lie in each of equal bins; those beyond the range count in the outer ones."""
    low, high = (float(v) for v in value_range)
    place = ops.floor((ops.cast(values, "float32") - low) / (high - low) * nbins)
    return bincount(ops.cast(ops.clip(place, 0, nbins - 1), "int32"), minlength=nbins, dtype=dtype)


def reduce_euclidean_norm(input_tensor, axis=None, keepdims=False, name=None):
    """The length of vectors."""
    return ops.sqrt(ops.sum(ops.square(input_tensor), axis=plain(axis), keepdims=keepdims))


def polyval(coeffs, x, name=None):
    """A polynomial's value; the coefficient of the highest power comes first."""
    out = ops.zeros_like(x)
    for c in coeffs:
        out = out * x + c
    return out
