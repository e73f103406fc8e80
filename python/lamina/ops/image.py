"""keras.ops.image: the ops of Keras' module of that name."""

from lamina import _lamina
from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    find=lambda name: _lamina.find_op("image." + name),
    known=lambda: [n.removeprefix("image.") for n in _lamina.op_names() if n.startswith("image.")],
)
