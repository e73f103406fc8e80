"""Where the datasets stand, and what several of them do."""

import os

import numpy as np

from lamina.utils.downloads import get_file

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(path, name, file_hash=None, **kwargs):
    """The dataset's file `name` in the cache, as `path`."""
    return get_file(
        path, origin=os.environ.get("LAMINA_DATASETS_ORIGIN", _ORIGIN) + name, file_hash=file_hash, **kwargs
    )


def shuffled(seed, *arrays):
    """The arrays' rows in the order that np.random.RandomState(seed) gives them."""
    order = np.arange(len(arrays[0]))
    np.random.RandomState(seed).shuffle(order)
    return [a[order] for a in arrays]


def check_split(test_split):
    if not 0 <= test_split < 1:
        raise ValueError(f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 (exclusive of 1).")


def train_and_test(x, y, test_split):
    """((x, y) of the first rows, (x, y) of the last `test_split` of them)"""
    at = int(len(x) * (1 - test_split))
    return (np.array(x[:at]), np.array(y[:at])), (np.array(x[at:]), np.array(y[at:]))


def shorter_than(maxlen, sequences, labels):
    """Those sequences, and their labels."""
    kept = [(s, y) for s, y in zip(sequences, labels) if len(s) < maxlen]
    return [s for s, _ in kept], [y for _, y in kept]


def limit_words(sequences, num_words, skip_top, oov_char):
    """Words outside of [skip_top, num_words) become `oov_char`, or go where it is None."""
    if not num_words:
        num_words = max(max(s) for s in sequences)
    if oov_char is None:
        return [[w for w in s if skip_top <= w < num_words] for s in sequences]
    return [[w if skip_top <= w < num_words else oov_char for w in s] for s in sequences]


def ragged(sequences):
    """An array of lists."""
    return np.array(sequences, dtype=object)
