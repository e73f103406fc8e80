"""Drawn configurations of layers against real Keras: outputs, gradients and files in both directions, half of them on
either engine."""

import numpy as np
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from layer_configurations import check_configuration

ENGINES = st.sampled_from(["graph", "eager"])
DATA_FORMATS = st.sampled_from(["channels_last", "channels_first"])
ACTIVATIONS = st.sampled_from([None, "relu", "tanh", "gelu", "elu", "softplus"])
CHOICE = st.booleans()


def examples(count):
    """The same ones in every run. A failure names its whole configuration, small as it is: looking for a smaller one
    would take JAX minutes."""
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def array(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def sizes(draw, count, low, high):
    return tuple(draw(st.integers(low, high)) for _ in range(count))


def shape_of(draw, space, channels, data_format):
    return (2, *space, channels) if data_format == "channels_last" else (2, channels, *space)


def masks(rows, steps):
    """Rows of booleans that are not all false."""
    return st.lists(st.lists(CHOICE, min_size=steps, max_size=steps).filter(any), min_size=rows, max_size=rows)


def check_one_layer(drawn):
    """The layer alone, on an input of `shape` and, where there is one, a mask."""
    note(f"configuration: {drawn}")
    shape, mask = drawn["shape"], drawn.get("mask")
    inputs = [array(shape)] if mask is None else [array(shape), np.array(mask, bool)]

    def build(k):
        layer = getattr(k.layers, drawn["layer"])(**drawn["config"])
        x = k.Input(shape[1:])
        if mask is None:
            return k.Model(x, layer(x))
        m = k.Input((len(mask[0]),), dtype="bool")
        return k.Model([x, m], layer(x, mask=m))

    check_configuration(drawn["engine"], build, inputs)


@st.composite
def convolutions(draw):
    kind = draw(st.sampled_from(["Conv", "Conv", "ConvTranspose", "SeparableConv", "DepthwiseConv"]))
    rank = draw(st.integers(1, 3 if kind.startswith("Conv") else 2))
    name = f"Conv{rank}DTranspose" if kind == "ConvTranspose" else f"{kind}{rank}D"
    kernel = sizes(draw, rank, 1, 3 if rank < 3 else 2)
    data_format = draw(DATA_FORMATS)
    causal = name == "Conv1D" or (name == "SeparableConv1D" and data_format == "channels_last")  # Keras refuses others
    paddings = ["valid", "same", "causal"] if causal else ["valid", "same"]
    config = {
        "kernel_size": kernel,
        "padding": draw(st.sampled_from(paddings)),
        "data_format": data_format,
        "use_bias": draw(CHOICE),
        "activation": draw(ACTIVATIONS),
    }
    stretched = draw(st.sampled_from([None, "strides", "dilation_rate"]))  # Keras refuses both at once
    if stretched:
        config[stretched] = sizes(draw, rank, 1, 2)
    channels = draw(st.sampled_from([2, 4, 8]))
    if kind != "DepthwiseConv":
        config["filters"] = draw(st.sampled_from([2, 4, 8, 16]))
    if kind == "Conv":
        config["groups"] = draw(st.sampled_from([1, 1, 2]))
    elif kind in ("SeparableConv", "DepthwiseConv"):
        config["depth_multiplier"] = draw(st.integers(1, 2))
    elif stretched == "strides":
        config["output_padding"] = draw(st.sampled_from([None, tuple(stride - 1 for stride in config["strides"])]))
    space = [(size - 1) * 2 + 1 + draw(st.integers(0, 2)) for size in kernel]  # of which a dilated window has room
    return {
        "engine": draw(ENGINES),
        "layer": name,
        "config": config,
        "shape": shape_of(draw, space, channels, config["data_format"]),
    }


@examples(50)
@given(convolutions())
def test_convolution(drawn):
    check_one_layer(drawn)


@st.composite
def poolings(draw):
    kind = draw(
        st.sampled_from(
            [
                "MaxPooling",
                "AveragePooling",
                "GlobalMaxPooling",
                "GlobalAveragePooling",
                "AdaptiveMaxPooling",
                "AdaptiveAveragePooling",
            ]
        )
    )
    rank = draw(st.integers(1, 3))
    space = sizes(draw, rank, 3, 5)
    config = {"data_format": draw(DATA_FORMATS)}
    if kind.startswith("Global"):
        config["keepdims"] = draw(CHOICE)
    elif kind.startswith("Adaptive"):
        config["output_size"] = sizes(draw, rank, 1, 3)
    else:
        config.update(
            pool_size=sizes(draw, rank, 1, 3),
            strides=draw(st.sampled_from([None, sizes(draw, rank, 1, 3)])),
            padding=draw(st.sampled_from(["valid", "same"])),
        )
    drawn = {
        "engine": draw(ENGINES),
        "layer": f"{kind}{rank}D",
        "config": config,
        "shape": shape_of(draw, space, draw(st.sampled_from([2, 3, 8])), config["data_format"]),
    }
    if drawn["layer"] == "GlobalAveragePooling1D" and draw(CHOICE):
        drawn["mask"] = draw(masks(2, space[0]))
    return drawn


@examples(30)
@given(poolings())
def test_pooling(drawn):
    check_one_layer(drawn)


def amounts(draw, rank, low):
    """A whole number for all axes, one for each, or two for each: before and after."""
    one, each, pairs = (
        draw(st.integers(low, 2)),
        sizes(draw, rank, low, 2),
        tuple(sizes(draw, 2, low, 2) for _ in range(rank)),
    )
    if rank == 1:
        return draw(st.sampled_from([one, pairs[0]]))
    return draw(st.sampled_from([one, each, pairs]))


@st.composite
def paddings(draw):
    kind = draw(st.sampled_from(["ZeroPadding", "Cropping", "UpSampling"]))
    rank = draw(st.integers(1, 3))
    name = f"{kind}{rank}D"
    space = sizes(draw, rank, 5, 6)
    config = {}
    if kind == "ZeroPadding":
        config["padding"] = amounts(draw, rank, 0)
    elif kind == "Cropping":
        config["cropping"] = amounts(draw, rank, 0)
    else:
        config["size"] = draw(st.integers(1, 3)) if rank == 1 else sizes(draw, rank, 1, 3)
    if name not in ("Cropping1D", "UpSampling1D"):
        config["data_format"] = draw(DATA_FORMATS)
    if name == "UpSampling2D":
        config["interpolation"] = draw(st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]))
    return {
        "engine": draw(ENGINES),
        "layer": name,
        "config": config,
        "shape": shape_of(draw, space, draw(st.sampled_from([2, 3, 8])), config.get("data_format", "channels_last")),
    }


@examples(25)
@given(paddings())
def test_padding(drawn):
    check_one_layer(drawn)


@st.composite
def normalizations(draw):
    name = draw(
        st.sampled_from(
            ["BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"]
        )
    )
    shape = draw(st.sampled_from([(4, 6), (3, 4, 6), (2, 3, 4, 6), (2, 3, 2, 4, 8)]))
    rank = len(shape)
    one = draw(st.sampled_from([-1, *range(1, rank)]))
    several = sorted(draw(st.sets(st.integers(1, rank - 1), min_size=1)))
    config = {"axis": one}
    if name in ("LayerNormalization", "UnitNormalization"):
        config["axis"] = draw(st.sampled_from([one, several, [axis - rank for axis in several]]))
    if name == "RMSNormalization":
        config["axis"] = draw(
            st.sampled_from([-1, rank - 1, list(range(draw(st.integers(1, rank - 1)), rank))])
        )  # Keras' scale is that of the last axes
    if name in ("BatchNormalization", "LayerNormalization", "GroupNormalization"):
        config.update(center=draw(CHOICE), scale=draw(CHOICE))
    if name == "GroupNormalization":
        config["groups"] = draw(st.sampled_from([-1, *(count for count in (1, 2, 3, 4) if shape[one] % count == 0)]))
    if name == "BatchNormalization":
        config["momentum"] = draw(st.sampled_from([0.5, 0.99]))
    if name != "UnitNormalization":
        config["epsilon"] = draw(
            st.sampled_from([1e-3, 1e-2, 0.1])
        )  # less, and the gradient for two numbers that are close is rounding
    drawn = {"engine": draw(ENGINES), "layer": name, "config": config, "shape": shape}
    if name == "BatchNormalization" and rank == 3 and one in (-1, 2) and draw(CHOICE):
        drawn["mask"] = draw(masks(shape[0], shape[1]))
    return drawn


@examples(30)
@given(normalizations())
def test_normalization(drawn):
    check_one_layer(drawn)


STEPS = (3, 4, 3)
VIDEOS = {1: (2, 3, 5, 2), 2: (2, 3, 5, 4, 2)}


def recurrent_masks(rows, steps):
    """Among them rows that are masked altogether."""
    row = st.sampled_from([[True] * steps, [False] * steps]) | st.lists(CHOICE, min_size=steps, max_size=steps)
    return st.lists(row, min_size=rows, max_size=rows)


@st.composite
def cells(draw, kind, units):
    config = {
        "units": units,
        "use_bias": draw(CHOICE),
        "activation": draw(st.sampled_from(["tanh", "tanh", "relu", "softsign", None])),
    }
    if kind != "SimpleRNN":
        config["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid", "tanh"]))
    if kind == "LSTM":
        config["unit_forget_bias"] = draw(CHOICE)
    if kind == "GRU":
        config["reset_after"] = draw(CHOICE)
    return config


KINDS = st.sampled_from(["SimpleRNN", "LSTM", "GRU"])


@st.composite
def recurrences(draw, nested=False):
    """A layer over a built-in cell, or over one or several cells; `nested` in Bidirectional, which chooses the
    direction."""
    config = {
        "return_sequences": draw(CHOICE),
        "return_state": draw(CHOICE),
        "unroll": draw(CHOICE),
        "zero_output_for_mask": draw(CHOICE),
    }
    if not nested:
        config["go_backwards"] = draw(CHOICE)
    name = draw(st.sampled_from(["SimpleRNN", "LSTM", "LSTM", "GRU", "GRU", "RNN", "StackedRNNCells"]))
    if name in ("RNN", "StackedRNNCells"):
        kinds = draw(st.lists(KINDS, min_size=1, max_size=1 if name == "RNN" else 3))
        return {
            "layer": name,
            "cells": [[f"{kind}Cell", draw(cells(kind, draw(st.integers(3, 5))))] for kind in kinds],
            "config": config,
        }
    return {"layer": name, "config": {**draw(cells(name, 4)), **config}}


@st.composite
def recurrent_layers(draw):
    name = draw(st.sampled_from(["plain", "plain", "Bidirectional", "TimeDistributed", "ConvLSTM"]))
    drawn = {"engine": draw(ENGINES)}
    if name == "plain":
        drawn.update(draw(recurrences()))
    elif name == "Bidirectional":
        drawn.update(
            layer=name,
            config={"merge_mode": draw(st.sampled_from(["concat", "sum", "mul", "ave", None]))},
            inner=draw(recurrences(nested=True)),
        )
    elif name == "TimeDistributed":
        inner = draw(
            st.sampled_from(
                [
                    ("Dense", {"units": 4, "activation": "tanh"}),
                    ("LayerNormalization", {}),
                    ("BatchNormalization", {}),
                    ("Conv1D", {"filters": 2, "kernel_size": 2}),
                    ("LSTM", {"units": 3}),
                ]
            )
        )
        drawn.update(layer=name, config={}, inner={"layer": inner[0], "config": inner[1]})
    else:
        return draw(convolutional_recurrences(drawn))
    drawn["shape"] = (
        (3, 4, 5, 2) if name == "TimeDistributed" and drawn["inner"]["layer"] in ("Conv1D", "LSTM") else STEPS
    )
    nested = (
        name == "TimeDistributed" and drawn["inner"]["layer"] == "LSTM"
    )  # which Keras gives a mask of rows, and then fails
    drawn["mask"] = None if nested else draw(st.none() | recurrent_masks(3, 4))
    drawn["masking"] = drawn["mask"] is not None and draw(CHOICE)
    return drawn


@st.composite
def convolutional_recurrences(draw, drawn):
    rank = draw(st.integers(1, 2))
    stretched = draw(st.sampled_from([None, "strides", "dilation_rate"]))
    largest = 2 if stretched == "dilation_rate" else 3  # of which the images have room
    config = {
        "filters": 2,
        "kernel_size": sizes(draw, rank, 1, largest),
        "padding": draw(st.sampled_from(["valid", "same"])),
        "use_bias": draw(CHOICE),
        "activation": draw(st.sampled_from(["tanh", "relu"])),
        "return_sequences": draw(CHOICE),
        "return_state": draw(CHOICE),
        "unroll": draw(CHOICE),
        "go_backwards": draw(CHOICE),
    }
    if stretched:
        config[stretched] = sizes(draw, rank, 1, 2)
    # Keras on JAX broadcasts masks over images only where the loop is unrolled.
    mask = draw(st.none() | recurrent_masks(2, 3)) if config["unroll"] else None
    return {
        **drawn,
        "layer": f"ConvLSTM{rank}D",
        "config": config,
        "shape": VIDEOS[rank],
        "mask": mask,
        "masking": False,
    }


def recurrent_layer(k, drawn):
    name, config = drawn["layer"], drawn["config"]
    if "cells" in drawn:
        made = [getattr(k.layers, cell)(**options) for cell, options in drawn["cells"]]
        return k.layers.RNN(k.layers.StackedRNNCells(made) if name == "StackedRNNCells" else made[0], **config)
    if "inner" in drawn:
        return getattr(k.layers, name)(recurrent_layer(k, drawn["inner"]), **config)
    return getattr(k.layers, name)(**config)


@examples(45)
@given(recurrent_layers())
def test_recurrence(drawn):
    note(f"configuration: {drawn}")
    shape = drawn["shape"]
    inputs = [array(shape)]
    mask = None if drawn["mask"] is None else np.array(drawn["mask"], bool)
    if drawn["masking"]:
        inputs[0][~mask] = 0
    elif mask is not None:
        inputs.append(mask)

    def build(k):
        x = k.Input(shape[1:])
        layer = recurrent_layer(k, drawn)
        if drawn["masking"]:
            return k.Model(x, layer(k.layers.Masking()(x)))
        if mask is None:
            return k.Model(x, layer(x))
        m = k.Input(shape[1:2], dtype="bool")
        return k.Model([x, m], layer(x, mask=m))

    check_configuration(drawn["engine"], build, inputs)


QUERY, VALUE = (2, 4, 6), (2, 5, 6)


@st.composite
def attentions(draw):
    name = draw(
        st.sampled_from(
            ["Attention", "AdditiveAttention", "MultiHeadAttention", "MultiHeadAttention", "GroupQueryAttention"]
        )
    )
    call = {"use_causal_mask": draw(CHOICE), "return_attention_scores": draw(CHOICE)}
    drawn = {
        "engine": draw(ENGINES),
        "layer": name,
        "call": call,
        "key": draw(CHOICE),
        "query_mask": None,
        "value_mask": draw(st.none() | recurrent_masks(2, 5)),
        "attention_mask": None,
    }
    if name in ("Attention", "AdditiveAttention"):
        drawn["config"] = {"use_scale": draw(CHOICE)}
        if name == "Attention":
            drawn["config"]["score_mode"] = draw(st.sampled_from(["dot", "concat"]))
        drawn["query_mask"] = draw(st.none() | recurrent_masks(2, 4))
        return drawn
    config = {
        "use_bias": draw(CHOICE),
        "use_gate": draw(CHOICE),
        "sliding_window": draw(st.sampled_from([None, None, 1, 2, 3])),
    }
    if name == "MultiHeadAttention":
        config.update(
            num_heads=draw(st.integers(1, 3)),
            key_dim=draw(st.integers(2, 4)),
            output_shape=draw(st.sampled_from([None, 3, (2, 3)])),
        )
        # Keras' attention on JAX takes values only of the keys' size, but for the way that returns the weights.
        if call["return_attention_scores"]:
            config["value_dim"] = draw(st.integers(2, 4))
    else:
        key_heads, times = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        config.update(
            head_dim=draw(st.integers(2, 4)), num_key_value_heads=key_heads, num_query_heads=key_heads * times
        )
        drawn["query_mask"] = draw(st.none() | recurrent_masks(2, 4))
    drawn["config"] = config
    drawn["attention_mask"] = draw(st.none() | st.lists(recurrent_masks(4, 5), min_size=2, max_size=2))
    return drawn


@examples(30)
@given(attentions())
def test_attention(drawn):
    note(f"configuration: {drawn}")
    name, call = drawn["layer"], drawn["call"]
    names = [kind for kind in ("query_mask", "value_mask", "attention_mask") if drawn[kind] is not None]
    inputs = [
        array(QUERY),
        array(VALUE, 1),
        *([array(VALUE, 2)] if drawn["key"] else []),
        *(np.array(drawn[kind], bool) for kind in names),
    ]

    def build(k):
        symbols = [k.Input(one.shape[1:], dtype=str(one.dtype)) for one in inputs]
        numbers = symbols[: len(symbols) - len(names)]
        given_masks = dict(zip(names, symbols[len(numbers) :]))
        layer = getattr(k.layers, name)(**drawn["config"])
        if "num_heads" in drawn["config"] or "head_dim" in drawn["config"]:
            return k.Model(symbols, layer(*numbers, **given_masks, **call))
        mask = [given_masks.get("query_mask"), given_masks.get("value_mask")] if names else None
        return k.Model(symbols, layer(numbers, mask=mask, **call))

    check_configuration(drawn["engine"], build, inputs)
