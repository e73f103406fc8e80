"""Which class is a subclass of which, where Keras' users rely on it: `isinstance(layer, keras.layers.RNN)` for an
LSTM."""

from lamina import _lamina

# Built-in classes whose direct base in Keras is another built-in class, by registry module.
PARENTS = {
    "keras.layers": {
        "SimpleRNN": "RNN",
        "LSTM": "RNN",
        "GRU": "RNN",
        "ConvLSTM1D": "RNN",
        "ConvLSTM2D": "RNN",
        "ConvLSTM3D": "RNN",
        "SpatialDropout1D": "Dropout",
        "SpatialDropout2D": "Dropout",
        "SpatialDropout3D": "Dropout",
        "AdditiveAttention": "Attention",
        "ReversibleEmbedding": "Embedding",
    },
    "keras.initializers": dict.fromkeys(
        ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"), "VarianceScaling"
    ),
    "keras.metrics": {
        "MeanMetricWrapper": "Mean",
        "BinaryIoU": "IoU",
        "MeanIoU": "IoU",
        "OneHotIoU": "IoU",
        "OneHotMeanIoU": "MeanIoU",
        "F1Score": "FBetaScore",
        **dict.fromkeys(
            (
                "Accuracy",
                "BinaryAccuracy",
                "CategoricalAccuracy",
                "SparseCategoricalAccuracy",
                "TopKCategoricalAccuracy",
                "SparseTopKCategoricalAccuracy",
                "BinaryCrossentropy",
                "CategoricalCrossentropy",
                "SparseCategoricalCrossentropy",
                "KLDivergence",
                "Poisson",
                "MeanSquaredError",
                "MeanAbsoluteError",
                "MeanAbsolutePercentageError",
                "MeanSquaredLogarithmicError",
                "CosineSimilarity",
                "LogCoshError",
                "Hinge",
                "SquaredHinge",
                "CategoricalHinge",
                "ConcordanceCorrelation",
                "PearsonCorrelation",
            ),
            "MeanMetricWrapper",
        ),
        "RootMeanSquaredError": "Mean",
    },
    "keras.optimizers": {"AdamW": "Adam"},
}

# Python bases of built-in classes that are not of their module's usual kind.
KINDS = {
    "keras.quantizers": dict.fromkeys(
        ("Float8QuantizationConfig", "Int4QuantizationConfig", "Int8QuantizationConfig"), "QuantizationConfig"
    )
}


def virtual_base(metaclass, holds):
    """A metaclass for classes marked `_virtual = True`: what `holds(cls, subclass)` counts as a subclass of them,
    too."""

    class VirtualBase(metaclass):
        def __subclasscheck__(cls, subclass):
            return (
                super().__subclasscheck__(subclass)
                or "_virtual" in cls.__dict__
                and isinstance(subclass, type)
                and holds(cls, subclass)
            )

        def __instancecheck__(cls, instance):
            return super().__instancecheck__(instance) or "_virtual" in cls.__dict__ and holds(cls, type(instance))

    return VirtualBase


# Everything that can be a node of a graph is an Operation: layers, models, ops.
OperationType = virtual_base(
    type(_lamina.OperationCore), lambda cls, subclass: issubclass(subclass, _lamina.OperationCore)
)


def _is_kin(cls, subclass):
    """Whether a class counts as a subclass of Layer, Model or Wrapper though it does not derive from it."""
    return cls._virtual(subclass)


class LayerType(virtual_base(type(_lamina.LayerCore), _is_kin)):
    """The class of layer classes: says what to do where an __init__() of a subclass forgets Layer's."""

    def __call__(cls, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except TypeError as e:
            if "__init__() must be called when overriding __init__" not in str(e):
                raise
            raise RuntimeError(
                f"In layer '{cls.__name__}', you forgot to call `super().__init__()` as the first statement in the "
                "`__init__()` method. Go add it!"
            ) from None
