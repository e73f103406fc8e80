"""keras.legacy."""

from lamina._core.public import public_module


def _of_keras_2(name):
    """keras.src.legacy has it, keras.legacy does not."""
    if name != "preprocessing":
        return None
    from lamina.legacy import preprocessing

    return preprocessing


__getattr__, __dir__ = public_module(__name__, modules=("saving",), find=_of_keras_2)
