"""The methods and protocols of arrays that tensors have besides operators: t.mean(), f"{t:.3f}", divmod(t, 2),
numpy.mean(t).

They are ops with NumPy's arguments, so they are differentiable and run in traces and on symbolic tensors. Tensors are
immutable: sort() and copy() return tensors, and an `out` is refused.
"""

import numbers

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import public_names


def _array(x):
    import numpy as np  # here, so that importing lamina does not wait for it

    return np.asarray(x)


def _no_out(method, out):
    if out is not None:
        raise NotImplementedError(
            f"Tensor.{method}: tensors are immutable, so `out` is not supported; use the result. Received: out={out!r}"
        )


def _cast(x, dtype):
    return x if dtype is None else ops.cast(x, dtype)


def _identity(x, least):
    """What max (or min) of nothing is: the least (or greatest) number of the dtype."""
    if x.dtype == "bool":
        return not least
    if "float" in x.dtype:
        return float("-inf") if least else float("inf")
    import numpy as np

    info = np.iinfo(x.dtype)
    return int(info.min if least else info.max)


def _kept(x, where, identity):
    return x if where is None else ops.where(where, x, _cast(ops.convert_to_tensor(identity), x.dtype))


def _count(x, where, axis, keepdims):
    return ops.sum(
        ops.cast(ops.broadcast_to(ops.cast(where, "bool"), ops.shape(x)), x.dtype), axis=axis, keepdims=keepdims
    )


def all(self, axis=None, out=None, keepdims=False, *, where=None):
    """Whether all elements along `axis` are true, as a bool tensor; of those at which `where` holds."""
    _no_out("all", out)
    return ops.all(_kept(_cast(self, "bool"), where, True), axis=axis, keepdims=keepdims)


def any(self, axis=None, out=None, keepdims=False, *, where=None):
    """Whether any element along `axis` is true, as a bool tensor; of those at which `where` holds."""
    _no_out("any", out)
    return ops.any(_kept(_cast(self, "bool"), where, False), axis=axis, keepdims=keepdims)


def argmax(self, axis=None, out=None, *, keepdims=False):
    """The place of the greatest element along `axis` (of the flattened tensor without one), int32."""
    _no_out("argmax", out)
    return ops.argmax(self, axis=axis, keepdims=keepdims)


def argmin(self, axis=None, out=None, *, keepdims=False):
    """The place of the least element along `axis` (of the flattened tensor without one), int32."""
    _no_out("argmin", out)
    return ops.argmin(self, axis=axis, keepdims=keepdims)


def argpartition(self, kth, axis=-1):
    """The places that put the kth element where sorting would, smaller ones before it."""
    return ops.argpartition(self, kth, axis=axis)


def argsort(self, axis=-1, kind=None, order=None, *, stable=True, descending=False):
    """The places that sort the tensor along `axis`. Equal elements keep their order, whatever `kind` and `stable`
    are."""
    if order is not None:
        raise ValueError(f"Tensor.argsort: `order` is for structured arrays. Received: order={order!r}")
    if not descending:
        return ops.argsort(self, axis=axis)
    backwards = ops.argsort(ops.flip(self, axis=axis), axis=axis)  # equal elements, seen from the end
    return ops.flip((self.size if axis is None else self.shape[axis]) - 1 - backwards, axis=axis)


def astype(self, dtype, copy=True):
    """The tensor in another dtype: a name, a NumPy dtype, or float, int or bool."""
    return ops.cast(self, dtype)


def clip(self, min=None, max=None, out=None):
    """The elements, but none below `min` or above `max`; None is no limit."""
    _no_out("clip", out)
    if min is not None and max is not None:
        return ops.clip(self, min, max)
    x = self if min is None else ops.maximum(self, min)
    return x if max is None else ops.minimum(x, max)


def compress(self, condition, axis=None, out=None):
    """The slices along `axis` (elements of the flattened tensor without one) at which the one-dimensional `condition`
    holds."""
    _no_out("compress", out)
    condition = ops.convert_to_tensor(condition)
    if len(condition.shape) != 1:
        raise ValueError(f"Tensor.compress: `condition` must be one-dimensional, received shape {condition.shape}.")
    return ops.take(self, ops.nonzero(condition)[0], axis=axis)


def conj(self):
    """The tensor itself: its elements are real."""
    return ops.conj(self)


def copy(self, order="C"):
    """A tensor of the same elements."""
    return ops.copy(self)


def cumprod(self, axis=None, dtype=None, out=None):
    """Products of the elements up to each along `axis`; of the flattened tensor without one."""
    _no_out("cumprod", out)
    return ops.cumprod(self, axis=axis, dtype=dtype)


def cumsum(self, axis=None, dtype=None, out=None):
    """Sums of the elements up to each along `axis`; of the flattened tensor without one."""
    _no_out("cumsum", out)
    return ops.cumsum(self, axis=axis, dtype=dtype)


def diagonal(self, offset=0, axis1=0, axis2=1):
    """The diagonal of the matrices over two axes, as a last axis."""
    return ops.diagonal(self, offset=offset, axis1=axis1, axis2=axis2)


def dot(self, b):
    """numpy.dot: an inner product of the last axis with the second last of `b`."""
    return ops.dot(self, b)


def flatten(self, order="C"):
    """All elements along one axis: the last axis ("C") or the first ("F") varies fastest."""
    return self.reshape((-1,), order=order)


def max(self, axis=None, out=None, keepdims=False, initial=None, where=None):
    """The greatest element along `axis`; of those at which `where` holds, and `initial`."""
    _no_out("max", out)
    x = _kept(self, where, _identity(self, True) if where is not None else None)
    return ops.max(x, axis=axis, keepdims=keepdims, initial=initial)


def mean(self, axis=None, dtype=None, out=None, keepdims=False, *, where=None):
    """The mean along `axis`, of the elements at which `where` holds; a float tensor."""
    _no_out("mean", out)
    x = _cast(self, dtype)
    if where is None:
        return ops.mean(x, axis=axis, keepdims=keepdims)
    x = x if "float" in x.dtype else _cast(x, _lamina.floatx())
    return ops.sum(_kept(x, where, 0), axis=axis, keepdims=keepdims) / _count(x, where, axis, keepdims)


def min(self, axis=None, out=None, keepdims=False, initial=None, where=None):
    """The least element along `axis`; of those at which `where` holds, and `initial`."""
    _no_out("min", out)
    x = _kept(self, where, _identity(self, False) if where is not None else None)
    return ops.min(x, axis=axis, keepdims=keepdims, initial=initial)


def nonzero(self):
    """The places of the elements that are not zero, one vector an axis."""
    return tuple(ops.nonzero(self))


def prod(self, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    """The product along `axis`, of the elements at which `where` holds, times `initial`."""
    _no_out("prod", out)
    out = ops.prod(_kept(self, where, 1), axis=axis, keepdims=keepdims, dtype=dtype)
    return out if initial is None else out * initial


def ptp(self, axis=None, out=None, keepdims=False):
    """The greatest less the least element along `axis`."""
    _no_out("ptp", out)
    return ops.max(self, axis=axis, keepdims=keepdims) - ops.min(self, axis=axis, keepdims=keepdims)


def ravel(self, order="C"):
    """flatten() by another name: a tensor is never a view."""
    return self.flatten(order)


def repeat(self, repeats, axis=None):
    """Each element along `axis` (of the flattened tensor without one) as often as `repeats` says."""
    return ops.repeat(self, repeats, axis=axis)


def reshape(self, *shape, order="C", newshape=None):
    """The elements in another shape, given as one tuple or as numbers, one of which may be -1.

    With order "F" the first axis varies fastest, in what is read and in what is made.
    """
    if newshape is not None:
        shape = (newshape,)
    if not shape:
        raise TypeError("Tensor.reshape() needs a shape: a tuple or numbers.")
    if len(shape) == 1 and not isinstance(shape[0], numbers.Integral):
        shape = shape[0]
    if order == "C":
        return ops.reshape(self, shape)
    if order != "F":
        raise ValueError(f'Tensor.reshape: `order` must be "C" or "F". Received: order={order!r}')
    return ops.transpose(ops.reshape(ops.transpose(self), tuple(reversed(tuple(shape)))))


def round(self, decimals=0, out=None):
    """The elements rounded to `decimals` places, halves to even."""
    _no_out("round", out)
    return ops.round(self, decimals)


def searchsorted(self, v, side="left"):
    """Where elements of `v` would stand in this sorted vector: before ("left") or after ("right") those that are
    equal."""
    return ops.searchsorted(self, v, side=side)


def sort(self, axis=-1, kind=None, order=None, *, stable=True, descending=False):
    """The elements in rising (or falling) order along `axis`, as a new tensor."""
    if order is not None:
        raise ValueError(f"Tensor.sort: `order` is for structured arrays. Received: order={order!r}")
    rising = ops.sort(self, axis=axis)
    return ops.flip(rising, axis=axis) if descending else rising


def squeeze(self, axis=None):
    """The tensor without its axes of size 1, or without those in `axis`."""
    return ops.squeeze(self, axis=axis)


def std(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=None, correction=None):
    """The standard deviation along `axis`: the root of var() with the same arguments."""
    _no_out("std", out)
    return ops.sqrt(self.var(axis, dtype, None, ddof, keepdims, where=where, correction=correction))


def sum(self, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    """The sum along `axis`, of the elements at which `where` holds, and `initial`."""
    _no_out("sum", out)
    out = ops.sum(_kept(_cast(self, dtype), where, 0), axis=axis, keepdims=keepdims)
    return out if initial is None else out + initial


def swapaxes(self, axis1, axis2):
    """The tensor with two axes in each other's place."""
    return ops.swapaxes(self, axis1, axis2)


def take(self, indices, axis=None, out=None):
    """The slices along `axis` (elements of the flattened tensor without one) at `indices`."""
    _no_out("take", out)
    return ops.take(self, indices, axis=axis)


def trace(self, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """The sum of the diagonal of the matrices over two axes."""
    _no_out("trace", out)
    return ops.trace(_cast(self, dtype), offset=offset, axis1=axis1, axis2=axis2)


def transpose(self, *axes):
    """The axes in the order given, as one tuple or as numbers; reversed without any."""
    if len(axes) == 1 and (axes[0] is None or not isinstance(axes[0], numbers.Integral)):
        axes = axes[0]
    return ops.transpose(self, axes=axes or None)


def var(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False, *, where=None, correction=None):
    """The variance along `axis`, of the elements at which `where` holds.

    Squared distances from the mean are summed and divided by their count less `ddof` (`correction` is its other name).
    """
    _no_out("var", out)
    if correction is not None:
        ddof = correction
    x = _cast(self, dtype)
    if where is None and ddof == 0:
        return ops.var(x, axis=axis, keepdims=keepdims)
    x = x if "float" in x.dtype else _cast(x, _lamina.floatx())
    where = True if where is None else where
    centred = _kept(x - x.mean(axis, keepdims=True, where=where), where, 0)
    count = _count(x, where, axis, keepdims)
    return ops.sum(centred * centred, axis=axis, keepdims=keepdims) / ops.maximum(count - ddof, 0)


def tobytes(self, order="C"):
    """The elements' bytes, as an array's."""
    return _array(self).tobytes(order)


def item(self, *index):
    """One element as a Python number: the only one, or the one at an index as numpy.ndarray.item() takes it."""
    return _array(self).item(*index)


def _format(self, spec):
    """Of one element as its number, f"{loss:.3f}"; without a format, other tensors as str() has them."""
    if not _lamina.has_data(self) or (not spec and self.ndim):
        return format(str(self), spec)
    return (
        format(_array(self)[()] if self.dtype == "bfloat16" else self.item(), spec)
        if not self.ndim
        else format(_array(self), spec)
    )


def _item_size(self):
    import numpy as np

    return 2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize


def _numpy_function(self, func, types, args, kwargs):
    """NumPy's functions give arrays of tensors, not what a method of the same name would."""

    def array(x):
        if isinstance(x, _lamina.Tensor):
            return _array(x)
        if type(x) in (list, tuple):
            return type(x)(array(v) for v in x)
        return x

    return func(*array(args), **{k: array(v) for k, v in kwargs.items()})


def _contains(self, value):
    return bool(ops.any(ops.equal(self, value)))


_METHODS = (
    all,
    any,
    argmax,
    argmin,
    argpartition,
    argsort,
    astype,
    clip,
    compress,
    conj,
    copy,
    cumprod,
    cumsum,
    diagonal,
    dot,
    flatten,
    max,
    mean,
    min,
    nonzero,
    prod,
    ptp,
    ravel,
    repeat,
    reshape,
    round,
    searchsorted,
    sort,
    squeeze,
    std,
    sum,
    swapaxes,
    take,
    trace,
    transpose,
    var,
)


def install():
    """Gives tensors these methods."""
    base, data = _lamina.TensorBase, _lamina.Tensor
    for f in _METHODS + (tobytes, item):
        f.__qualname__ = "Tensor." + f.__name__
        f.__module__ = "lamina"
        setattr(data if f in (tobytes, item) else base, f.__name__, f)
    base.conjugate = conj
    base.__dir__ = public_names
    base.T = property(lambda self: ops.transpose(self), doc="The tensor with its axes reversed.")
    base.mT = property(lambda self: ops.swapaxes(self, -1, -2), doc="The matrices over the last two axes, transposed.")
    base.real = property(lambda self: ops.real(self), doc="The tensor itself: its elements are real.")
    base.imag = property(lambda self: ops.imag(self), doc="Zeros.")
    base.itemsize = property(_item_size, doc="Bytes per element.")
    base.__divmod__ = lambda self, other: (self // other, self % other)
    base.__rdivmod__ = lambda self, other: (other // self, other % self)
    data.nbytes = property(lambda self: self.size * self.itemsize, doc="Bytes of all elements.")
    data.__format__ = _format
    data.__complex__ = lambda self: complex(self.item())
    data.__reversed__ = lambda self: iter(list(self)[::-1])
    data.__contains__ = _contains
    data.__array_function__ = _numpy_function
