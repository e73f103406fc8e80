"""Data for fit, evaluate and predict: arrays go to C++ as they are; everything else is fed batch by batch."""
import inspect

import numpy as np

from lamina import _lamina, tree
from lamina.utils import PyDataset, unpack_x_y_sample_weight


def unpack(data):
    if isinstance(data, (tuple, list)):
        return unpack_x_y_sample_weight(data)
    return data, None, None


def _array(x):
    if x is None or isinstance(x, (_lamina.TensorBase, _lamina.VariableCore)):
        return x
    if hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu()
    if hasattr(x, "to_numpy"):  # pandas
        x = x.to_numpy()
    a = np.asarray(x)
    if a.dtype == np.float64:
        a = a.astype(_lamina.floatx() if _lamina.floatx() != "bfloat16" else "float32")
    if a.dtype == object:
        raise ValueError(f"Failed to convert a NumPy array to a tensor (unsupported object type {type(a.flat[0]).__name__ if a.size else 'object'}).")
    return _lamina.tensor_from_array(a, True)


def arrays(x):
    """A structure of tensors; floating-point arrays get floatx."""
    if x is None:
        return None
    if isinstance(x, (list, tuple)) and x and not any(hasattr(v, "__array__") or isinstance(v, (list, tuple, dict, _lamina.TensorBase)) for v in x):
        return _array(x)
    if isinstance(x, list) and x and isinstance(x[0], (list, tuple)) and not any(hasattr(v, "__array__") for v in tree.flatten(x)):
        return _array(x)
    return tree.map_structure(_array, x)


def split(x, y, w, fraction):
    if not _is_arrays(x):
        raise ValueError(f"Argument `validation_split` is only supported for tensors or NumPy arrays. Found an input of type {type(x)}.")
    first, last = _lamina.split_arrays(arrays(x), arrays(y), arrays(w), fraction)
    return first, last


def _is_arrays(x):
    if isinstance(x, PyDataset) or inspect.isgenerator(x):
        return False
    leaves = tree.flatten(x)
    return all(isinstance(v, (_lamina.TensorBase, np.ndarray, int, float, np.generic, type(None))) or hasattr(v, "__array__") for v in leaves)


class _Generator:
    """An iterator that goes on over the epochs (steps_per_epoch), or an iterable that starts over each epoch."""

    def __init__(self, iterable, class_weight):
        self.iterable, self.iterator, self.class_weight = iterable, None, class_weight
        self.one_shot = inspect.isgenerator(iterable) or iter(iterable) is iterable

    def begin_epoch(self, epoch):
        if self.iterator is None or not self.one_shot:
            self.iterator = iter(self.iterable)

    def next_batch(self):
        try:
            item = next(self.iterator)
        except StopIteration:
            return None
        return _batch(item, self.class_weight)

    def end_epoch(self):
        pass


class _Dataset:
    """A PyDataset; with workers, batches are prepared ahead in threads, in order."""

    def __init__(self, dataset, shuffle, class_weight):
        self.dataset, self.shuffle, self.class_weight = dataset, shuffle, class_weight
        self.pool = None

    def begin_epoch(self, epoch):
        self.dataset.on_epoch_begin()
        try:
            n = self.dataset.num_batches
        except NotImplementedError:
            n = len(self.dataset)
        order = list(range(n)) if n is not None else None
        if order is not None and self.shuffle:
            np.random.shuffle(order)
        self.order, self.at, self.n = order, 0, n
        self.futures = []
        if self.dataset.workers > 1 or self.dataset.use_multiprocessing:
            from concurrent.futures import ThreadPoolExecutor

            self.pool = self.pool or ThreadPoolExecutor(max(1, self.dataset.workers))

    def _index(self, i):
        return self.order[i] if self.order is not None else i

    def next_batch(self):
        if self.n is not None and self.at >= self.n:
            return None
        if self.pool is None:
            item = self.dataset[self._index(self.at)]
        else:
            while len(self.futures) < self.dataset.max_queue_size and (self.n is None or self.at + len(self.futures) < self.n):
                self.futures.append(self.pool.submit(self.dataset.__getitem__, self._index(self.at + len(self.futures))))
            item = self.futures.pop(0).result()
        self.at += 1
        return _batch(item, self.class_weight)

    def end_epoch(self):
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)
            self.pool = None
        self.dataset.on_epoch_end()


def _batch(item, class_weight):
    x, y, w = unpack_x_y_sample_weight(item)
    x, y, w = arrays(x), arrays(y), arrays(w)
    if class_weight is not None and y is not None:
        w = _lamina.class_weights_to_sample_weights(y, class_weight)
    return x, y, w


def source(x, y, w, batch_size=None, shuffle=False, class_weight=None, steps=None, predict=False):
    """A C++ data source for what the user gave."""
    if isinstance(x, PyDataset):
        _only_x(y, w, x)
        try:
            n = x.num_batches
        except NotImplementedError:
            n = len(x)
        return _lamina.python_source(_Dataset(x, shuffle, class_weight), n)
    if x is None and y is None:
        raise ValueError("`x` must be given: arrays, a generator, or a PyDataset.")
    if not _is_arrays(x) and not isinstance(x, (list, tuple, dict)) and hasattr(x, "__iter__"):
        _only_x(y, w, x)
        n = len(x) if hasattr(x, "__len__") else None
        return _lamina.python_source(_Generator(x, class_weight), steps if steps is not None else n)
    if not _is_arrays(x) and not isinstance(x, (list, tuple, dict)):
        raise ValueError(f"Unrecognized data type: x={x} (of type {type(x)})")
    return _lamina.array_source(arrays(x), arrays(y), arrays(w), batch_size or 32, shuffle and shuffle != "batch", class_weight)


def _only_x(y, w, x):
    if y is not None or w is not None:
        raise ValueError(f"When providing `x` as a {type(x).__name__}, `y` and `sample_weight` should not be passed. They come with the batches.")
