"""One object of every public class, made alike by a library `k`: Keras or Lamina. Layers are built if they can be."""

import numpy as np

BY_RANK = {1: (2, 6, 4), 2: (2, 6, 6, 4), 3: (2, 6, 6, 6, 4)}
SEQUENCE = (2, 5, 4)

# Layer -> (its arguments, the shape of its input or a list of them; None: it is not built).
LAYERS = {
    "Activation": (("relu",), SEQUENCE),
    "ActivityRegularization": ((0.1, 0.2), SEQUENCE),
    "Add": ((), [SEQUENCE, SEQUENCE]),
    "AdditiveAttention": ((), [SEQUENCE, SEQUENCE]),
    "AlphaDropout": ((0.2, (None, 1)), SEQUENCE),
    "Attention": ((), [SEQUENCE, SEQUENCE]),
    "AugMix": ((), (2, 6, 6, 3)),
    "AutoContrast": ((), BY_RANK[2]),
    "Average": ((), [SEQUENCE, SEQUENCE]),
    "BatchNormalization": ((), SEQUENCE),
    "CategoryEncoding": ((4,), (2, 5)),
    "CenterCrop": ((3, 3), BY_RANK[2]),
    "Concatenate": ((), [SEQUENCE, SEQUENCE]),
    "ContrastLimitedAdaptiveHistogramEqualization": (((0, 255), 4.0, (2, 2)), BY_RANK[2]),
    "CutMix": ((), BY_RANK[2]),
    "Dense": ((3,), SEQUENCE),
    "Discretization": (([0.0, 1.0],), SEQUENCE),
    "Dot": ((2,), [SEQUENCE, SEQUENCE]),
    "Dropout": ((0.2, (None, 1, None)), SEQUENCE),
    "ELU": ((), SEQUENCE),
    "EinsumDense": (("abc,cd->abd", (None, 7), None, "d"), SEQUENCE),
    "Embedding": ((9, 3), (2, 5)),
    "Equalization": ((), BY_RANK[2]),
    "Flatten": ((), SEQUENCE),
    "GRU": ((3,), SEQUENCE),
    "GRUCell": ((3,), (2, 4)),
    "GaussianDropout": ((0.2,), SEQUENCE),
    "GaussianNoise": ((0.2,), SEQUENCE),
    "GroupNormalization": ((2,), SEQUENCE),
    "Identity": ((), SEQUENCE),
    "LSTM": ((3,), SEQUENCE),
    "LSTMCell": ((3,), (2, 4)),
    "LayerNormalization": ((), SEQUENCE),
    "LeakyReLU": ((), SEQUENCE),
    "Masking": ((), SEQUENCE),
    "MaxNumBoundingBoxes": ((2,), BY_RANK[2]),
    "Maximum": ((), [SEQUENCE, SEQUENCE]),
    "MelSpectrogram": ((64, 16), (2, 200)),
    "Minimum": ((), [SEQUENCE, SEQUENCE]),
    "MixUp": ((), BY_RANK[2]),
    "Multiply": ((), [SEQUENCE, SEQUENCE]),
    "Normalization": ((), SEQUENCE),
    "PReLU": ((), SEQUENCE),
    "Permute": (((2, 1),), SEQUENCE),
    "RMSNormalization": ((), SEQUENCE),
    "RandAugment": ((), (2, 6, 6, 3)),
    "RandomBrightness": ((0.2,), BY_RANK[2]),
    "RandomColorDegeneration": ((0.2,), (2, 6, 6, 3)),
    "RandomColorJitter": (((0, 255), 0.2, 0.2, 0.2, 0.2), (2, 6, 6, 3)),
    "RandomContrast": ((0.2,), BY_RANK[2]),
    "RandomCrop": ((3, 3), BY_RANK[2]),
    "RandomElasticTransform": ((), BY_RANK[2]),
    "RandomErasing": ((), BY_RANK[2]),
    "RandomFlip": ((), BY_RANK[2]),
    "RandomGaussianBlur": ((), BY_RANK[2]),
    "RandomGrayscale": ((), (2, 6, 6, 3)),
    "RandomHue": ((0.2,), (2, 6, 6, 3)),
    "RandomInvert": ((), BY_RANK[2]),
    "RandomPerspective": ((), BY_RANK[2]),
    "RandomPosterization": ((4,), BY_RANK[2]),
    "RandomRotation": ((0.2,), BY_RANK[2]),
    "RandomSaturation": ((0.2,), (2, 6, 6, 3)),
    "RandomSharpness": ((0.2,), BY_RANK[2]),
    "RandomShear": ((0.2, 0.2), BY_RANK[2]),
    "RandomTranslation": ((0.2, 0.2), BY_RANK[2]),
    "RandomZoom": ((0.2,), BY_RANK[2]),
    "ReLU": ((), SEQUENCE),
    "RepeatVector": ((3,), (2, 4)),
    "Rescaling": ((2.0, 1.0), SEQUENCE),
    "Reshape": (((4, 5),), SEQUENCE),
    "Resizing": ((3, 3), BY_RANK[2]),
    "ReversibleEmbedding": ((9, 3), (2, 5)),
    "STFTSpectrogram": (("log", 16), (2, 64, 2)),
    "SimpleRNN": ((3,), SEQUENCE),
    "SimpleRNNCell": ((3,), (2, 4)),
    "Softmax": ((), SEQUENCE),
    "Solarization": ((0.2, 0.2), BY_RANK[2]),
    "SpatialDropout1D": ((0.2,), SEQUENCE),
    "SpatialDropout2D": ((0.2,), BY_RANK[2]),
    "SpatialDropout3D": ((0.2,), BY_RANK[3]),
    "Subtract": ((), [SEQUENCE, SEQUENCE]),
    "UnitNormalization": ((), SEQUENCE),
    "ZeroPadding1D": ((), BY_RANK[1]),
}
for _n, _shape in BY_RANK.items():
    LAYERS.update(
        {
            f"Conv{_n}D": ((4, 2), _shape),
            f"Conv{_n}DTranspose": ((4, 2), _shape),
            f"MaxPooling{_n}D": ((), _shape),
            f"AveragePooling{_n}D": ((2,), _shape),
        }
    )
    LAYERS.update(
        {
            f"GlobalMaxPooling{_n}D": ((), _shape),
            f"GlobalAveragePooling{_n}D": ((), _shape),
            f"UpSampling{_n}D": ((), _shape),
            f"Cropping{_n}D": ((), _shape),
        }
    )
    LAYERS.update(
        {
            f"ZeroPadding{_n}D": ((), _shape),
            f"ConvLSTM{_n}D": ((3, 2), (2, 3, *_shape[1:])),
            f"AdaptiveAveragePooling{_n}D": ((2,), _shape),
            f"AdaptiveMaxPooling{_n}D": ((2,), _shape),
        }
    )
    if _n < 3:
        LAYERS.update({f"DepthwiseConv{_n}D": ((2,), _shape), f"SeparableConv{_n}D": ((4, 2), _shape)})


def _called(make):
    """The layer after a call with two sequences."""

    def called(k):
        made = make(k)
        made(np.ones(SEQUENCE, "float32"), np.ones(SEQUENCE, "float32"))
        return made

    return called


# Layers made of others or called in another way: a function of the library and the shape.
MADE = {
    "Bidirectional": (lambda k: k.layers.Bidirectional(k.layers.LSTM(3)), SEQUENCE),
    "GroupQueryAttention": (_called(lambda k: k.layers.GroupQueryAttention(3, 4, 2)), None),
    "MultiHeadAttention": (_called(lambda k: k.layers.MultiHeadAttention(2, 3)), None),
    "InputLayer": (lambda k: k.layers.InputLayer((3,)), None),
    "Lambda": (lambda k: k.layers.Lambda(_twice), SEQUENCE),
    "RNN": (lambda k: k.layers.RNN(k.layers.GRUCell(3)), SEQUENCE),
    "Pipeline": (lambda k: k.layers.Pipeline([k.layers.RandomFlip(), k.layers.Rescaling(0.5)]), BY_RANK[2]),
    "SpectralNormalization": (lambda k: k.layers.SpectralNormalization(k.layers.Dense(3)), SEQUENCE),
    "StackedRNNCells": (lambda k: k.layers.StackedRNNCells([k.layers.GRUCell(3), k.layers.LSTMCell(2)]), (2, 4)),
    "TimeDistributed": (lambda k: k.layers.TimeDistributed(k.layers.Dense(3)), SEQUENCE),
    "Layer": (lambda k: k.layers.Layer(), None),
    "Wrapper": (lambda k: k.layers.Wrapper(k.layers.Dense(3)), SEQUENCE),
}


# Layers that Keras makes where TensorFlow is installed alone, and arguments of theirs.
NEED_TENSORFLOW = {
    "HashedCrossing": (3,),
    "Hashing": (3,),
    "IntegerLookup": (),
    "StringLookup": (),
    "TextVectorization": (),
}


def _twice(x):
    return x * 2


def layer(k, name):
    if name in MADE:
        make, shape = MADE[name]
        made = make(k)
    else:
        arguments, shape = LAYERS[name]
        made = getattr(k.layers, name)(*arguments)
    if isinstance(shape, list):
        made([np.ones(s, "float32") for s in shape])
    elif shape is not None and not made.built:
        made.build(shape)
    return made


def _functional(k):
    x = k.Input((4,))
    model = k.Model(x, k.layers.Dense(3)(x))
    model.compile("sgd", "mse")
    return model


def _sequential(k):
    return k.Sequential([k.Input((4,)), k.layers.Dense(3)])


MODELS = {"Model": _functional, "Sequential": _sequential}

# Arguments of the classes that need some, by module.
ARGUMENTS = {
    "losses": {"LossFunctionWrapper": None, "Loss": None},
    "metrics": {
        "MeanMetricWrapper": lambda k: (k.losses.mean_squared_error,),
        "IoU": (2, [0]),
        "BinaryIoU": (),
        "MeanIoU": (2,),
        "OneHotIoU": (2, [0]),
        "OneHotMeanIoU": (2,),
        "PrecisionAtRecall": (0.5,),
        "RecallAtPrecision": (0.5,),
        "SensitivityAtSpecificity": (0.5,),
        "SpecificityAtSensitivity": (0.5,),
        "MeanRelativeError": ([1.0],),
        "Metric": None,
    },
    "optimizers": {
        "LossScaleOptimizer": lambda k: (k.optimizers.SGD(),),
        "MultiOptimizer": None,
        "OptimizerMap": None,
        "Optimizer": None,
        "DistributedEmbeddingOptimizer": None,
    },
    "optimizers.schedules": {
        "ExponentialDecay": (0.1, 10, 0.9),
        "PiecewiseConstantDecay": ([1, 2], [1.0, 0.5, 0.1]),
        "PolynomialDecay": (0.1, 10),
        "InverseTimeDecay": (0.1, 10, 0.9),
        "CosineDecay": (0.1, 10),
        "CosineDecayRestarts": (0.1, 10),
        "LearningRateSchedule": None,
    },
    "initializers": {"Constant": (2.0,), "Identity": (), "Initializer": None},
    "regularizers": {"Regularizer": None},
    "constraints": {"Constraint": None},
    "callbacks": {
        "LearningRateScheduler": lambda k: (abs,),
        "ModelCheckpoint": ("a.keras",),
        "CallbackList": None,
        "BackupAndRestore": ("folder",),
        "CSVLogger": ("log.csv",),
        "RemoteMonitor": (),
        "SwapEMAWeights": (),
        "OrbaxCheckpoint": None,
        "Callback": None,
    },
    "quantizers": {"AWQConfig": (["a text"], None), "GPTQConfig": (["a text"], None)},
    "dtype_policies": {
        "DTypePolicy": ("mixed_float16",),
        "DTypePolicyMap": (),
        "QuantizedDTypePolicy": ("int8", "float32"),
        "QuantizedFloat8DTypePolicy": ("float8", "float32"),
        "Int4DTypePolicy": ("int4/64", "float32"),
        "GPTQDTypePolicy": ("gptq/4/64", "float32"),
        "AWQDTypePolicy": ("awq/4/64", "float32"),
        "FloatDTypePolicy": ("mixed_float16",),
    },
}


def classes(keras, lamina, module):
    """Names of the classes of a module that both libraries have."""
    theirs, mine = keras, lamina
    for part in module.split("."):
        theirs, mine = getattr(theirs, part), getattr(mine, part)
    return sorted(
        n
        for n in dir(theirs)
        if n[0].isupper()
        and isinstance(getattr(theirs, n), type)
        and isinstance(getattr(mine, n, None), type)
        and ARGUMENTS[module].get(n, ()) is not None
    )


def other(k, module, name):
    home = k
    for part in module.split("."):
        home = getattr(home, part)
    arguments = ARGUMENTS[module].get(name, ())
    return getattr(home, name)(*(arguments(k) if callable(arguments) else arguments))
