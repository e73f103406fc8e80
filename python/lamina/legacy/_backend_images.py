"""`tf.keras.backend`'s older functions on images, sequences and loops; _backend.py has the others."""

import math

import lamina
from lamina import _lamina
from lamina._core import ops


def _layout(data_format):
    return data_format or _lamina.image_data_format()


def _convolution(op):
    def f(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
        return op(x, kernel, strides, padding, _layout(data_format), dilation_rate)

    return f


def _separable(x, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    kernels = (depthwise_kernel, pointwise_kernel)
    return ops.separable_conv(x, *kernels, strides, padding, _layout(data_format), dilation_rate)


def _pool(x, pool_size, strides=1, padding="valid", data_format=None, pool_mode="max"):
    if pool_mode not in ("max", "avg"):
        raise ValueError(f'`pool_mode` is "max" or "avg". Received: {pool_mode}')
    op = ops.max_pool if pool_mode == "max" else ops.average_pool
    return op(x, pool_size, strides, padding, _layout(data_format))


def _padding(axes):
    def f(x, padding=((1, 1),) * axes if axes > 1 else (1, 1), data_format=None):
        margins = [tuple(pair) for pair in (padding if axes > 1 else (padding,))]
        first = axes > 1 and _layout(data_format) == "channels_first"
        outer = [(0, 0)]
        return ops.pad(x, [*outer, *outer, *margins] if first else [*outer, *margins, *outer])

    return f


def _resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    layer = lamina.layers.UpSampling2D((height_factor, width_factor), data_format, interpolation)
    return layer(x)


def _resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    return lamina.layers.UpSampling3D((depth_factor, height_factor, width_factor), data_format)(x)


def _bias_add(x, bias, data_format=None):
    if _layout(data_format) == "channels_first" and x.ndim > 2:
        bias = ops.reshape(bias, (1, -1) + (1,) * (x.ndim - 2))
    return x + bias


def _batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    return ops.batch_normalization(x, mean, var, axis, offset=beta, scale=gamma, epsilon=epsilon)


def _fold(turned):
    def f(fn, elems, initializer=None, name=None):
        rows = list(ops.unstack(ops.convert_to_tensor(elems), axis=0))
        rows = rows[::-1] if turned else rows
        out = rows.pop(0) if initializer is None else initializer
        for row in rows:
            out = fn(out, row)
        return out

    return f


def _random_bernoulli(shape, p=0.0, dtype=None, seed=None):
    return ops.cast(lamina.random.uniform(shape, seed=seed) <= p, dtype or _lamina.floatx())


FUNCTIONS = {
    "batch_normalization": _batch_normalization,
    "bias_add": _bias_add,
    "conv1d": _convolution(ops.conv),
    "conv2d": _convolution(ops.conv),
    "conv3d": _convolution(ops.conv),
    "count_params": lambda x: math.prod(x.shape),
    "cumprod": lambda x, axis=0: ops.cumprod(x, axis=axis),
    "cumsum": lambda x, axis=0: ops.cumsum(x, axis=axis),
    "depthwise_conv2d": _convolution(ops.depthwise_conv),
    "foldl": _fold(False),
    "foldr": _fold(True),
    "in_top_k": lambda predictions, targets, k: ops.in_top_k(targets, predictions, k),
    "is_sparse": lambda tensor: False,
    "map_fn": lambda fn, elems, name=None, dtype=None: ops.map(fn, elems),
    "name_scope": lambda name: lamina.name_scope(name),
    "one_hot": lambda indices, num_classes: ops.one_hot(indices, num_classes),
    "pool2d": _pool,
    "pool3d": _pool,
    "random_bernoulli": _random_bernoulli,
    "resize_images": _resize_images,
    "resize_volumes": _resize_volumes,
    "separable_conv2d": _separable,
    "spatial_2d_padding": _padding(2),
    "spatial_3d_padding": _padding(3),
    "temporal_padding": _padding(1),
    "to_dense": lambda tensor: tensor,
}
