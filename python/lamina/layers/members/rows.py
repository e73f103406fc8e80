"""Layers that treat each value alone, on TensorFlow's ragged and sparse tensors: the results stand in the same rows and
places."""

import sys

import numpy as np


def _values_of(x):
    """The values of a ragged or sparse tensor of TensorFlow, and what puts others in their places; None for all
    others."""
    tf = sys.modules.get("tensorflow")
    if tf is None:
        return None
    if isinstance(x, getattr(tf, "RaggedTensor", ())):
        return x.flat_values, x.with_flat_values
    if isinstance(x, getattr(tf, "SparseTensor", ())):
        return x.values, lambda values: tf.SparseTensor(x.indices, values, x.dense_shape)
    return None


def call_on_values(layer, call, inputs):
    """What `layer` gives for a ragged or sparse tensor of TensorFlow.

    Args:
        layer: one whose results are indices, a number for each value.
        call: what calls it on an array.
        inputs: its argument.

    Returns:
        A tensor of the same kind and rows, or None where `inputs` is another or the layer's results are encoded rows.
    """
    parts = _values_of(inputs)
    if parts is None or layer.output_mode != "int":
        return None
    import tensorflow as tf

    values, replaced = parts
    results = call(values)
    return replaced(results if tf.is_tensor(results) else tf.convert_to_tensor(np.asarray(results)))


def dense_batches(layer, data):
    """What adapt() learns of a ragged or sparse tensor of TensorFlow: arrays that hold its values, and where the layer
    counts documents one for each row. None for other data."""
    parts = _values_of(data)
    if parts is None:
        return None
    if layer.output_mode != "tf_idf" or not hasattr(data, "row_splits"):
        return [parts[0].numpy()[:, None]]
    return [row.numpy().reshape(1, -1) for row in data]
