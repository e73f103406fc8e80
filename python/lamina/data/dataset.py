"""Dataset: elements one after the other, through functions, batches and threads, to fit()."""

import glob
import itertools
import os
from typing import NamedTuple

import numpy as np

from lamina import _lamina, tree
from lamina._core.values.dtypes import standardize_dtype
from lamina.data.elements import applied, arrays_of, as_element, plain
from lamina.data.windows import Windows


class TensorSpec(NamedTuple):
    """The shape and dtype of a tensor in an element. A size that varies is None."""

    shape: tuple
    dtype: str


def _workers(num_parallel_calls):
    if num_parallel_calls is None:
        return 1
    count = _lamina.threads() if num_parallel_calls == -1 else int(num_parallel_calls)
    if count < 1:
        raise ValueError(f"`num_parallel_calls` must be positive, AUTOTUNE or None. Received: {num_parallel_calls}")
    return count


class Count(int):
    """A number of elements, with the method that tf.data's has."""

    def numpy(self):
        """The number as NumPy's."""
        return np.int64(self)


class Dataset:
    """Elements one after the other: tensors, or tuples and dicts of them.

    Each method gives a new dataset that reads from this one; nothing is read before somebody iterates. `fit`,
    `evaluate`, `predict` and `adapt` take it, and iterating over it gives tensors. The order of a shuffled pass depends
    on the seed and the number of the pass alone, not on the number of workers.

    Args:
        core: the pipeline in C++; programs use from_tensor_slices(), from_generator(), range() and zip().
        **attributes: what is known of it, as its `class_names`.

    Example:

    >>> data = Dataset.from_tensor_slices(([1, 2, 3, 4], [0, 1, 0, 1])).batch(2)
    >>> [x.numpy().tolist() for x, y in data]
    [[1, 2], [3, 4]]
    """

    def __init__(self, core, **attributes):
        if not isinstance(core, _lamina.DatasetCore):
            raise TypeError("Datasets are made by from_tensor_slices(), from_generator(), range() and zip().")
        self._core = core
        self.__dict__.update(attributes)

    # --- sources ---

    @staticmethod
    def from_tensor_slices(tensors, name=None):
        """The rows of arrays: a structure of arrays with one first size.

        Args:
            tensors: an array, or a tuple or dict of them.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            ValueError: where the first sizes differ, or an array is a scalar.
        """
        return Dataset(_lamina.DatasetCore.from_slices(as_element(tensors)))

    @staticmethod
    def from_tensors(tensors, name=None):
        """One element.

        Args:
            tensors: the element: an array, or a tuple or dict of them.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return Dataset(_lamina.DatasetCore.from_element(as_element(tensors)))

    @staticmethod
    def from_generator(generator, output_types=None, output_shapes=None, args=None, output_signature=None, name=None):
        """What `generator(*args)` yields; it is called anew for each pass.

        Args:
            generator: a function that gives an iterable.
            output_types: the dtype of each part; parts are converted to it. None leaves them.
            output_shapes: taken as in tf.data; shapes are those of what is yielded.
            output_signature: a structure of TensorSpec or tf.TensorSpec, whose dtypes count like `output_types`.
            args: arguments of `generator`.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            TypeError: where `generator` is no function.
        """
        if not callable(generator):
            raise TypeError("`generator` must be a function that gives an iterable: it is called for each pass.")
        types = output_types
        if output_signature is not None:
            types = tree.map_structure(lambda spec: getattr(spec, "dtype", None), output_signature)
        flat = None if types is None else [standardize_dtype(t) if t is not None else None for t in tree.flatten(types)]

        def typed(x):
            x = as_element(x)
            if flat is None:
                return x
            cast = _lamina.find_op("cast")
            leaves = [v if t is None else cast(v, t) for v, t in zip(tree.flatten(x), flat, strict=True)]
            return tree.pack_sequence_as(x, leaves)

        return Dataset._through(lambda: map(typed, generator(*(args or ()))))

    @staticmethod
    def range(*args, output_type=None, name=None):
        """int64 numbers, as Python's range().

        Args:
            *args: stop; start and stop; or start, stop and step.
            output_type: the dtype of the numbers; None is int64.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        out = Dataset(_lamina.DatasetCore.range(*(range(*args).start, range(*args).stop, range(*args).step)))
        return out if output_type is None else out.map(lambda x: _lamina.find_op("cast")(x, output_type))

    @staticmethod
    def zip(*datasets, name=None):
        """Tuples of one element of each; the shortest dataset ends it.

        Args:
            *datasets: the datasets, or one list of them.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        if len(datasets) == 1 and isinstance(datasets[0], (list, tuple)):
            datasets = datasets[0]
        return Dataset(_lamina.DatasetCore.zip([d._core for d in datasets]))

    @staticmethod
    def list_files(file_pattern, shuffle=None, seed=None, name=None):
        """The paths of files, as strings.

        Args:
            file_pattern: a pattern with `*` and `?`, or a list of them.
            shuffle: whether they come in another order in each pass; None is True.
            seed: of that order; None draws one now.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            ValueError: where there are no such files.
        """
        given = np.asarray(file_pattern, object).reshape(-1)
        patterns = [os.fsdecode(p) for p in given]
        paths = sorted({path for p in patterns for path in glob.glob(p)})
        if not paths:
            raise ValueError(f"There are no files by the pattern {', '.join(patterns)}.")
        files = Dataset.from_tensor_slices(np.asarray(paths, object))
        return files if shuffle is False else files.shuffle(len(paths), seed)

    # --- one element at a time ---

    def map(self, map_func, num_parallel_calls=None, deterministic=None, name=None):
        """map_func(element), or map_func(*element) of a tuple. Elements keep their order.

        Args:
            map_func: gives a tensor or a structure; NumPy arrays and numbers become tensors.
            num_parallel_calls: threads that work ahead; AUTOTUNE takes `config.threads()`. Python's own code runs in
                one of them at a time, ops and what releases the interpreter in all.
            deterministic: taken as in tf.data; the order is always kept.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.map(lambda *args: as_element(map_func(*args)), _workers(num_parallel_calls)))

    def filter(self, predicate, name=None):
        """The elements for which predicate(element) is true.

        Args:
            predicate: element -> bool; of a tuple it takes the parts.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.filter(lambda *args: bool(predicate(*args))))

    def take(self, count, name=None):
        """The first `count` elements; -1 takes all.

        Args:
            count: how many.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.take(int(count)))

    def skip(self, count, name=None):
        """All but the first `count` elements; -1 passes over all.

        Args:
            count: how many.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.skip(int(count)))

    def shard(self, num_shards, index, name=None):
        """Every num_shards-th element, from number `index` on.

        Args:
            num_shards: in how many parts the dataset is cut.
            index: the part, from 0 on.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.shard(int(num_shards), int(index)))

    def enumerate(self, start=0, name=None):
        """(number, element) tuples.

        Args:
            start: the first number.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.enumerate(int(start)))

    def concatenate(self, dataset, name=None):
        """These elements, then those of another dataset.

        Args:
            dataset: what comes behind.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.concatenate(dataset._core))

    def repeat(self, count=None, name=None):
        """`count` passes, or without one passes for ever.

        Args:
            count: how often; None or -1 is for ever.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.repeat(None if count is None or count < 0 else int(count)))

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=True, name=None):
        """Elements drawn at random from a buffer of the next `buffer_size`; as many as there are mixes all.

        Args:
            buffer_size: elements in memory.
            seed: of the order; None draws one now.
            reshuffle_each_iteration: whether each pass has an order of its own.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        anew = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
        return self._with(self._core.shuffle(int(buffer_size), None if seed is None else int(seed), anew))

    def cache(self, filename="", name=None):
        """Elements kept in memory from the first complete pass on.

        Args:
            filename: must be empty: elements are kept in memory.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            NotImplementedError: for a file.
        """
        if filename:
            raise NotImplementedError("Dataset.cache() keeps elements in memory; it takes no file name.")
        return self._with(self._core.cache())

    def interleave(
        self, map_func, cycle_length=None, block_length=1, num_parallel_calls=None, deterministic=None, name=None
    ):
        """Elements of the datasets that map_func(element) gives: `block_length` of each of `cycle_length` in turn.

        Args:
            map_func: element -> Dataset.
            cycle_length: datasets that are read in turn; None or -1 is 16.
            block_length: elements of one dataset before the next one's turn.
            num_parallel_calls: taken as in tf.data; datasets are read one after the other, prefetch() in `map_func`
                reads ahead.
            deterministic: taken as in tf.data; the order is always kept.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        cycle = 16 if cycle_length in (None, -1) else int(cycle_length)
        return self._with(self._core.interleave(lambda x: _called(map_func, x)._core, cycle, int(block_length)))

    def flat_map(self, map_func, name=None):
        """Elements of the datasets that map_func(element) gives, one dataset after the other.

        Args:
            map_func: element -> Dataset.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self.interleave(map_func, 1, 1)

    def take_while(self, predicate, name=None):
        """The elements before the first one for which predicate(element) is false.

        Args:
            predicate: element -> bool; of a tuple it takes the parts.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._through(lambda: itertools.takewhile(lambda x: bool(applied(predicate, x)), self))

    def scan(self, initial_state, scan_func, name=None):
        """The outputs of: state, output = scan_func(state, element).

        Args:
            initial_state: a structure of numbers or tensors.
            scan_func: (state, element) -> (the next state, an output).
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """

        def outputs():
            state = as_element(initial_state)
            for element in self:
                state, output = scan_func(state, element)
                yield as_element(output)

        return self._through(outputs)

    def unique(self, name=None):
        """Each element the first time that it comes.

        Args:
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """

        def first_ones():
            seen = set()
            for element in self:
                key = tuple((a.shape, a.tobytes() if a.dtype != object else tuple(a.flat)) for a in arrays_of(element))
                if key not in seen:
                    seen.add(key)
                    yield element

        return self._through(first_ones)

    def window(self, size, shift=None, stride=1, drop_remainder=False, name=None):
        """Datasets of `size` elements each; of a tuple or a dict, a tuple or a dict of them.

        Args:
            size: elements in a window.
            shift: elements from the beginning of one window to that of the next; None is `size`.
            stride: elements from one of a window to the next.
            drop_remainder: whether windows with fewer elements are left out.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return Windows(self, int(size), int(shift or size), int(stride), bool(drop_remainder))

    def apply(self, transformation_func):
        """transformation_func(self)

        Args:
            transformation_func: Dataset -> Dataset.
        """
        return transformation_func(self)

    def with_options(self, options, name=None):
        """This dataset: it has no options of tf.data's kind.

        Args:
            options: of tf.data, ignored.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self

    # --- several ---

    def batch(self, batch_size, drop_remainder=False, num_parallel_calls=None, deterministic=None, name=None):
        """`batch_size` elements stacked along a new first axis.

        Args:
            batch_size: elements in a batch.
            drop_remainder: whether a smaller last batch is left out.
            num_parallel_calls: taken as in tf.data; one thread makes batches, prefetch() lets it work ahead.
            deterministic: taken as in tf.data; the order is always kept.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            ValueError: where elements differ in structure, shape or dtype (when it is iterated).
        """
        return self._with(self._core.batch(int(batch_size), bool(drop_remainder)))

    def padded_batch(self, batch_size, padded_shapes=None, padding_values=None, drop_remainder=False, name=None):
        """As batch(), padded with `padding_values` (a number; None is 0) to the largest size of each axis in the batch.

        Args:
            batch_size: elements in a batch.
            padded_shapes: must be None, or None and -1 for all sizes.
            padding_values: the number around the elements; None is 0.
            drop_remainder: whether a smaller last batch is left out.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            NotImplementedError: for `padded_shapes`, and for several padding values.
        """
        if padded_shapes is not None and any(n not in (None, -1) for n in tree.flatten(padded_shapes)):
            raise NotImplementedError(
                "padded_batch() pads to the largest sizes in the batch; map() to the shapes that you want first."
            )
        values = (
            {float(v) for v in tree.flatten(padding_values) if v is not None} if padding_values is not None else {0.0}
        )
        if len(values) > 1:
            raise NotImplementedError("padded_batch() pads all tensors with one value.")
        return self._with(self._core.padded_batch(int(batch_size), *values, bool(drop_remainder)))

    def unbatch(self, name=None):
        """The rows of batches.

        Args:
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.unbatch())

    def rebatch(self, batch_size, drop_remainder=False, name=None):
        """Batches of another size.

        Args:
            batch_size: the new size.
            drop_remainder: whether a smaller last batch is left out.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self.unbatch().batch(batch_size, drop_remainder)

    def prefetch(self, buffer_size, name=None):
        """A thread works ahead by `buffer_size` elements; AUTOTUNE is two.

        Args:
            buffer_size: elements that are made ahead.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._with(self._core.prefetch(int(buffer_size)))

    # --- use ---

    def __iter__(self):
        return self._core.iterate()

    def as_numpy_iterator(self):
        """Iterates over NumPy arrays; over numbers and bytes where tensors have no axes, as tf.data does."""
        return (tree.map_structure(plain, element) for element in self)

    def reduce(self, initial_state, reduce_func, name=None):
        """The last state of: state = reduce_func(state, element).

        Args:
            initial_state: a structure of numbers or tensors.
            reduce_func: (state, element) -> the next state.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        state = initial_state
        for element in self:
            state = reduce_func(state, element)
        return as_element(state)

    def get_single_element(self, name=None):
        """The only element.

        Args:
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.

        Raises:
            ValueError: where there is none, or more than one.
        """
        first = list(self.take(2))
        if len(first) != 1:
            raise ValueError(f"Expected a dataset of one element, found {'none' if not first else 'more'}.")
        return first[0]

    def cardinality(self):
        """The number of elements; -1 for infinitely many, -2 where it is not known."""
        return Count(self._core.cardinality())

    def __len__(self):
        count = self._core.cardinality()
        if count < 0:
            raise TypeError(f"The dataset {'is infinite' if count == -1 else 'has an unknown length'}.")
        return count

    def __bool__(self):
        return True

    @property
    def element_spec(self):
        """The shapes and dtypes of the first element, which is computed for that."""
        return tree.map_structure(lambda t: TensorSpec(tuple(t.shape), t.dtype), self._core.first())

    @staticmethod
    def _through(elements):
        """What a function without arguments yields, for each pass anew."""
        return Dataset(_lamina.DatasetCore.from_iterable(elements, -2))

    def _with(self, core):
        kept = {k: v for k, v in self.__dict__.items() if k in ("class_names", "file_paths")}
        return Dataset(core, **kept)

    def __repr__(self):
        count = self._core.cardinality()
        return f"<Dataset of {({-1: 'infinitely many', -2: 'an unknown number of'}).get(count, count)} elements>"


def _called(f, element):
    out = applied(f, element)
    if not isinstance(out, Dataset):
        raise TypeError(f"The function must give a Dataset. Received: {out!r}")
    return out
