"""Layers beyond Keras' that int8 is for: what they are, and plain NumPy's arithmetic of them."""

import keras
import lamina
import numpy as np

# A name, arguments, the shape of an input.
CONVOLUTIONS = {
    "conv1d": ("Conv1D", {"filters": 6, "kernel_size": 3, "padding": "same", "activation": "relu"}, (2, 9, 4)),
    "conv1d_causal": ("Conv1D", {"filters": 5, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, (2, 9, 4)),
    "conv2d": ("Conv2D", {"filters": 8, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same"}, (2, 9, 8, 3)),
    "conv2d_pointwise": ("Conv2D", {"filters": 9, "kernel_size": 1, "use_bias": False}, (2, 5, 4, 7)),
    "conv2d_dilated": ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": (2, 1)}, (1, 9, 8, 5)),
    "conv2d_groups": ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3}, (2, 7, 6, 9)),
    "conv2d_first": ("Conv2D", {"filters": 6, "kernel_size": 3, "data_format": "channels_first"}, (2, 3, 7, 6)),
    "conv3d": ("Conv3D", {"filters": 4, "kernel_size": 2, "strides": (1, 2, 1), "padding": "same"}, (1, 4, 5, 4, 3)),
    "depthwise1d": ("DepthwiseConv1D", {"kernel_size": 3, "padding": "same"}, (2, 8, 20)),
    "depthwise2d": ("DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "padding": "same", "activation": "tanh"},
                    (2, 7, 8, 17)),
    "depthwise2d_more": ("DepthwiseConv2D", {"kernel_size": (2, 3), "depth_multiplier": 3}, (2, 6, 5, 4)),
    "depthwise2d_first": ("DepthwiseConv2D", {"kernel_size": 2, "data_format": "channels_first"}, (2, 5, 6, 4)),
    "separable1d": ("SeparableConv1D", {"filters": 5, "kernel_size": 3, "padding": "same"}, (2, 8, 6)),
    "separable2d": ("SeparableConv2D", {"filters": 7, "kernel_size": 3, "depth_multiplier": 2}, (2, 6, 7, 4)),
    "separable2d_first": ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "data_format": "channels_first"},
                          (2, 4, 6, 7)),
    "transpose1d": ("Conv1DTranspose", {"filters": 5, "kernel_size": 3, "strides": 2}, (2, 6, 4)),
    "transpose2d": ("Conv2DTranspose", {"filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same"},
                    (2, 5, 4, 6)),
    "transpose2d_apart": ("Conv2DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3}, (1, 4, 4, 5)),
    "transpose2d_first": ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "data_format": "channels_first"},
                          (2, 4, 5, 6)),
    "transpose3d": ("Conv3DTranspose", {"filters": 3, "kernel_size": 2, "strides": (1, 2, 1), "padding": "same"},
                    (1, 3, 4, 3, 2)),
}  # fmt: skip
RECURRENCES = {
    "simple": ("SimpleRNN", {"units": 5, "return_sequences": True}, (3, 4, 6)),
    "simple_relu": ("SimpleRNN", {"units": 5, "activation": "relu"}, (3, 4, 6)),
    "lstm": ("LSTM", {"units": 7, "return_sequences": True}, (3, 4, 6)),
    "lstm_last": ("LSTM", {"units": 4, "go_backwards": True, "use_bias": False}, (3, 5, 6)),
    "lstm_steps": ("LSTM", {"units": 4, "recurrent_activation": "hard_sigmoid"}, (3, 4, 6)),
    "gru": ("GRU", {"units": 6, "return_sequences": True}, (3, 4, 5)),
    "gru_before": ("GRU", {"units": 4, "reset_after": False}, (3, 4, 5)),
}
LAYERS = CONVOLUTIONS | RECURRENCES


def made(name, k=lamina, **more):
    cls, arguments, shape = LAYERS[name]
    layer = getattr(k.layers, cls)(**arguments, **more, name="layer")
    layer.build((None, *shape[1:]))
    return layer


def data(name, seed=4):
    return np.random.default_rng(seed).normal(size=LAYERS[name][2]).astype("float32")


def filled(name, k=lamina, seed=3, **more):
    """A layer with weights that initializers would leave at zero."""
    layer, rng = made(name, k, **more), np.random.default_rng(seed)
    layer.set_weights([rng.normal(scale=0.4, size=w.shape).astype("float32") for w in layer.weights])
    return layer


def value(x):
    return np.asarray(x.numpy() if isinstance(x, (lamina.Tensor, lamina.Variable)) else x)


def quantize(x, axes, low=-127, high=127):
    """Integers and what x was multiplied by."""
    scale = np.float32(high) / (np.abs(x).max(axis=axes, keepdims=True) + np.float32(1e-7))
    return np.clip(np.round(x * scale), low, high), scale


# The axes of a kernel along which its outputs share a scale.
def shared_axes(cls, kernel):
    rank = kernel.ndim - 2
    if cls.endswith("Transpose"):
        return (*range(rank), rank + 1)
    return tuple(range(rank)) if "depthwise" in cls.lower() else tuple(range(rank + 1))


def products(cls, arguments, x, kernel, scale):
    """What float convolutions of Keras make of integers, which they add up exactly, over the scales."""
    arguments = {**arguments, "use_bias": False, "activation": None}
    first = arguments.get("data_format") == "channels_first"
    q, by = quantize(x, tuple(range(1, x.ndim)))
    layer = getattr(keras.layers, cls)(**arguments)
    layer.build(x.shape)
    layer.set_weights([kernel.astype("float32")])
    scale = scale.reshape((1, -1) + (1,) * (x.ndim - 2) if first else (1,) * (x.ndim - 1) + (-1,))
    return np.asarray(layer(q)) / (scale * by)


def convolved(name, x, weights):
    """The same arithmetic as the layer's, from its weights by name."""
    cls, arguments, _ = LAYERS[name]
    activation = keras.activations.get(arguments.get("activation"))
    if cls.startswith("Separable"):
        depthwise = {k: v for k, v in arguments.items() if k != "filters"}
        pointwise = {k: arguments[k] for k in ("filters", "data_format") if k in arguments} | {"kernel_size": 1}
        rank = cls[-2:]
        y = products(f"DepthwiseConv{rank}", depthwise, x, weights["depthwise_kernel"],
                     weights["depthwise_kernel_scale"])  # fmt: skip
        y = products(f"Conv{rank}", pointwise, y, weights["pointwise_kernel"], weights["pointwise_kernel_scale"])
    else:
        y = products(cls, arguments, x, weights["kernel"], weights["kernel_scale"])
    if "bias" in weights:
        first = arguments.get("data_format") == "channels_first"
        y = y + weights["bias"].reshape((1, -1) + (1,) * (y.ndim - 2) if first else (1,) * (y.ndim - 1) + (-1,))
    return np.asarray(activation(y))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def row_product(x, kernel, scale):
    q, by = quantize(x, (-1,))
    return (q @ kernel.astype("float64")).astype("float32") / (scale * by)


def recurred(name, x, weights):
    """All steps of a recurrence in NumPy; the outputs of all of them."""
    cls, arguments, _ = LAYERS[name]
    units, steps = arguments["units"], x.shape[1]
    kernel, by_kernel = weights["kernel"], weights["kernel_scale"]
    recurrent, by_recurrent = weights["recurrent_kernel"], weights["recurrent_kernel_scale"]
    activation = {"relu": lambda v: np.maximum(v, 0)}.get(arguments.get("activation"), np.tanh)
    gate = sigmoid
    if arguments.get("recurrent_activation") == "hard_sigmoid":
        gate = lambda v: np.clip(v / 6 + 0.5, 0, 1)  # noqa: E731
    bias = weights.get("bias", np.float32(0))
    h = c = np.zeros((len(x), units), "float32")
    out = []
    for t in range(steps - 1, -1, -1) if arguments.get("go_backwards") else range(steps):
        z = row_product(x[:, t], kernel, by_kernel)
        if cls == "SimpleRNN":
            h = activation(z + bias + row_product(h, recurrent, by_recurrent))
        elif cls == "LSTM":
            i, f, g, o = np.split(z + bias + row_product(h, recurrent, by_recurrent), 4, axis=1)
            c = gate(f) * c + gate(i) * activation(g)
            h = gate(o) * activation(c)
        elif arguments.get("reset_after", True):
            z, r, g = np.split(z + bias[0], 3, axis=1)
            p, q, s = np.split(row_product(h, recurrent, by_recurrent) + bias[1], 3, axis=1)
            z, r = gate(z + p), gate(r + q)
            h = z * h + (1 - z) * activation(g + r * s)
        else:
            u2 = 2 * units
            z, r, g = np.split(z + bias, 3, axis=1)
            p, q = np.split(row_product(h, recurrent[:, :u2], by_recurrent[:u2]), 2, axis=1)
            z, r = gate(z + p), gate(r + q)
            h = z * h + (1 - z) * activation(g + row_product(r * h, recurrent[:, u2:], by_recurrent[u2:]))
        out.append(h)
    return np.stack(out, axis=1) if arguments.get("return_sequences") else out[-1]


def weights_of(layer):
    return {w.name: value(w) for w in layer.weights}


def expected(name, layer, x):
    return (convolved if name in CONVOLUTIONS else recurred)(name, x, weights_of(layer))
