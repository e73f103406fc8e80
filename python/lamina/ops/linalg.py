"""keras.ops.linalg: the ops of Keras' module of that name."""

from lamina import _lamina, ops
from lamina._core.public import public_module


def _names():
    plain = [n for n in _lamina.op_names() if "." not in n]
    return [n for n in plain if _lamina.find_op(n).class_module == "keras.src.ops.linalg"]


_DEFINED_IN_PYTHON = ("eig", "jvp")
__getattr__, __dir__ = public_module(
    __name__, find=lambda name: getattr(ops, name, None), known=lambda: [*_names(), *_DEFINED_IN_PYTHON]
)
