"""Data for fit, evaluate and predict: arrays go to C++ as they are; everything else is fed batch by batch."""

import inspect
import math
import threading

import numpy as np

from lamina import _lamina, tree
from lamina.models.foreign_arrays import can_be_array, in_parts, is_array, numpy_array, part, readable, rows
from lamina.utils.batches import unpack_x_y_sample_weight
from lamina.utils.py_dataset import PyDataset


def unpack(data):
    if isinstance(data, (tuple, list)):
        return unpack_x_y_sample_weight(data)
    return data, None, None


def _array(x):
    if x is None or isinstance(x, (_lamina.TensorBase, _lamina.VariableCore)):
        return x
    a = numpy_array(x)
    if a.dtype == np.float64:
        a = a.astype(_lamina.floatx() if _lamina.floatx() != "bfloat16" else "float32")
    if a.dtype == object:
        others = [type(v).__name__ for v in a.flat if not isinstance(v, (str, bytes))]
        if others or not a.size:
            raise ValueError(
                f"Failed to convert a NumPy array to a tensor (unsupported object type {[*others, 'object'][0]})."
            )
    return _lamina.tensor_from_array(a, True)


def arrays(x):
    """A structure of tensors; floating-point arrays get floatx."""
    if x is None:
        return None
    if (
        isinstance(x, (list, tuple))
        and any(v is not None for v in x)
        and not any(is_array(v) or isinstance(v, (list, tuple, dict, _lamina.TensorBase)) for v in x)
    ):
        return _array(x)
    if isinstance(x, list) and x and isinstance(x[0], (list, tuple)) and not any(is_array(v) for v in tree.flatten(x)):
        return _array(x)
    return tree.map_structure(_array, x)


def split(x, y, w, fraction):
    if not _is_arrays(x):
        raise ValueError(
            "Argument `validation_split` is only supported for tensors or NumPy arrays. Found an input of type "
            f"{type(x)}."
        )
    if _any_in_parts(x, y, w):
        count = tree.flatten(x)[0].shape[0]
        at = int(math.floor(count * (1 - fraction)))
        if at in (0, count):
            raise ValueError(
                f"Training data contains {count} samples, which is not sufficient to split it into a validation and "
                f"training set as specified by `validation_split={fraction}`. "
                "Either provide more data, or a different value for the `validation_split` argument."
            )
        cut = lambda start, stop: tuple(
            None if v is None else tree.map_structure(lambda leaf: part(leaf, start, stop), v) for v in (x, y, w)
        )
        return cut(0, at), cut(at, count)
    first, last = _lamina.split_arrays(arrays(x), arrays(y), arrays(w), fraction)
    return first, last


def _is_arrays(x):
    if isinstance(x, PyDataset) or inspect.isgenerator(x):
        return False
    return all(can_be_array(v) for v in tree.flatten(x))


def _any_in_parts(*structures):
    return any(in_parts(v) for s in structures if s is not None for v in tree.flatten(s))


class _Source:
    """What C++ asks of batches that come from Python."""

    batches = None  # in a pass, if that is known
    _begun = _restored = None  # states of NumPy's generator, which orders what is shuffled

    def begin(self, epoch):
        """begin_pass(), in a pass that is to be repeated with the order that it had."""
        restored, self._restored = self._restored, None
        if restored is not None and restored["begun"] is not None:
            np.random.set_state(restored["begun"])
        self._begun = np.random.get_state()
        self.begin_pass(epoch)
        if restored is not None:
            np.random.set_state(restored["now"])

    def state(self):
        """What the order of this pass and of those to come follows from."""
        return {"begun": self._begun, "now": np.random.get_state()}

    def restore(self, state, within_pass):
        """What state() gave in another process; within_pass if the pass that was under way then is to be repeated."""
        begun, now = (v and tuple(np.asarray(x) if i == 1 else x for i, x in enumerate(v)) for v in state.values())
        if within_pass:
            self._restored = {"begun": begun, "now": now}
        else:
            np.random.set_state(now)

    def begin_pass(self, epoch):
        raise NotImplementedError

    def next_batch(self):
        """(x, y, sample_weight), or None at the end of the pass."""
        raise NotImplementedError

    def end_pass(self):
        pass

    def on_epoch_begin(self):
        pass

    def on_epoch_end(self):
        pass


class _Iterable(_Source):
    """A generator, which goes on over the epochs, or an iterable that starts over: a list of batches, a
    tf.data.Dataset, a torch DataLoader."""

    def __init__(self, iterable, class_weight):
        self.iterable, self.iterator, self.class_weight = iterable, None, class_weight
        self.one_shot = hasattr(iterable, "__next__")

    @property
    def batches(self):
        cardinality = getattr(self.iterable, "cardinality", None)
        if callable(cardinality):  # of tf.data: below 0 if infinite or unknown
            count = int(cardinality())
            return count if count >= 0 else None
        try:
            return len(self.iterable)
        except (TypeError, NotImplementedError):  # a loader around an iterable dataset has a __len__ that raises
            return None

    def begin_pass(self, epoch):
        if self.iterator is None or not self.one_shot:
            self.iterator = iter(self.iterable)

    def next_batch(self):
        try:
            item = next(self.iterator)
        except StopIteration:
            return None
        return _batch(item, self.class_weight)

    def end_pass(self):
        if not self.one_shot:
            self.iterator = None  # and with it what a loader keeps running


class _Rows(_Source):
    """Arrays of which some are read batch by batch: files, sparse matrices. Each batch becomes dense by itself."""

    def __init__(self, x, y, w, batch_size, shuffle, class_weight):
        self.data, self.batch_size, self.shuffle, self.class_weight = (x, y, w), batch_size, shuffle, class_weight
        sizes = {
            name: [v.shape[0] for v in tree.flatten(s)]
            for name, s in zip(("x", "y", "sample_weight"), self.data)
            if s is not None
        }
        if len({n for list_ in sizes.values() for n in list_}) > 1:
            raise ValueError(
                "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples. sizes: "
                + ", ".join(f"{k}: {', '.join(map(str, v))}" for k, v in sizes.items())
            )
        self.count = sizes["x"][0]
        if class_weight is not None and w is not None:
            raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
        self.batches = -(-self.count // batch_size)

    def begin_pass(self, epoch):
        self.at = 0
        self.order = None
        if self.shuffle == "batch":  # each batch in itself: files are read in one piece
            starts = range(0, self.count, self.batch_size)
            sizes = [min(self.batch_size, self.count - start) for start in starts]
            self.order = np.concatenate([s + np.random.permutation(n) for s, n in zip(starts, sizes)])
        elif self.shuffle:
            self.order = np.random.permutation(self.count)

    def next_batch(self):
        if self.at >= self.batches:
            return None
        first = self.at * self.batch_size
        self.at += 1
        which = slice(first, min(first + self.batch_size, self.count))
        if self.order is not None:
            which = self.order[which]
        return _batch(
            tuple(None if s is None else tree.map_structure(lambda leaf: rows(leaf, which), s) for s in self.data),
            self.class_weight,
        )


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


class _Dataset(_Source):
    """A PyDataset; with workers, batches are prepared ahead in threads, in order."""

    def __init__(self, dataset, shuffle, class_weight):
        self.dataset, self.shuffle, self.class_weight = dataset, shuffle, class_weight
        self.ahead = None

    @property
    def batches(self):
        try:
            return self.dataset.num_batches
        except NotImplementedError:
            return len(self.dataset)

    def begin_pass(self, epoch):
        self.end_pass()
        self.at, self.n = 0, self.batches
        order = list(range(self.n)) if self.n is not None else None
        if order is not None and self.shuffle:
            np.random.shuffle(order)
        dataset, class_weight = self.dataset, self.class_weight
        # Threads hold this and not the adapter, whose end is theirs.
        self._make = lambda i: _batch(dataset[i if order is None else order[i]], class_weight)
        if self.dataset.workers > 1 or self.dataset.use_multiprocessing:
            self.ahead = _Ahead(self._make, self.n, max(1, self.dataset.workers), self.dataset.max_queue_size)

    def next_batch(self):
        if self.n is not None and self.at >= self.n:
            return None
        self.at += 1
        return self._make(self.at - 1) if self.ahead is None else self.ahead.take()

    def end_pass(self):
        if self.ahead is not None:
            self.ahead.stop()
            self.ahead = None

    def on_epoch_begin(self):
        self.dataset.on_epoch_begin()

    def on_epoch_end(self):
        self.dataset.on_epoch_end()

    def __del__(self):
        self.end_pass()


def _check_class_weight(batch):
    """Raises for batches, or tf.data's specs of them, that have weights or several targets."""
    if not isinstance(batch, (list, tuple)) or len(batch) < 2:
        return
    if len(batch) == 3 and batch[2] is not None:
        raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
    if isinstance(batch[1], (list, tuple, dict)):
        raise ValueError(
            "`class_weight` is only supported for Models with a single output. Received in a batch: y of "
            f"{len(tree.flatten(batch[1]))} arrays. Give the weights as `sample_weight` in the data instead."
        )


def _batch(item, class_weight):
    x, y, w = unpack_x_y_sample_weight(item)
    x, y, w = arrays(x), arrays(y), arrays(w)
    if class_weight is not None and y is not None:
        _check_class_weight((x, y, w))
        w = _lamina.class_weights_to_sample_weights(y, class_weight)
    return x, y, w


def source(x, y, w, batch_size=None, shuffle=False, class_weight=None):
    """A C++ data source for what the user gave."""
    if isinstance(x, PyDataset):
        _only_x(y, w, "PyDataset")
        return _lamina.python_source(_Dataset(x, shuffle, class_weight))
    if x is None and y is None:
        raise ValueError("`x` must be given: arrays, a generator, or a PyDataset.")
    if isinstance(getattr(x, "_core", None), _lamina.DatasetCore):
        _only_x(y, w, "Dataset")
        return _lamina.python_source(_Iterable(x, class_weight)) if class_weight else x._core.source()
    if not _is_arrays(x) and not isinstance(x, (list, tuple, dict)):
        if not hasattr(x, "__iter__"):
            raise ValueError(f"Unrecognized data type: x={x} (of type {type(x)})")
        _only_x(y, w, "generator" if inspect.isgenerator(x) else type(x).__name__)
        if class_weight is not None:
            _check_class_weight(getattr(x, "element_spec", None))
        return _lamina.python_source(_Iterable(x, class_weight))
    _check_arrays(x, y, w, class_weight)
    w = _weights_per_output(y, w)
    if _any_in_parts(x, y, w):
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1, received {batch_size}.")
        parts = [s if s is None else tree.map_structure(readable, s) for s in (x, y, w)]
        return _lamina.python_source(_Rows(*parts, batch_size or 32, shuffle, class_weight))
    return _lamina.array_source(
        arrays(x), arrays(y), arrays(w), batch_size or 32, bool(shuffle), shuffle == "batch", class_weight
    )


def _check_arrays(x, y, w, class_weight):
    for name, structure in (("x", x), ("y", y), ("sample_weight", w)):
        for leaf in tree.flatten(structure):
            if not can_be_array(leaf) or isinstance(leaf, (str, bytes)):
                raise ValueError(
                    "Expected all elements of `x` to be array-like, as those of `y` and `sample_weight`. "
                    f"Received invalid types: {name}={structure}"
                )
    if w is not None and class_weight is not None:
        raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
    targets = tree.flatten(y)
    if len(targets) < 2 or not any(is_array(leaf) for leaf in targets):  # one output, or a list of its numbers
        return
    if class_weight is not None:
        raise ValueError(
            f"`class_weight` is only supported for Models with a single output. Received: y of {len(targets)} "
            "arrays. Give one array of `sample_weight` per output instead."
        )
    if isinstance(w, (list, tuple, dict)):
        several = not w or any(is_array(leaf) for leaf in tree.flatten(w))  # and no list of numbers, which is an array
        if several and len(tree.flatten(w)) != len(targets):
            names = lambda structure: tree.map_structure(lambda leaf: "*", structure)
            raise ValueError(
                "You should provide one `sample_weight` array per output in `y`. The two structures did not match: "
                f"y: {names(y)}, sample_weight: {names(w)}"
            )
    elif is_array(w) and (len(w.shape) > 2 or (len(w.shape) == 2 and w.shape[1] != 1)):
        raise ValueError(
            "For a model with multiple outputs, when providing a single `sample_weight` array, it should only have "
            f"one scalar score per sample, the shape (num_samples,). Received: a shape of {tuple(w.shape)}. Pass a "
            "list of arrays, one per output, for weights of other shapes."
        )


def _weights_per_output(y, w):
    """One array of weights holds for each of several outputs: a step sees it as often as there are targets."""
    if not is_array(w) or not isinstance(y, (list, tuple, dict)) or not all(is_array(t) for t in tree.flatten(y)):
        return w
    return tree.map_structure(lambda _: w, y)


def _only_x(y, w, kind):
    for name, what, value in (("y", "the targets", y), ("sample_weight", "the sample weights", w)):
        if value is not None:
            raise ValueError(
                f"When providing `x` as a {kind}, `{name}` should not be passed. Instead, {what} should be included "
                f"as part of the {kind}."
            )
