"""keras.ops: every public op of the C++ vocabulary, by name."""

from lamina import _lamina
from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded=dict.fromkeys(("convert_to_numpy", "dtype", "is_tensor", "vectorize"), "lamina.ops.python_ops"),
    modules=("image", "linalg", "nn", "numpy"),
    find=_lamina.find_op,
    known=lambda: [n for n in _lamina.op_names() if "." not in n],
)
