"""keras.applications.imagenet_utils: what models that were trained on ImageNet expect, and what they say."""

import numpy as np

from lamina import _lamina
from lamina._core.public import public_module, publish
from lamina.applications._published import fetch


def preprocess(x, data_format, mode):
    """preprocess_input() with a mode that is known."""
    data_format = "" if data_format is None else data_format
    if not isinstance(x, np.ndarray):
        return _lamina.preprocess_input(x, mode, data_format)
    if not issubclass(x.dtype.type, np.floating):
        x = x.astype(_lamina.floatx())
    result = np.asarray(_lamina.preprocess_input(x, mode, data_format))
    if not x.flags.writeable:
        return result
    # As Keras has it: in the array itself, whose channels are reversed by a view.
    out = x
    if mode == "caffe":
        out = np.flip(x, -3 if (data_format or _lamina.image_data_format()) == "channels_first" else -1)
    out[...] = result
    return out


def preprocess_input(x, data_format=None, mode="caffe"):
    """Images as models that were trained on ImageNet expect them.

    Args:
        x: an image or a batch of them with values from 0 to 255: an array, which gets the result itself where it is
            floating, a tensor or a KerasTensor.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.
        mode: "caffe" for BGR less the mean of each channel over ImageNet, "tf" for values from -1 to 1, "torch" for
            values from 0 to 1 that are normalised by ImageNet's statistics.

    Returns:
        Images of the same kind.

    Raises:
        ValueError: for another mode or data format.
    """
    if mode not in ("caffe", "tf", "torch"):
        raise ValueError(f"Expected mode to be one of `caffe`, `tf` or `torch`. Received: mode={mode}")
    return preprocess(x, data_format, mode)


def decode_predictions(preds, top=5):
    """What a model's predictions for ImageNet's 1000 classes say.

    Args:
        preds: predictions of shape (samples, 1000): an array or a tensor.
        top: how many classes to name for each sample.

    Returns:
        For each sample a list of (class id, class name, score), the likeliest class first.

    Raises:
        ValueError: for predictions of another shape.
        Exception: if the file of class names is neither in the cache nor can be downloaded; it says where to put it.
    """
    preds = np.asarray(preds)
    named = _lamina.decode_predictions(preds, top, fetch)
    return [[(*what, row[index]) for *what, index in classes] for row, classes in zip(preds, named)]


publish("lamina.applications.imagenet_utils", preprocess_input, decode_predictions)

__getattr__, __dir__ = public_module(__name__, defined=("decode_predictions", "preprocess_input"))
