"""Elements of datasets: structures of tensors out of what programs give."""

import numpy as np

from lamina import _lamina, tree


def as_tensor(x):
    """A leaf as a tensor; numbers without a dtype get Keras'."""
    if isinstance(x, _lamina.TensorBase) or x is None:
        return x
    if isinstance(x, _lamina.VariableCore):
        return _lamina.find_op("convert_to_tensor")(x)
    a = np.asarray(x)
    if a.dtype.kind in "OUST":
        try:
            return _lamina.tensor_from_array(a, False)
        except TypeError:
            raise ValueError(
                f"A dataset holds numbers and strings. Received {type(x).__name__} {str(x)[:60]!r}. Map files and "
                "objects to numbers in the function that reads them."
            ) from None
    if not isinstance(x, (np.ndarray, np.generic)):
        a = _of_python(a)
    return _lamina.tensor_from_array(np.asarray(a, order="C"), False)


def _of_python(a):
    """An array of Python's own numbers in the dtypes that they get."""
    return a.astype({"f": _lamina.floatx(), "i": "int32"}.get(a.dtype.kind, a.dtype))


def plain(x):
    """A tensor as as_numpy_iterator() gives it."""
    array = np.asarray(x)[()]
    if isinstance(array, str):
        return array.encode("utf-8", "surrogateescape")
    return array


def _is_plain_list(x):
    return isinstance(x, list) and bool(x) and all(isinstance(v, (int, float, bool, str, bytes, list)) for v in x)


def as_element(x):
    """A structure of tensors. A list of numbers or strings is an array, as in tf.data."""
    if _is_plain_list(x):
        return as_tensor(_of_python(np.asarray(x)))
    if isinstance(x, dict):
        return {key: as_element(v) for key, v in x.items()}
    if isinstance(x, (list, tuple)):
        return tuple(as_element(v) for v in x)
    return as_tensor(x)


def arrays_of(element):
    """The leaves of an element as arrays."""
    return [np.asarray(x) for x in tree.flatten(element)]


def applied(f, element):
    """f(element), or f(*element) of a tuple."""
    return f(*element) if isinstance(element, tuple) else f(element)
