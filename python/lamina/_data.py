"""Data for fit, evaluate and predict: arrays go to C++ as they are; everything else is fed batch by batch."""
import inspect
import threading

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


class _Ahead:
    """Calls make(0), make(1), ... in threads, at most `size` ahead of take(), which gives the results in order."""

    def __init__(self, make, count, workers, size):
        self.make, self.count, self.size = make, count, max(1, size)
        self.begun = self.taken = 0
        self.stopped, self.results = False, {}
        lock = threading.Lock()
        self.room, self.ready = threading.Condition(lock), threading.Condition(lock)
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True, name="lamina-data").start()

    def _work(self):
        while True:
            with self.room:
                while not self.stopped and self.begun >= self.taken + self.size:
                    self.room.wait()
                if self.stopped or (self.count is not None and self.begun >= self.count):
                    return
                i = self.begun
                self.begun += 1
            try:
                result = self.make(i), None
            except BaseException as error:  # raised again where the batch is taken
                result = None, error
            with self.ready:
                self.results[i] = result
                if i == self.taken:
                    self.ready.notify()

    def take(self):
        with self.ready:
            while self.taken not in self.results:
                self.ready.wait()
            result, error = self.results.pop(self.taken)
            self.taken += 1
            self.room.notify()
        if error is not None:
            self.stop()
            raise error
        return result

    def stop(self):
        with self.room:
            self.stopped = True
            self.room.notify_all()


class _Dataset:
    """A PyDataset; with workers, batches are prepared ahead in threads, in order."""

    def __init__(self, dataset, shuffle, class_weight):
        self.dataset, self.shuffle, self.class_weight = dataset, shuffle, class_weight
        self.ahead = None

    def begin_epoch(self, epoch):
        self._stop()
        self.dataset.on_epoch_begin()
        try:
            n = self.dataset.num_batches
        except NotImplementedError:
            n = len(self.dataset)
        order = list(range(n)) if n is not None else None
        if order is not None and self.shuffle:
            np.random.shuffle(order)
        self.at, self.n = 0, n
        dataset, class_weight = self.dataset, self.class_weight
        # Threads hold this and not the adapter, whose end is theirs.
        self._make = lambda i: _batch(dataset[i if order is None else order[i]], class_weight)
        if self.dataset.workers > 1 or self.dataset.use_multiprocessing:
            self.ahead = _Ahead(self._make, n, max(1, self.dataset.workers), self.dataset.max_queue_size)

    def next_batch(self):
        if self.n is not None and self.at >= self.n:
            return None
        self.at += 1
        return self._make(self.at - 1) if self.ahead is None else self.ahead.take()

    def _stop(self):
        if self.ahead is not None:
            self.ahead.stop()
            self.ahead = None

    def end_epoch(self):
        self._stop()
        self.dataset.on_epoch_end()

    def __del__(self):
        self._stop()


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
