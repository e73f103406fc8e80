"""keras.preprocessing.sequence."""

from lamina._core.public import public_module

_KERAS_2 = ("TimeseriesGenerator", "make_sampling_table", "skipgrams")


def _of_keras_2(name):
    """tf.keras.preprocessing.sequence has it, keras.preprocessing.sequence does not: it is no name that dir() shows."""
    if name not in _KERAS_2:
        return None
    from lamina.legacy.preprocessing import sequence

    return getattr(sequence, name)


__getattr__, __dir__ = public_module(__name__, loaded={"pad_sequences": "lamina.utils.arrays"}, find=_of_keras_2)
