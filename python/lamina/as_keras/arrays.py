"""TensorFlow's functions that make arrays and move their elements, by keras.ops, for scripts where TensorFlow is not
installed: those whose arguments mean something else than in the op of that kind."""

import builtins

import numpy as np

import lamina
from lamina import _lamina, ops
from lamina.as_keras.renamed_ops import plain


class Sizes(tuple):
    """What tf.shape() gives: the sizes of a tensor's axes, with the arithmetic of an array of ints."""

    __slots__ = ()

    def numpy(self):
        """The sizes as an array of int32."""
        return np.asarray(tuple(self), "int32")

    def __getitem__(self, index):
        picked = super().__getitem__(index)
        return Sizes(picked) if isinstance(index, builtins.slice) else picked

    def _each(self, other, f):
        others = other if isinstance(other, (tuple, list)) else [other] * len(self)
        return Sizes(f(a, b) for a, b in zip(self, others, strict=True))

    def __add__(self, other):
        return self._each(other, lambda a, b: a + b)

    def __sub__(self, other):
        return self._each(other, lambda a, b: a - b)

    def __mul__(self, other):
        return self._each(other, lambda a, b: a * b)

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other):
        return self._each(other, lambda a, b: a // b)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(tensor(self), name)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(tuple(self), dtype or "int32")


def sizes(shape):
    """A shape as a tuple of ints, out of a list, a tensor or the like."""
    if hasattr(shape, "numpy"):
        shape = shape.numpy()
    if np.ndim(shape) == 0 and not isinstance(shape, (tuple, list)):
        return (int(shape),)
    return tuple(n if n is None else int(n) for n in shape)


def tensor(x, dtype=None):
    """A tensor of x; one that it is already stays."""
    if isinstance(x, (Sizes, str, bytes)):
        x = np.asarray(x, object if isinstance(x, (str, bytes)) else None)
    if dtype is None and isinstance(x, (lamina.Tensor, lamina.KerasTensor)):
        return x
    return ops.convert_to_tensor(x, dtype=dtype)


def convert_to_tensor(value, dtype=None, dtype_hint=None, name=None):
    """A tensor of value."""
    return tensor(value, dtype)


def constant(value, dtype=None, shape=None, name="Const"):
    """A tensor of value; of one number where a shape is given, as often as that wants."""
    made = tensor(value, dtype)
    if shape is None:
        return made
    return ops.broadcast_to(made, sizes(shape)) if ops.size(made) == 1 else ops.reshape(made, sizes(shape))


def cast(x, dtype, name=None):
    """x in another dtype."""
    return ops.cast(tensor(x), dtype)


def saturate_cast(value, dtype, name=None):
    """value in another dtype, cut to what that holds."""
    return ops.saturate_cast(tensor(value), dtype)


def shape(input, out_type="int32", name=None):
    """The sizes of the axes: ints, which are known where a model is built, too."""
    return Sizes(ops.shape(input if hasattr(input, "shape") else tensor(input)))


def size(input, out_type="int32", name=None):
    """The number of elements."""
    return ops.cast(ops.size(tensor(input)), out_type)


def rank(input, name=None):
    """The number of axes."""
    return tensor(len(tensor(input).shape))


def zeros(shape, dtype="float32", name=None):
    """Zeros."""
    return ops.zeros(sizes(shape), dtype)


def ones(shape, dtype="float32", name=None):
    """Ones."""
    return ops.ones(sizes(shape), dtype)


def fill(dims, value, name=None):
    """One value everywhere."""
    return ops.full(sizes(dims), value, dtype=tensor(value).dtype)


def eye(num_rows, num_columns=None, batch_shape=None, dtype="float32", name=None):
    """Ones on the diagonal; one matrix for each place of a batch."""
    made = ops.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=dtype)
    return made if batch_shape is None else ops.broadcast_to(made, (*sizes(batch_shape), *made.shape))


def range(start, limit=None, delta=1, dtype=None, name=None):
    """Numbers at one distance."""
    start, limit = (0, start) if limit is None else (start, limit)
    return ops.arange(start, limit, delta, dtype=dtype)


def linspace(start, stop, num, name=None, axis=0):
    """`num` numbers from start to stop."""
    return ops.linspace(start, stop, int(num), axis=axis)


def reshape(tensor, shape, name=None):
    """The same elements in another shape."""
    return ops.reshape(tensor, shape if isinstance(shape, (tuple, list)) else sizes(shape))


def broadcast_to(input, shape, name=None):
    """input, repeated to a shape."""
    return ops.broadcast_to(input, sizes(shape))


def ensure_shape(x, shape, name=None):
    """x, whose shape must be the one that is given; None stands for any size."""
    if len(x.shape) != len(shape) or any(n not in (None, m) and m is not None for n, m in zip(shape, x.shape)):
        raise ValueError(f"tf.ensure_shape() expected the shape {tuple(shape)}. Received: {tuple(x.shape)}")
    return x


def _known_sizes(x):
    """What may be a part of a shape as a tuple of ints, or None."""
    if isinstance(x, (list, tuple)):
        return tuple(x) if all(isinstance(n, int) for n in x) else None
    of_ints = isinstance(x, lamina.Tensor) and "int" in x.dtype and x.ndim == 1 and _lamina.has_data(x)
    return tuple(x.tolist()) if of_ints else None


def expand_dims(input, axis, name=None):
    """A new axis of size 1; of one size a shape of one axis."""
    if isinstance(input, int) and not isinstance(input, bool) and axis in (0, -1):
        return Sizes((input,))  # a shape in the making
    return ops.expand_dims(tensor(input), axis)


def concat(values, axis=0, name="concat"):
    """Tensors behind each other along an axis."""
    known = [_known_sizes(v) for v in values]
    if None not in known and any(isinstance(v, (list, tuple)) for v in values):
        return Sizes(n for v in known for n in v)  # a shape in the making
    return ops.concatenate([tensor(v) for v in values], axis=plain(axis))


def stack(values, axis=0, name="stack"):
    """Tensors of one shape along a new axis."""
    if axis == 0 and isinstance(values, (list, tuple)) and values and all(isinstance(v, int) for v in values):
        return Sizes(values)  # a shape in the making
    return ops.stack([tensor(v) for v in values], axis=axis)


def unstack(value, num=None, axis=0, name="unstack"):
    """The tensors along an axis."""
    return list(ops.unstack(value, num=num, axis=axis))


def split(value, num_or_size_splits, axis=0, num=None, name="split"):
    """Parts along an axis: so many, or of these sizes, one of which may be -1."""
    if not isinstance(num_or_size_splits, (int, np.integer)):
        lengths = list(sizes(num_or_size_splits))
        if -1 in lengths:
            lengths[lengths.index(-1)] = value.shape[axis] - sum(n for n in lengths if n >= 0)
        return list(ops.split(value, np.cumsum(lengths)[:-1].tolist(), axis=axis))
    return list(ops.split(value, int(num_or_size_splits), axis=axis))


def transpose(a, perm=None, conjugate=False, name="transpose"):
    """Axes in another order."""
    out = ops.transpose(a, None if perm is None else plain(perm))
    return ops.conj(out) if conjugate else out


def tile(input, multiples, name=None):
    """input, so often along each axis."""
    return ops.tile(input, sizes(multiples))


def pad(tensor, paddings, mode="CONSTANT", constant_values=0, name=None):
    """tensor with margins."""
    widths = paddings.numpy().tolist() if hasattr(paddings, "numpy") else [[int(n) for n in p] for p in paddings]
    mode = mode.lower()
    return ops.pad(tensor, widths, mode=mode, constant_values=constant_values if mode == "constant" else None)


def slice(input_, begin, size, name=None):
    """A block: where it begins, and its sizes; -1 is to the end."""
    starts = sizes(begin)
    lengths = [n - b if s == -1 else s for n, b, s in zip(input_.shape, starts, sizes(size), strict=True)]
    return ops.slice(input_, starts, lengths)


def gather(params, indices, validate_indices=None, axis=None, batch_dims=0, name=None):
    """The parts of an axis that indices name; with batch_dims those of each place of a batch."""
    axis = batch_dims if axis is None else axis
    if batch_dims == 0:
        return ops.take(params, indices, axis=axis)
    if batch_dims < 0:
        batch_dims += len(indices.shape)
    f = lambda pair: gather(pair[0], pair[1], axis=axis - 1, batch_dims=batch_dims - 1)  # noqa: E731
    return ops.vectorized_map(f, (tensor(params), tensor(indices)))


def gather_nd(params, indices, batch_dims=0, name=None):
    """The parts of a tensor that rows of indices name."""
    params, indices = tensor(params), tensor(indices)
    if batch_dims:
        f = lambda pair: gather_nd(pair[0], pair[1], batch_dims - 1)  # noqa: E731
        return ops.vectorized_map(f, (params, indices))
    depth = indices.shape[-1]
    return params[tuple(indices[..., i] for i in builtins.range(depth))]


def boolean_mask(tensor, mask, axis=None, name="boolean_mask"):
    """The parts of a tensor where a mask is true."""
    keep = np.asarray(mask)
    first = 0 if axis is None else axis
    flat = ops.reshape(tensor, (*tensor.shape[:first], keep.size, *tensor.shape[first + keep.ndim :]))
    return ops.take(flat, np.flatnonzero(keep), axis=first)


def where(condition, x=None, y=None, name=None):
    """x where a condition holds, y elsewhere; without them the places where it holds."""
    if x is None and y is None:
        return ops.stack([ops.cast(v, "int64") for v in ops.nonzero(tensor(condition))], axis=-1)
    return ops.where(condition, x, y)


def one_hot(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None):
    """One number of `depth` is on."""
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    made = ops.one_hot(tensor(indices), int(depth), axis=-1 if axis is None else axis, dtype=dtype or "float32")
    if (on, off) == (1, 0):
        return made
    return ops.cast(ops.where(ops.cast(made, "bool"), on, off), dtype or tensor(on).dtype)


def scatter_nd(indices, updates, shape, name=None):
    """Zeros with updates added at indices."""
    return ops.scatter(indices, updates, sizes(shape))


def tensor_scatter_nd_update(tensor, indices, updates, name=None):
    """A tensor with updates at indices."""
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(tensor, indices, updates, name=None):
    """A tensor with updates added at indices."""
    return tensor + ops.cast(ops.scatter(indices, updates, tuple(tensor.shape)), tensor.dtype)


def sort(values, axis=-1, direction="ASCENDING", name=None):
    """Values in order."""
    out = ops.sort(values, axis=axis)
    return ops.flip(out, axis=axis) if direction == "DESCENDING" else out


def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """Where the values in order come from."""
    values = tensor(values)
    return ops.cast(ops.argsort(-values if direction == "DESCENDING" else values, axis=axis), "int32")


def unique(x, out_idx="int32", name=None):
    """(the values in the order of their first places, which of them each element is)"""
    a = np.asarray(tensor(x))
    _, first, inverse = np.unique(a, return_index=True, return_inverse=True)
    order = np.argsort(first)
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return tensor(a[np.sort(first)]), tensor(places[inverse].astype(str(out_idx)))


def meshgrid(*args, indexing="xy", name=None):
    """Grids of coordinates."""
    return list(ops.meshgrid(*args, indexing=indexing))


def sequence_mask(lengths, maxlen=None, dtype="bool", name=None):
    """Whether a step is one of the first so many."""
    lengths = tensor(lengths)
    most = int(ops.max(lengths)) if maxlen is None else int(maxlen)
    return ops.cast(ops.arange(most, dtype=lengths.dtype) < ops.expand_dims(lengths, -1), dtype)


def is_tensor(x):
    """Whether x is a tensor or a variable."""
    return ops.is_tensor(x) or isinstance(x, lamina.Variable)


def cond(pred, true_fn=None, false_fn=None, name=None):
    """What one of two functions gives."""
    return ops.cond(pred, true_fn, false_fn)


def while_loop(
    cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, maximum_iterations=None, name=None
):
    """Loop variables through a function as long as a condition holds."""
    return ops.while_loop(cond, body, tuple(tensor(v) for v in loop_vars), maximum_iterations=maximum_iterations)


def map_fn(fn, elems, dtype=None, fn_output_signature=None, name=None, **schedule):
    """A function of each row."""
    return ops.map(fn, lamina.tree.map_structure(tensor, elems))


def vectorized_map(fn, elems, fallback_to_while_loop=True, warn=True):
    """A function of all rows at once."""
    return ops.vectorized_map(fn, lamina.tree.map_structure(tensor, elems))


def py_function(func=None, inp=None, Tout=None, name=None):
    """func(*inp) with tensors, and its results as tensors."""
    return _typed(func(*[tensor(x) for x in inp]), Tout)


def numpy_function(func=None, inp=None, Tout=None, stateful=True, name=None):
    """func(*inp) with arrays, and its results as tensors."""
    return _typed(func(*[np.asarray(x) for x in inp]), Tout)


def _typed(results, types):
    if not isinstance(types, (list, tuple)):
        return results if types is None else tensor(results, types)
    results = results if isinstance(results, (list, tuple)) else [results]
    return [tensor(x, t) for x, t in zip(results, types, strict=True)]
