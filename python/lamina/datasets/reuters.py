"""Newswires by topic."""

import json

from lamina._core.public import public_module
from lamina.datasets._pickles import load_npz
from lamina.datasets._source import fetch, limit_words, ragged, shorter_than, shuffled, train_and_test


def load_data(
    path="reuters.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    test_split=0.2,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
):
    """11,228 newswires of Reuters, each a list of word numbers, labelled with one of 46 topics.

    Words are numbered by their frequency, from `index_from` on; 0 is for padding.

    Args:
        path: the file's name in the cache.
        num_words: words from this number on become `oov_char`; None keeps all.
        skip_top: words below this number become `oov_char`.
        maxlen: only newswires shorter than this; None keeps all.
        test_split: the share of newswires to test on.
        seed: of their order.
        start_char: put before each newswire; None for nothing.
        oov_char: stands for words that were cut; None removes them.
        index_from: added to the words' numbers.

    Returns:
        ((x_train, y_train), (x_test, y_test)): x are arrays of lists, y arrays of topics' numbers.
    """
    f = load_npz(fetch(path, "reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"))
    x, labels = shuffled(seed, f["x"], f["y"])
    if start_char is not None:
        x = [[start_char] + [w + index_from for w in s] for s in x]
    elif index_from:
        x = [[w + index_from for w in s] for s in x]
    if maxlen:
        x, labels = shorter_than(maxlen, x, labels)
    return train_and_test(ragged(limit_words(x, num_words, skip_top, oov_char)), labels, test_split)


def get_word_index(path="reuters_word_index.json"):
    """A dict from words to their numbers, before `index_from` is added.

    Args:
        path: the file's name in the cache.
    """
    with open(fetch(path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")) as f:
        return json.load(f)


def get_label_names():
    """The topics' names, in the order of their numbers."""
    return (
        "cocoa",
        "grain",
        "veg-oil",
        "earn",
        "acq",
        "wheat",
        "copper",
        "housing",
        "money-supply",
        "coffee",
        "sugar",
        "trade",
        "reserves",
        "ship",
        "cotton",
        "carcass",
        "crude",
        "nat-gas",
        "cpi",
        "money-fx",
        "interest",
        "gnp",
        "meal-feed",
        "alum",
        "oilseed",
        "gold",
        "tin",
        "strategic-metal",
        "livestock",
        "retail",
        "ipi",
        "iron-steel",
        "rubber",
        "heat",
        "jobs",
        "lei",
        "bop",
        "zinc",
        "orange",
        "pet-chem",
        "dlr",
        "gas",
        "silver",
        "wpi",
        "hog",
        "lead",
    )


__getattr__, __dir__ = public_module(__name__, defined=("load_data", "get_word_index", "get_label_names"))
