"""tf.nn by keras.ops, for scripts where TensorFlow is not installed: convolutions, poolings, and losses of logits."""

import numpy as np

import lamina
from lamina import ops
from lamina.as_keras.arrays import sizes, tensor
from lamina.as_keras.reductions import in_top_k, l2_loss, l2_normalize, top_k
from lamina.as_keras.renamed_ops import plain

__all__ = ["in_top_k", "l2_loss", "l2_normalize", "top_k"]  # what tf.nn has, too; more below


def _spatial(values, rank, data_format):
    """Strides, sizes of windows and the like: the numbers of the inner axes, out of one number or one for each axis."""
    values = sizes(values) if values is not None else (1,)
    if len(values) == rank + 2:
        return values[2:] if data_format == "channels_first" else values[1:-1]
    return values * rank if len(values) == 1 else values


def _format(data_format):
    return "channels_first" if data_format is not None and data_format.startswith("NC") else "channels_last"


def _padded(x, padding, rank, fill=0.0):
    """(x, "same" or "valid"); margins that are listed are put around x."""
    if isinstance(padding, str):
        return x, padding.lower()
    return ops.pad(x, [[int(n) for n in pair] for pair in padding], constant_values=fill), "valid"


def _convolution(rank, depthwise=False):
    op = ops.depthwise_conv if depthwise else ops.conv

    def conv(input, filters=None, strides=1, padding="VALID", data_format=None, dilations=None, name=None, **more):
        kernel = filters if filters is not None else more.pop("filter")
        if more:
            raise TypeError(f"tf.nn's convolutions have no argument `{next(iter(more))}`.")
        layout = _format(data_format)
        x, padding = _padded(tensor(input), padding, rank)
        strides, dilations = _spatial(strides, rank, layout), _spatial(dilations, rank, layout)
        return op(x, kernel, strides, padding, layout, dilations)

    conv.__name__ = f"{'depthwise_' if depthwise else ''}conv{rank}d"
    conv.__doc__ = "A convolution; the kernel has its channels last."
    return conv


conv1d, conv2d, conv3d = _convolution(1), _convolution(2), _convolution(3)
depthwise_conv2d = _convolution(2, depthwise=True)


def convolution(input, filters, strides=1, padding="VALID", data_format=None, dilations=None, name=None):
    """A convolution over as many axes as the input has between batch and channels."""
    f = (conv1d, conv2d, conv3d)[len(tensor(input).shape) - 3]
    return f(input, filters, strides, padding, data_format, dilations)


def _transposed(rank):
    def conv(input, filters, output_shape, strides, padding="SAME", data_format=None, dilations=None, name=None):
        layout = _format(data_format)
        strides, dilations = _spatial(strides, rank, layout), _spatial(dilations, rank, layout)
        # Keras gives n * stride ("same") or that and what the kernel hangs over ("valid"); the rest is output_padding.
        first = 2 if layout == "channels_first" else 1
        wanted = _spatial(output_shape, rank, layout)
        given, window = tensor(input).shape[first : first + rank], filters.shape[:rank]
        valid = padding.lower() == "valid"
        margins = []
        for size, want, stride, k, dilation in zip(given, wanted, strides, window, dilations, strict=True):
            reach = (k - 1) * dilation + 1
            margins.append(want - ((size - 1) * stride + reach) + (0 if valid else 2 * (reach // 2)))
        return ops.conv_transpose(input, filters, strides, padding.lower(), tuple(margins), layout, dilations)

    conv.__name__ = f"conv{rank}d_transpose"
    conv.__doc__ = "The gradient of a convolution, as an op of its own."
    return conv


conv1d_transpose, conv2d_transpose, conv3d_transpose = _transposed(1), _transposed(2), _transposed(3)


def _pool(name, op, rank):
    def pool(input, ksize, strides, padding="VALID", data_format=None, name=None):
        x = tensor(input)
        axes = len(x.shape) - 2 if rank is None else rank
        layout = _format(data_format)
        window, strides = _spatial(ksize, axes, layout), _spatial(strides, axes, layout)
        return op(x, window, strides, padding.lower(), layout)

    pool.__name__, pool.__doc__ = name, "A pooling over the axes between batch and channels."
    return pool


max_pool, avg_pool = _pool("max_pool", ops.max_pool, None), _pool("avg_pool", ops.average_pool, None)
max_pool1d, avg_pool1d = _pool("max_pool1d", ops.max_pool, 1), _pool("avg_pool1d", ops.average_pool, 1)
max_pool2d, avg_pool2d = _pool("max_pool2d", ops.max_pool, 2), _pool("avg_pool2d", ops.average_pool, 2)
max_pool3d, avg_pool3d = _pool("max_pool3d", ops.max_pool, 3), _pool("avg_pool3d", ops.average_pool, 3)


def bias_add(value, bias, data_format=None, name=None):
    """value + bias along the channels."""
    if _format(data_format) == "channels_first":
        bias = ops.reshape(bias, (-1,) + (1,) * (len(value.shape) - 2))
    return value + bias


def dropout(x, rate, noise_shape=None, seed=None, name=None):
    """Elements to 0 at random, the others scaled up."""
    return lamina.random.dropout(x, rate, noise_shape, seed)


def moments(x, axes, shift=None, keepdims=False, name=None):
    """(mean, variance)"""
    return ops.moments(tensor(x), plain(axes), keepdims=keepdims)


def batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    """x with this mean and variance taken out, then scaled and moved."""
    out = (x - mean) * ops.rsqrt(variance + variance_epsilon)
    out = out if scale is None else out * scale
    return out if offset is None else out + offset


def embedding_lookup(params, ids, max_norm=None, name=None):
    """The rows of a table that ids name."""
    rows = ops.take(params, ids, axis=0)
    if max_norm is None:
        return rows
    length = ops.sqrt(ops.sum(ops.square(rows), axis=-1, keepdims=True))
    return rows * (max_norm / ops.maximum(length, max_norm))


def crelu(features, axis=-1, name=None):
    """relu of the features and of their negatives, behind each other."""
    return ops.relu(ops.concatenate([features, -features], axis=axis))


def softmax_cross_entropy_with_logits(labels, logits, axis=-1, name=None):
    """The cross-entropy of each row with a distribution."""
    logits = tensor(logits)
    return -ops.sum(ops.cast(labels, logits.dtype) * ops.log_softmax(logits, axis=axis), axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels, logits, name=None):
    """The cross-entropy of each row with the class that it is of."""
    return ops.sparse_categorical_crossentropy(labels, tensor(logits), from_logits=True)


def sigmoid_cross_entropy_with_logits(labels=None, logits=None, name=None):
    """The cross-entropy of each element with a probability."""
    return weighted_cross_entropy_with_logits(labels, logits, 1.0)


def weighted_cross_entropy_with_logits(labels=None, logits=None, pos_weight=1.0, name=None):
    """The cross-entropy of each element, where what is true counts `pos_weight` times."""
    logits = tensor(logits)
    labels = ops.cast(labels, logits.dtype)
    weight = 1.0 + (pos_weight - 1.0) * labels
    return (1.0 - labels) * logits + weight * ops.softplus(-logits)


def depth_to_space(input, block_size, data_format="NHWC", name=None):
    """Channels to blocks of pixels."""
    return ops.depth_to_space(input, int(block_size), data_format=_format(data_format))


def space_to_depth(input, block_size, data_format="NHWC", name=None):
    """Blocks of pixels to channels."""
    return ops.space_to_depth(input, int(block_size), data_format=_format(data_format))


def zero_fraction(value, name=None):
    """The share of zeros."""
    return ops.mean(ops.cast(ops.equal(value, 0), "float32"))


def compute_average_loss(per_example_loss, sample_weight=None, global_batch_size=None):
    """The sum of losses over the size of the batch."""
    loss = per_example_loss if sample_weight is None else per_example_loss * sample_weight
    return ops.sum(loss) / (int(np.shape(loss)[0]) if global_batch_size is None else global_batch_size)


def scale_regularization_loss(regularization_loss):
    """The sum of losses."""
    return ops.sum(regularization_loss)
