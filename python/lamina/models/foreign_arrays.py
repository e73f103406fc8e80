"""Arrays of other libraries as NumPy arrays: pandas' tables, SciPy's sparse matrices, TensorFlow's and JAX' sparse
tensors, torch's tensors, datasets in files."""

import sys

import numpy as np

from lamina import _lamina


def can_be_array(x):
    return isinstance(
        x, (_lamina.TensorBase, np.ndarray, int, float, str, bytes, np.generic, type(None), _Part)
    ) or is_array(x)


def is_array(x):
    """Whether `x` is an array by itself, of any library, and no list of numbers."""
    return hasattr(x, "__array__") or in_parts(x) or _dense_by(x) is not None


def numpy_array(x):
    """The whole of `x`. ValueError naming the column for tables with what are no numbers."""
    if isinstance(x, np.ndarray):
        return x
    if isinstance(x, _Part):
        return rows(readable(x), slice(0, x.shape[0]))
    if _is_sparse(x):
        return x.toarray()
    dense = _dense_by(x)
    if dense is not None:
        return np.asarray(dense(x))
    if hasattr(x, "detach"):  # torch
        x = x.detach().cpu()
        try:
            return np.asarray(x)
        except TypeError:  # NumPy has no bfloat16
            return np.asarray(x.float())
    if hasattr(x, "to_numpy"):
        if getattr(x, "ndim", 1) == 2 and hasattr(x, "iloc"):
            return _table(x)
        column = _column(x, getattr(x, "name", None))
        return column[:, None] if hasattr(x, "iloc") else column  # a Series is a table of one column
    return np.asarray(x)


def _dense_by(x):
    """What makes a dense array of a sparse or ragged tensor of TensorFlow (rows are filled up with zeros) or of a
    sparse array of JAX; None for all others."""
    tf, sparse = sys.modules.get("tensorflow"), sys.modules.get("jax.experimental.sparse")
    if tf is not None and isinstance(x, getattr(tf, "SparseTensor", ())):
        return lambda x: tf.sparse.to_dense(tf.sparse.reorder(x))
    if tf is not None and isinstance(x, getattr(tf, "RaggedTensor", ())):
        return lambda x: x.to_tensor()
    if sparse is not None and isinstance(x, getattr(sparse, "JAXSparse", ())):
        return lambda x: x.todense()
    return None


def _column(x, name):
    """A pandas Series. Missing values of nullable types become NaN, which makes numbers of them real ones."""
    numpy_type = getattr(x.dtype, "numpy_dtype", None)  # of a nullable type
    if numpy_type is not None and np.dtype(numpy_type).kind in "biuf":
        return x.to_numpy(dtype="float64", na_value=np.nan) if x.isna().any() else x.to_numpy(dtype=numpy_type)
    a = x.to_numpy()
    if a.dtype != object or (a.size and all(isinstance(v, (str, bytes)) for v in a)):
        return a
    if not all(v is None or isinstance(v, (int, float, np.number, np.bool_)) for v in a):
        _refuse(x, name)
    return np.array([np.nan if v is None else v for v in a])  # Python's own numbers, None where one is missing


def _refuse(x, name):
    raise ValueError(
        f"The column {name!r} has dtype {x.dtype}, which holds what are no numbers. Turn it into numbers first: by "
        "codes, one-hot columns or a StringLookup."
    )


def _table(x):
    """A pandas DataFrame: its columns side by side in the type that holds them all."""
    columns = [_column(x.iloc[:, i], x.columns[i]) for i in range(x.shape[1])]
    if columns and all(a.dtype == object for a in columns):  # strings alone
        return np.stack(columns, axis=1)
    for name, a in zip(x.columns, columns):
        if a.dtype.kind not in "biuf":
            _refuse(x[name], name)
    return np.stack(columns, axis=1) if columns else x.to_numpy()


# ---- what is read in parts ----
def _is_sparse(x):
    return hasattr(x, "tocsr") and hasattr(x, "toarray")


def in_parts(x):
    """Whether a training should read `x` batch by batch: SciPy's sparse matrices, and arrays in files (h5py's and
    zarr's datasets)."""
    return (
        isinstance(x, _Part)
        or _is_sparse(x)
        or (
            hasattr(x, "chunks")
            and hasattr(x, "shape")
            and hasattr(x, "dtype")
            and hasattr(x, "__getitem__")
            and not isinstance(x, np.ndarray)
        )
    )


class _Part:
    """Samples `start` to `stop` of an array, unread."""

    def __init__(self, array, start, stop):
        self.array, self.start, self.stop = array, start, stop
        self.shape = (stop - start, *array.shape[1:])


def readable(x):
    """`x` as something of which rows() can be had often."""
    if isinstance(x, _Part):
        return _Part(readable(x.array), x.start, x.stop)
    if _is_sparse(x):
        return x.tocsr()
    return x if in_parts(x) or isinstance(x, _lamina.TensorBase) else numpy_array(x)


def part(x, start, stop):
    return _Part(x, start, stop) if in_parts(x) else readable(x)[start:stop]


def rows(x, which):
    """Some samples of an array as a NumPy array; `which` is a slice or an array of indices."""
    if isinstance(x, _Part):
        return rows(
            x.array, slice(which.start + x.start, which.stop + x.start) if isinstance(which, slice) else which + x.start
        )
    if _is_sparse(x):
        return x[which].toarray()
    if isinstance(which, slice) or not in_parts(x):
        return np.asarray(x[which])
    first, last = which.min(), which.max()
    if last - first + 1 == len(which):  # neighbours: one piece of the file
        return np.asarray(x[first : last + 1])[which - first]
    order = np.argsort(which)  # files are read in ascending order
    return np.asarray(x[which[order]])[np.argsort(order)]
