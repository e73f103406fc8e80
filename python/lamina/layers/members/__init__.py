"""What built-in layers have in Python beyond their C++ description, by class."""

from lamina import _lamina
from lamina.layers.members import (
    attention,
    audio,
    convolution,
    image,
    lambda_layer,
    lora,
    normalization,
    pipeline,
    recurrence,
    text,
)
from lamina.layers.members.reading import Reading, constant

_DRAWING = (
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "LSTMCell",
    "GRUCell",
    "SimpleRNNCell",
)
_SEED = {
    "seed_generator": Reading(
        lambda layer: next(iter(layer._seeds()), None),
        "Where the layer's random numbers come from; None if it draws none.",
    ),
}

MEMBERS = {
    **dict.fromkeys(_DRAWING, _SEED),
    "SpectralNormalization": {
        "layer": property(lambda self: self._sublayers()[0], doc="The layer whose weights are normalized."),
        "from_config": recurrence.MEMBERS["TimeDistributed"]["from_config"],
    },
    **{
        f"SpatialDropout{n}D": {
            **_SEED,
            "noise_shape": constant(None, "None: the layer makes its own from the shape of its inputs."),
        }
        for n in (1, 2, 3)
    },
    "InputLayer": {
        "output": property(
            lambda self: _lamina.input_layer_output(self), doc="The symbolic tensor that it stands for."
        ),
        "input": property(lambda self: _lamina.input_layer_output(self), doc="The same as `output`."),
        "batch_shape": property(
            lambda self: _lamina.input_layer_shape(self), doc="The shape with the batch's axis in front."
        ),
        "dtype": property(lambda self: _lamina.input_layer_output(self).dtype, doc="The input's dtype, by name."),
    },
}
for _file in (attention, audio, convolution, image, lambda_layer, lora, normalization, pipeline, recurrence, text):
    for _name, _members in _file.MEMBERS.items():
        MEMBERS[_name] = {**MEMBERS.get(_name, {}), **_members}
