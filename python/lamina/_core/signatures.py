"""Signatures of built-in classes as Keras writes them: what they list of the arguments that all of the kind take, and
what they leave to **kwargs."""

import inspect

_RECURRENT = ("SimpleRNN", "GRU", "LSTM", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_POOLING = tuple(f"{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3))
_SPATIAL_DROPOUT = tuple(f"SpatialDropout{n}D" for n in (1, 2, 3))
_CONVOLUTIONS = (
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
)

# Layers that list the argument of every layer, behind bias_regularizer.
_ACTIVITY_REGULARIZER = {"Dense", "MultiHeadAttention", "GroupQueryAttention", *_CONVOLUTIONS, *_RECURRENT}
# Layers whose last listed arguments are these of every layer.
_LAST = {**dict.fromkeys((*_POOLING, "InputLayer"), ("name",)), **dict.fromkeys(_SPATIAL_DROPOUT, ("name", "dtype"))}
# Arguments that come last in Keras' list and stand further in front in configs.
_BEHIND = {"SimpleRNN": "seed"}
# Arguments that Keras takes by **kwargs.
_UNLISTED = {
    **dict.fromkeys(("SimpleRNN", "GRU", "LSTM", "GRUCell", "LSTMCell"), {"implementation", "zero_output_for_mask"}),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), {"unroll", "zero_output_for_mask"}),
    "AdditiveAttention": {"seed"},
    "LayerNormalization": {"rms_scaling"},
    "LeakyReLU": {"alpha"},
    "LambdaCallback": {
        f"on_{what}_{when}" for what in ("test", "test_batch", "predict", "predict_batch") for when in ("begin", "end")
    },
    "ReversibleEmbedding": {"weights", "lora_rank", "lora_alpha", "quantization_config"},
}


def signature_of(name, base, fields):
    """The signature of a class made from its description.

    Args:
        name: of the class.
        base: the name of its kind's Python base.
        fields: (name, default, required) of each argument, in order.
    """
    P = inspect.Parameter
    unlisted = _UNLISTED.get(name, ())
    parameters = [
        P(n, P.POSITIONAL_OR_KEYWORD) if required else P(n, P.POSITIONAL_OR_KEYWORD, default=default)
        for n, default, required in fields
        if n not in unlisted
    ]
    parameters.sort(key=lambda p: p.default is not P.empty)
    if base == "Layer" and name in _ACTIVITY_REGULARIZER:
        place = next(i for i, p in enumerate(parameters) if p.name == "bias_regularizer")
        parameters.insert(place + 1, P("activity_regularizer", P.POSITIONAL_OR_KEYWORD, default=None))
    parameters.sort(key=lambda p: p.name == _BEHIND.get(name))
    if base == "Layer":
        parameters += [P(n, P.POSITIONAL_OR_KEYWORD, default=None) for n in _LAST.get(name, ())]
    if (
        base == "Optimizer"
        or name in ("MeanMetricWrapper", "LambdaCallback")
        or base == "Layer"
        and name not in _SPATIAL_DROPOUT
    ):
        parameters.append(P("kwargs", P.VAR_KEYWORD))
    return inspect.Signature(parameters)
