"""Layers on strings and categories: vocabularies, and adapt()."""

import numpy as np

from lamina import _lamina
from lamina.layers.members.normalization import convert_weight
from lamina.layers.members.reading import Reading, constant
from lamina.layers.members.rows import call_on_values, dense_batches


def _is_batches(data, arrays):
    """Whether adapt() is to take `data` batch by batch: datasets, generators and other iterables."""
    if isinstance(data, (_lamina.TensorBase, _lamina.VariableCore, np.ndarray, str, bytes, *arrays)):
        return False
    return hasattr(data, "__iter__") and not hasattr(data, "__array__")


def _features(batch):
    """What is learned from of an element of a dataset: the element. Of (x, y) Keras takes neither."""
    if isinstance(batch, tuple):
        raise TypeError(
            f"adapt() learns from arrays. Received a tuple of {len(batch)}: of a dataset of (x, y) take x first, "
            "`dataset.map(lambda x, y: x)`."
        )
    return batch


def _each_batch(data, steps):
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "_core"):  # a PyDataset, a list
        batches = (data[i] for i in range(len(data)))
    else:
        batches = data
    for i, batch in enumerate(batches):
        if steps is not None and i >= steps:
            break
        yield _features(batch)


def _learn(layer, data, steps, arrays):
    layer.reset_state()
    parts = dense_batches(layer, data)
    if parts is not None:
        for part in parts:
            layer.update_state(part)
    elif _is_batches(data, arrays):
        for batch in _each_batch(data, steps):
            for part in dense_batches(layer, batch) or [batch]:
                layer.update_state(part)
    else:
        data = _lamina.plain_data(data)
        if arrays and data.ndim == 1:
            data = data[:, None]
        layer.update_state(data)
    layer.finalize_state()


def _adapt(self, data, steps=None):
    """Learns the vocabulary of data: its terms by how often they are there, the most frequent first; of the same count,
    the later in order first.

    Args:
        data: an array or (nested) list of terms, or a dataset or iterable of batches.
        steps: how many batches to take; None takes all. It says nothing of arrays and lists.

    Raises:
        ValueError: if the vocabulary was given as an argument.
        TypeError: for other data.
    """
    _learn(self, data, steps, (list, tuple))


def _adapt_text(self, data, batch_size=None, steps=None):
    """Learns the vocabulary of texts: their tokens by how often they are there, the most frequent first; of the same
    count, the later in order first.

    Args:
        data: an array or (nested) list of texts, or a dataset or iterable of batches.
        batch_size: taken as in Keras; it changes nothing.
        steps: how many batches to take; None takes all. It says nothing of arrays and lists.

    Raises:
        ValueError: if the vocabulary was given as an argument.
        TypeError: for other data.
    """
    _learn(self, data, steps, (list, tuple))


def _adapt_bins(self, data, steps=None):
    """Finds boundaries between bins that hold about as many values of the data each.

    Args:
        data: an array, or a dataset or iterable (a list too) of batches.
        steps: how many batches to take; None takes all. It says nothing of arrays.

    Raises:
        ValueError: if boundaries were given as an argument.
        TypeError: for other data.
    """
    if self.num_bins is None:
        raise ValueError(
            "Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`, use `num_bins` "
            "instead."
        )
    _learn(self, data, steps, ())


def _reset_state(self):
    """Forgets what update_state() learned; the vocabulary or boundaries stay until finalize_state()."""
    _lamina.reset_learning(self)


def _update_state(self, data):
    """Learns from a batch. adapt() calls it, between reset_state() and finalize_state().

    Args:
        data: an array, a tensor or nested lists.

    Raises:
        ValueError: if the vocabulary was given as an argument.
    """
    _lamina.learn(self, data)


def _finalize_state(self):
    """Makes what was learned the layer's own."""
    _lamina.finish_learning(self)


def _set_vocabulary(self, vocabulary, idf_weights=None):
    """Gives the layer a vocabulary in place of the one that it has.

    Args:
        vocabulary: the terms in order, or the path of a file with one per line.
        idf_weights: with `output_mode="tf_idf"`, a weight for each term.

    Raises:
        ValueError: where terms repeat, special ones stand elsewhere than at the start, or there are too many.
        RuntimeError: if the size of encodings would change.
    """
    _lamina.set_vocabulary(self, vocabulary, idf_weights)


def _get_vocabulary(self, include_special_tokens=True):
    """The vocabulary.

    Args:
        include_special_tokens: whether the masked term and those for unknown ones stand in front, so that the place of
            a term is its index.

    Returns:
        A list of terms.
    """
    return _lamina.get_vocabulary(self, bool(include_special_tokens))


def _vocabulary_size(self):
    """How many indices there are, special ones among them."""
    return _lamina.vocabulary_size(self)


def _save_assets(self, dir_path):
    """Writes vocabulary.txt, unless the vocabulary stands in the config.

    Args:
        dir_path: the folder.
    """
    _lamina.save_assets(self, str(dir_path))


def _load_assets(self, dir_path):
    """Reads vocabulary.txt, unless the vocabulary stands in the config.

    Args:
        dir_path: the folder.
    """
    _lamina.load_assets(self, str(dir_path))


def _save_own_variables(self, store):
    """Puts what files hold of the layer beside its vocabulary into a store.

    Args:
        store: a dict, or a place in a file.
    """
    for name, value in _lamina.named_values(self).items():
        store[name] = value.numpy()


def _load_own_variables(self, store):
    """Takes from a store what save_own_variables() put there.

    Args:
        store: a dict, or a place in a file.
    """
    _lamina.load_named_values(self, store)


def _argument(name, doc):
    return Reading(lambda layer: layer._get_config()[name], doc)


def _idf_weights(layer):
    weights = _lamina.idf_weights(layer)
    if weights is None:
        raise AttributeError(
            "There are no idf_weights before a vocabulary with output_mode='tf_idf' is set or learned."
        )
    return weights


class _Boundaries:
    """The boundaries between bins: those given, or those that adapt() found. None before."""

    def __get__(self, layer, owner=None):
        return self if layer is None else _lamina.bin_boundaries(layer)

    def __set__(self, layer, value):
        _lamina.set_bin_boundaries(layer, value)


def _discretization_from_config(cls, config, custom_objects=None):
    """A layer from get_config().

    Args:
        config: a dict of the constructor's arguments.
        custom_objects: taken as in Keras; the config names no objects.
    """
    config = dict(config)
    if config.get("bin_boundaries") is None or config.get("num_bins") is None:
        return cls(**config)
    boundaries = config.pop("bin_boundaries")  # that were learned
    layer = cls(**config)
    layer.bin_boundaries = boundaries
    return layer


_LEARNING = {"reset_state": _reset_state, "update_state": _update_state, "finalize_state": _finalize_state}
_FILES = {
    "save_assets": _save_assets,
    "load_assets": _load_assets,
    "save_own_variables": _save_own_variables,
    "load_own_variables": _load_own_variables,
}
_EAGER_ONLY = {"supports_jit": False}
_OF_VALUES = {"_call_on_values": call_on_values}
_SALT = {
    "salt": Reading(lambda layer: layer._get_config()["salt"], "The two integers that SipHash hashes with, or None.")
}
_VOCABULARY = {
    **_LEARNING,
    **_FILES,
    **_EAGER_ONLY,
    "set_vocabulary": _set_vocabulary,
    "get_vocabulary": _get_vocabulary,
    "vocabulary_size": _vocabulary_size,
}


def _of_terms(dtype):
    name = constant(dtype, f"{dtype!r}: that of the vocabulary's terms.")
    return {"compute_dtype": name, "variable_dtype": name}


_LOOKUP = {
    **_VOCABULARY,
    **_OF_VALUES,
    **_SALT,
    "adapt": _adapt,
    "input_vocabulary": Reading(
        lambda layer: _lamina.input_vocabulary(layer), "The vocabulary given as an argument, or None."
    ),
    "input_idf_weights": _argument("idf_weights", "The weights given as an argument, or None."),
    "idf_weights": Reading(_idf_weights, "The weight of each index, with output_mode='tf_idf'."),
}

MEMBERS = {
    "StringLookup": {**_LOOKUP, **_of_terms("string"), "vocabulary_dtype": constant("string", "'string'.")},
    "IntegerLookup": {**_LOOKUP, **_of_terms("int64")},
    "TextVectorization": {**_VOCABULARY, **_of_terms("string"), "adapt": _adapt_text},
    "Hashing": {
        **_EAGER_ONLY,
        **_OF_VALUES,
        **_SALT,
        "strong_hash": Reading(
            lambda layer: layer.salt is not None, "Whether SipHash hashes, under `salt`, in place of FarmHash."
        ),
    },
    "HashedCrossing": _EAGER_ONLY,
    "Discretization": {
        **_LEARNING,
        **_OF_VALUES,
        "adapt": _adapt_bins,
        "load_own_variables": _load_own_variables,
        "bin_boundaries": _Boundaries(),
        "convert_weight": convert_weight,
        "from_config": classmethod(_discretization_from_config),
        "input_dtype": Reading(lambda layer: _lamina.floatx(), "floatx, whatever the layer computes in."),
        "output_dtype": Reading(
            lambda layer: "int32" if layer.output_mode == "int" else layer.compute_dtype, "The dtype of its outputs."
        ),
        "summary": Reading(
            lambda layer: None if layer.num_bins is None else _lamina.bins_summary(layer),
            "What was learned so far: values, and how many each stands for.",
        ),
    },
    "CategoryEncoding": {
        "convert_weight": convert_weight,
        "sparse": constant(False, "False: there are no sparse tensors."),
    },
}
