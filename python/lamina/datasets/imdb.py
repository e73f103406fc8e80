"""Reviews of films, positive or negative."""

import json

import numpy as np

from lamina._core.public import public_module
from lamina.datasets._pickles import load_npz
from lamina.datasets._source import fetch, limit_words, ragged, shorter_than


def load_data(
    path="imdb.npz", num_words=None, skip_top=0, maxlen=None, seed=113, start_char=1, oov_char=2, index_from=3, **kwargs
):
    """25,000 reviews from IMDB to train on and 25,000 to test, each a list of word numbers, labelled 0 or 1.

    Words are numbered by their frequency, from `index_from` on; 0 is for padding.

    Args:
        path: the file's name in the cache.
        num_words: words from this number on become `oov_char`; None keeps all.
        skip_top: words below this number become `oov_char`.
        maxlen: only reviews shorter than this; None keeps all.
        seed: of the order of reviews.
        start_char: put before each review; None for nothing.
        oov_char: stands for words that were cut; None removes them.
        index_from: added to the words' numbers.
        **kwargs: none: Keras lists them and ignores what they hold.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x are arrays of lists, y arrays of 0 and 1.

    Raises:
        ValueError: where `maxlen` leaves nothing.
        TypeError: for arguments that are not listed.
    """
    if kwargs:
        raise TypeError(f"imdb.load_data() does not know the arguments {sorted(kwargs)}.")
    f = load_npz(fetch(path, "imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"))
    rng = np.random.RandomState(seed)
    sequences, labels, lengths = [], [], []
    for part in ("train", "test"):
        order = np.arange(len(f[f"x_{part}"]))
        rng.shuffle(order)
        x, y = f[f"x_{part}"][order], f[f"y_{part}"][order]
        start = [] if start_char is None else [start_char]
        x = [start + [w + (index_from or 0) for w in s] for s in x]
        if maxlen:
            x, y = shorter_than(maxlen, x, y)
            if not x:
                raise ValueError(
                    f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was "
                    f"kept. Increase maxlen."
                )
        sequences += x
        labels.append(np.asarray(y))
        lengths.append(len(x))
    sequences = limit_words(sequences, num_words, skip_top, oov_char)
    at = lengths[0]
    return (ragged(sequences[:at]), labels[0]), (ragged(sequences[at:]), labels[1])


def get_word_index(path="imdb_word_index.json"):
    """A dict from words to their numbers, before `index_from` is added.

    Args:
        path: the file's name in the cache.
    """
    with open(fetch(path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")) as f:
        return json.load(f)


__getattr__, __dir__ = public_module(__name__, defined=("load_data", "get_word_index"))
