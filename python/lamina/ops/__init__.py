"""keras.ops: every public op of the C++ vocabulary, by name."""

from lamina import _lamina
from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        **dict.fromkeys(
            ("convert_to_numpy", "dtype", "eig", "is_tensor", "vectorize", "view"), "lamina.ops.python_ops"
        ),
        **dict.fromkeys(("custom_gradient", "jvp"), "lamina.ops.functions"),
    },
    modules=("image", "linalg", "nn", "numpy"),
    find=_lamina.find_op,
    known=lambda: [n for n in _lamina.op_names() if "." not in n],
)
