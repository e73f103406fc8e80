"""What TensorFlow's tensors have beside the methods of ours, for scripts where it is not installed."""

import numpy as np

from lamina import _lamina
from lamina.as_keras.training import TensorShape, assign_part


def _bytes_of(text):
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def install():
    """Gives tensors these methods; numpy() of strings gives bytes, as TensorFlow's does."""
    base, data = _lamina.TensorBase, _lamina.Tensor
    base.get_shape = _lamina.VariableCore.get_shape = lambda self: TensorShape(self.shape)
    base.set_shape = _set_shape
    data.assign = assign_part
    array = data.numpy

    def numpy(self):
        out = array(self)
        if self.dtype != "string":
            return out
        texts = np.empty(out.shape, object)
        texts.reshape(-1)[...] = [_bytes_of(text) for text in out.flat]
        return texts if out.ndim else texts.item()

    data.numpy = numpy


def _set_shape(self, shape):
    """Says what sizes there are: they are known, and are compared."""
    if len(shape) != len(self.shape) or any(
        n is not None and m is not None and n != m for n, m in zip(shape, self.shape)
    ):
        raise ValueError(f"set_shape() was told {tuple(shape)} of a tensor of shape {tuple(self.shape)}.")
