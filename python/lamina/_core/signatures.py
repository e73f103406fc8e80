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
_LAST = {
    **dict.fromkeys(
        (*_POOLING, "InputLayer", "Pipeline", "RandomCrop", "StringLookup", "IntegerLookup", "TextVectorization"),
        ("name",),
    ),
    **dict.fromkeys((*_SPATIAL_DROPOUT, "HashedCrossing"), ("name", "dtype")),
    "Discretization": ("dtype", "name"),
}
# Arguments that come last in Keras' list and stand further in front in configs.
_BEHIND = {"SimpleRNN": "seed", "StringLookup": "salt"}
# Arguments that Keras takes by **kwargs.
_UNLISTED = {
    **dict.fromkeys(
        ("SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell"),
        {"implementation", "zero_output_for_mask", "quantization_config"},
    ),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), {"unroll", "zero_output_for_mask"}),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), {"lora_rank", "lora_alpha", "quantization_config"}),
    **dict.fromkeys(
        (
            *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
            *(f"{kind}Conv{n}D" for kind in ("Depthwise", "Separable") for n in (1, 2)),
        ),
        {"quantization_config"},
    ),
    **dict.fromkeys(
        (
            *(
                "AugMix",
                "CenterCrop",
                "ContrastLimitedAdaptiveHistogramEqualization",
                "CutMix",
                "Equalization",
                "MixUp",
            ),
            *("RandAugment", "RandomColorDegeneration", "RandomColorJitter", "RandomCrop", "RandomElasticTransform"),
            *("RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert"),
            *("RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness"),
            *("RandomShear", "RandomTranslation", "RandomZoom", "Resizing"),
        ),
        {"bounding_box_format"},
    ),
    **dict.fromkeys(
        ("AutoContrast", "MaxNumBoundingBoxes", "RandomBrightness", "RandomContrast", "Solarization"),
        {"bounding_box_format", "data_format"},
    ),
    "StringLookup": {"oov_method", "vocabulary_size", "has_input_vocabulary"},
    **dict.fromkeys(("IntegerLookup", "TextVectorization"), {"vocabulary_size", "has_input_vocabulary"}),
    "AdditiveAttention": {"seed"},
    "LayerNormalization": {"rms_scaling"},
    "LeakyReLU": {"alpha"},
    "LambdaCallback": {
        f"on_{what}_{when}" for what in ("test", "test_batch", "predict", "predict_batch") for when in ("begin", "end")
    },
    "ReversibleEmbedding": {"weights", "lora_rank", "lora_alpha", "quantization_config"},
}


class ConstructorSignature:
    """What inspect.signature() says of a class. Subclasses with a constructor have its signature; of callable
    objects it is that of their call.

    Args:
        signature: of the built-in class.
        init: its constructor.
    """

    def __init__(self, signature, init):
        self._signature, self._init = signature, init

    def __get__(self, obj, owner):
        if obj is not None:
            raise AttributeError("__signature__")
        if owner.__init__ is self._init:
            return self._signature
        return own_parameters(owner.__init__)


def own_parameters(method):
    """The signature of a method without `self`.

    Args:
        method: a function of a class.
    """
    own = inspect.signature(method)
    return own.replace(parameters=list(own.parameters.values())[1:])


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
    if base == "Layer":
        parameters += [P(n, P.POSITIONAL_OR_KEYWORD, default=None) for n in _LAST.get(name, ())]
    parameters.sort(key=lambda p: p.name == _BEHIND.get(name))
    if (
        base == "Optimizer"
        or name in ("MeanMetricWrapper", "LambdaCallback")
        or base == "Layer"
        and name not in (*_SPATIAL_DROPOUT, "Discretization", "Pipeline")
    ):
        parameters.append(P("kwargs", P.VAR_KEYWORD))
    return inspect.Signature(parameters)
