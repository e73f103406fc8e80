"""keras.utils."""
import gc

import numpy as np

from lamina import _lamina
from lamina._files.downloads import get_file  # noqa: F401
from lamina._progbar import Progbar  # noqa: F401
from lamina.saving import (  # noqa: F401
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)


def set_random_seed(seed):
    """Seeds Python, NumPy and lamina: initial weights, dropout masks and shuffling."""
    import random

    if not isinstance(seed, int):
        raise ValueError(f"Expected `seed` argument to be an integer. Received: seed={seed} (of type {type(seed)})")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    _lamina.set_random_seed(seed)


def clear_session(free_memory=True):
    """Starts automatic names afresh.

    Args:
        free_memory: whether to collect what nothing refers to any more, such as models in cycles of references.
    """
    _lamina.reset_names()
    if free_memory:
        gc.collect()
    from lamina import backend

    backend._uids.clear()


def to_categorical(x, num_classes=None):
    """Class numbers to one-hot rows (float)."""
    if isinstance(x, _lamina.TensorBase):
        from lamina import ops

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
    """x divided by its norm along an axis."""
    if isinstance(x, _lamina.TensorBase):
        from lamina import ops

        return ops.normalize(x, axis=axis, order=order)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis if axis is not None else -1)


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0):
    """Sequences of any lengths as one array (sequences, maxlen, ...): cut or filled with `value`, before or after.

    Without `maxlen` that of the longest. Raises ValueError for what has no length, for sequences whose elements differ in shape, and
    for unknown `padding` or `truncating`.
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
        raise ValueError(f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}\nYou should set `dtype=object` for variable length strings.")
    out = np.full((len(arrays), maxlen, *shape), value, dtype=dtype)
    for i, a in enumerate(arrays):
        if not len(a):
            continue
        if a.shape[1:] != shape:
            raise ValueError(f"Shape of sample {a.shape[1:]} of sequence at position {i} is different from expected shape {shape}")
        a = a[max(0, len(a) - maxlen):] if truncating == "pre" else a[:maxlen]
        start = 0 if padding == "post" else maxlen - len(a)
        out[i, start:start + len(a)] = a
    return out


def standardize_dtype(dtype):
    """The name of a dtype given as a name, a NumPy or a Python type; that of floatx for None."""
    from lamina import backend

    return backend.standardize_dtype(dtype)


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    if y is None:
        return x if not isinstance(x, (list, tuple)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data):
    """(x, y, sample_weight) of what a data source yields."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return (data, None, None)
    if len(data) == 1:
        return (data[0], None, None)
    if len(data) == 2:
        return (data[0], data[1], None)
    if len(data) == 3:
        return data
    raise ValueError(f"Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: {data}")


def is_keras_tensor(x):
    return isinstance(x, _lamina.KerasTensor)


def get_source_inputs(tensor):
    """The Input tensors that a symbolic tensor depends on."""
    h = tensor._keras_history
    inputs = h.operation._node_inputs(h.node_index)
    if not inputs:
        return [tensor]
    out = []
    for t in inputs:
        for s in get_source_inputs(t):
            if not any(s._same(o) for o in out):
                out.append(s)
    return out


class PyDataset:
    """Batches by index: override __getitem__(i) -> (x, y[, sample_weight]), num_batches, and on_epoch_end()."""

    workers, use_multiprocessing, max_queue_size = 1, False, 10  # of a subclass that does not call super().__init__()

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index):
        raise NotImplementedError

    @property
    def num_batches(self):
        raise NotImplementedError("You must implement the `num_batches` property.")

    def __len__(self):
        return self.num_batches

    def on_epoch_begin(self):
        pass

    def on_epoch_end(self):
        pass


Sequence = PyDataset
