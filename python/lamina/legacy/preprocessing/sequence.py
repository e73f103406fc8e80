"""Windows of time series and pairs of words, as Keras 2 made them. New programs use
keras.utils.timeseries_dataset_from_array."""

import json
import random

import numpy as np

from lamina.utils.py_dataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target of the step behind it.

    Args:
        data: the steps: a list or an array.
        targets: a target for each step.
        length: steps in a window, before `sampling_rate` is applied.
        sampling_rate: every so many steps of a window one is taken.
        stride: steps from one window to the next.
        start_index: the first step that is used.
        end_index: the last one; None is the last of all.
        shuffle: whether windows are drawn at random.
        reverse: whether the last step of a window comes first.
        batch_size: windows in a batch.
        **kwargs: of keras.utils.PyDataset.

    Raises:
        ValueError: where the lengths differ, or not one window fits.
    """

    def __init__(
        self,
        data,
        targets,
        length,
        sampling_rate=1,
        stride=1,
        start_index=0,
        end_index=None,
        shuffle=False,
        reverse=False,
        batch_size=128,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(
                f"There must be a target for each step. Received {len(data)} steps and {len(targets)} targets."
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.shuffle, self.reverse = shuffle, reverse
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        if self.start_index > self.end_index:
            raise ValueError(
                f"No window fits: `start_index` + `length` is {self.start_index}, `end_index` is {self.end_index}. "
                "Take shorter windows."
            )

    def __len__(self):
        windows = self.batch_size * self.stride
        return (self.end_index - self.start_index + windows) // windows

    def __getitem__(self, index):
        if self.shuffle:
            steps = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            reach = self.batch_size * self.stride
            first = self.start_index + reach * index
            steps = range(first, min(first + reach, self.end_index + 1), self.stride)
        windows = np.array([self.data[step - self.length : step : self.sampling_rate] for step in steps])
        targets = np.array([self.targets[step] for step in steps])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def get_config(self):
        """The arguments, with data and targets as JSON.

        Returns:
            A dict.

        Raises:
            TypeError: where they cannot be JSON.
        """
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return {
            "data": _json("data", self.data),
            "targets": _json("targets", self.targets),
            **{name: getattr(self, name) for name in names},
        }

    def to_json(self, **kwargs):
        """The generator as text.

        Args:
            **kwargs: of json.dumps().

        Returns:
            A string.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def _json(name, values):
    try:
        return json.dumps(values.tolist() if isinstance(values, (np.ndarray, np.generic)) else values)
    except TypeError as error:
        raise TypeError(f"The {name} of a TimeseriesGenerator cannot be written as JSON: {values!r:.200}") from error


def make_sampling_table(size, sampling_factor=1e-5):
    """How probably skipgrams() takes words, by their rank: less where they are frequent (Zipf's law).

    Args:
        size: the number of words.
        sampling_factor: of word2vec.

    Returns:
        An array (size,).
    """
    rank = np.maximum(np.arange(size), 1)
    # The inverse of a word's share by Zipf's law; sums of 1 / rank as a series that ends with Euler's constant.
    rareness = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * rareness))


def skipgrams(
    sequence,
    vocabulary_size,
    window_size=4,
    negative_samples=1.0,
    shuffle=True,
    categorical=False,
    sampling_table=None,
    seed=None,
):
    """Pairs of words that stand near each other, and of words that were drawn at random.

    Args:
        sequence: the words as numbers; 0 is none.
        vocabulary_size: random words are less than this.
        window_size: how far words of a pair stand from each other at most.
        negative_samples: how many random pairs there are for each of the others.
        shuffle: whether pairs are mixed.
        categorical: whether labels are [0, 1] and [1, 0] instead of 1 and 0.
        sampling_table: by word, how probably it is taken as a pair's first one.
        seed: of the order; None draws one.

    Returns:
        (pairs, labels): lists.
    """
    true, false = ([0, 1], [1, 0]) if categorical else (1, 0)
    pairs = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)):
            if j != i and sequence[j]:
                pairs.append([word, sequence[j]])
    labels = [true for _ in pairs]
    if negative_samples > 0:
        count, words = int(len(pairs) * negative_samples), [pair[0] for pair in pairs]
        random.shuffle(words)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [false for _ in range(count)]
    if shuffle:
        seed = random.randint(0, int(10e6)) if seed is None else seed
        for values in (pairs, labels):
            random.seed(seed)
            random.shuffle(values)
    return pairs, labels
