"""Dataset.window(): a dataset's elements as datasets of a few each."""

import itertools

from lamina import _lamina
from lamina.data.elements import applied, as_element


class Windows:
    """What Dataset.window() gives: datasets, one after the other.

    Args:
        source: the dataset whose elements they hold.
        size: elements in a window.
        shift: elements from the beginning of one window to that of the next.
        stride: elements from one of a window to the next.
        drop_remainder: whether windows with fewer elements are left out.
    """

    def __init__(self, source, size, shift, stride, drop_remainder):
        if min(size, shift, stride) < 1:
            raise ValueError(
                f"window() takes sizes of at least 1. Received: size={size}, shift={shift}, stride={stride}"
            )
        self._source, self._sizes, self._drop_remainder = source, (size, shift, stride), drop_remainder

    def __iter__(self):
        size, shift, stride = self._sizes
        reach, kept, passed = (size - 1) * stride + 1, [], 0
        for element in self._source:
            if passed:
                passed -= 1
                continue
            kept.append(element)
            if len(kept) == reach:
                yield _dataset_of(self._source, kept[::stride])
                passed, kept = max(0, shift - reach), kept[shift:]
        while kept and not self._drop_remainder:
            yield _dataset_of(self._source, kept[::stride])
            kept = kept[shift:]

    def flat_map(self, map_func, name=None):
        """Elements of the datasets that map_func(window) gives, one after the other.

        Args:
            map_func: window -> Dataset; of tuples it takes the parts.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._source._through(lambda: (x for window in self for x in applied(map_func, window)))

    interleave = flat_map

    def map(self, map_func, num_parallel_calls=None, deterministic=None, name=None):
        """map_func(window), or map_func(*window) of a tuple.

        Args:
            map_func: gives a tensor or a structure.
            num_parallel_calls: taken as in tf.data; one window comes after the other.
            deterministic: taken as in tf.data; the order is always kept.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return self._source._through(lambda: (as_element(applied(map_func, window)) for window in self))

    def take(self, count, name=None):
        """The first windows, as a list.

        Args:
            count: how many.
            name: a label, taken as in tf.data, where it names a node of a graph. It changes nothing.
        """
        return list(itertools.islice(self, int(count)))


def _dataset_of(source, elements):
    """Elements as a dataset; tuples and dicts of them as tuples and dicts of datasets."""
    if isinstance(elements[0], tuple):
        return tuple(_dataset_of(source, list(parts)) for parts in zip(*elements))
    if isinstance(elements[0], dict):
        return {key: _dataset_of(source, [element[key] for element in elements]) for key in elements[0]}
    return type(source)(_lamina.DatasetCore.from_iterable(lambda: iter(elements), len(elements)))
