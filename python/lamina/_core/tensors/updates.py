"""x.at[index].set(value) and its kin, as JAX's arrays have them: new tensors that differ from x at some places. x.view,
x.choose and x.flat."""

from lamina import _lamina
from lamina._core import ops


class At:
    """`x.at`: updates by index. x.at[1].set(0), x.at[:, 0].add(v), x.at[mask].multiply(2), x.at[i, j].get()."""

    def __init__(self, x):
        self._x = x

    def __getitem__(self, index):
        return Places(self._x, index)

    def __repr__(self):
        return f"<at of {self._x!r}>"


class Places:
    """Some places of a tensor, by an index as NumPy takes it. The methods give a new tensor; the old one stays.

    Places that an index of integers names several times are updated several times, in order.
    """

    def __init__(self, x, index):
        import numpy as np

        if any(d is None for d in x.shape):
            raise ValueError(f"Updates by index need a tensor whose sizes are known, received one of shape {x.shape}.")
        self._x, self.index = x, index
        every = np.arange(int(np.prod(x.shape))).reshape(x.shape)  # the place of each element in the flattened tensor
        try:
            self._places = np.asarray(every[_plain(index)])
        except IndexError as e:
            raise IndexError(f"The index {index!r} does not fit a tensor of shape {tuple(x.shape)}: {e}") from None

    def get(self):
        """The elements at these places."""
        return ops.take(ops.reshape(self._x, (-1,)), self._places)

    def set(self, values):
        """With these values there."""
        return self._updated(lambda old, new: new, values)

    def add(self, values):
        """With these values added there."""
        return self._updated(ops.add, values)

    def subtract(self, values):
        """With these values subtracted there."""
        return self._updated(ops.subtract, values)

    def multiply(self, values):
        """Multiplied by these values there."""
        return self._updated(ops.multiply, values)

    mul = multiply

    def divide(self, values):
        """Divided by these values there."""
        return self._updated(ops.divide, values)

    def power(self, values):
        """Raised to these powers there."""
        return self._updated(ops.power, values)

    def min(self, values):
        """With the lesser of element and value there."""
        return self._updated(ops.minimum, values)

    def max(self, values):
        """With the greater of element and value there."""
        return self._updated(ops.maximum, values)

    def apply(self, func):
        """With func of the elements there."""
        return self._updated(lambda old, _: func(old), 0)

    def _updated(self, f, values):
        import numpy as np

        dtype = self._x.dtype
        values = ops.convert_to_tensor(values)
        shape = self._places.shape
        try:
            fits = np.broadcast_shapes(tuple(values.shape), shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"Values of shape {tuple(values.shape)} do not broadcast to the places of index {self.index!r}, which "
                f"have shape {shape}."
            )
        flat, values = ops.reshape(self._x, (-1,)), ops.reshape(ops.broadcast_to(values, shape), (-1,))
        places = self._places.reshape(-1)
        for chosen in _rounds(places):
            at = places[chosen]
            new = f(ops.take(flat, at), values if len(at) == len(places) else ops.take(values, chosen))
            flat = ops.scatter_update(flat, at[:, None], ops.cast(new, dtype))
        return ops.reshape(flat, self._x.shape)


def _plain(index):
    """Tensors in an index as arrays. A list is refused, as JAX refuses it: NumPy has read it in two ways."""
    import numpy as np

    if isinstance(index, list):
        raise TypeError(
            "Using a non-tuple sequence for multidimensional indexing is not allowed; use `x.at[array(seq)]` instead "
            "of `x.at[seq]`."
        )
    if isinstance(index, tuple):
        return tuple(
            np.asarray(i) if isinstance(i, (list, _lamina.TensorBase, _lamina.VariableCore)) else i for i in index
        )
    return np.asarray(index) if isinstance(index, (_lamina.TensorBase, _lamina.VariableCore)) else index


def _rounds(places):
    """Positions in `places`, in rounds without two of the same place: first mentions, then second ones."""
    import numpy as np

    if not len(places):
        return
    order = np.argsort(places, kind="stable")
    first = np.r_[True, places[order][1:] != places[order][:-1]]
    start = np.maximum.accumulate(np.where(first, np.arange(len(places)), 0))
    mention = np.empty(len(places), int)
    mention[order] = np.arange(len(places)) - start
    for n in range(mention.max() + 1):
        yield np.flatnonzero(mention == n)


def view(self, dtype=None):
    """The same bytes as elements of another dtype; the last axis grows or shrinks where these have another width.

    Args:
        dtype: a name or a NumPy dtype; None is the tensor itself.
    """
    import numpy as np

    if dtype is None:
        return self
    from lamina._core.values.dtypes import standardize_dtype

    if not _lamina.has_data(self):
        raise TypeError(
            "Tensor.view: bytes can only be read of a tensor that holds values, not of a symbolic one or inside a "
            "compiled function. To convert numbers, use astype()."
        )
    name = standardize_dtype(dtype)
    wanted = np.dtype(name) if name != "bfloat16" else np.asarray(ops.zeros((), "bfloat16")).dtype
    try:
        return ops.convert_to_tensor(np.asarray(self, order="C").view(wanted), dtype=name)
    except ValueError as e:
        raise ValueError(
            f"Tensor.view: a tensor of shape {tuple(self.shape)} and dtype {self.dtype} cannot be read as {name}: {e}"
        ) from None


def choose(self, choices, out=None, mode="raise"):
    """For each element, an index, the element of choices[index] at that place, all broadcast together.

    Args:
        choices: a list of tensors, or a tensor whose first axis counts them.
        out: refused: tensors are immutable.
        mode: "raise" takes indices in range alone, "wrap" counts around, "clip" takes the nearest.
    """
    import numpy as np

    if out is not None:
        raise NotImplementedError(
            f"Tensor.choose: tensors are immutable, so `out` is not supported; use the result. Received: out={out!r}"
        )
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"Tensor.choose: `mode` must be 'raise', 'wrap' or 'clip'. Received: mode={mode!r}")
    if "int" not in self.dtype:
        raise TypeError(f"Tensor.choose: indices must be integers, received dtype {self.dtype}.")
    choices = [ops.convert_to_tensor(c) for c in choices]
    shape = np.broadcast_shapes(*(tuple(t.shape) for t in (self, *choices)))
    n = len(choices)
    index = ops.broadcast_to(self, shape)
    if mode == "raise":
        if not _lamina.has_data(self):
            raise TypeError(
                "Tensor.choose: indices can only be checked where their values are known; pass mode='clip' or "
                "mode='wrap' inside a compiled function."
            )
        if bool(ops.any(ops.logical_or(self < 0, self >= n))):
            raise ValueError(f"Tensor.choose: invalid entry in choice array: indices must be from 0 to {n - 1}.")
    index = ops.mod(index, n) if mode == "wrap" else ops.clip(index, 0, n - 1)
    stacked = ops.stack([ops.broadcast_to(c, shape) for c in choices])
    return ops.squeeze(ops.take_along_axis(stacked, ops.expand_dims(index, 0), axis=0), 0)


def block_until_ready(self):
    """The tensor itself, once a device has done all the work asked of it so far."""
    if _lamina.has_data(self) and self.size:
        ops.reshape(self, (-1,))[:1].numpy()  # comes after what was asked before
    return self


def install():
    """Gives tensors these methods."""
    base = _lamina.TensorBase
    for f in (view, choose, block_until_ready):
        f.__qualname__ = "Tensor." + f.__name__
        setattr(base, f.__name__, f)
    base.at = property(
        lambda self: At(self), doc="Updates by index, as new tensors: x.at[1].set(0), x.at[:, 0].add(v)."
    )
    base.flat = property(
        lambda self: ops.reshape(self, (-1,)), doc="All elements along one axis: to iterate over, or to index."
    )
    base.clone = lambda self: ops.copy(self)
    base.clone.__doc__ = "A tensor of the same elements."
