"""keras.random."""

from lamina import _lamina
from lamina._core.public import public_module


def _names():
    return [n.removeprefix("random.") for n in _lamina.op_names() if n.startswith("random.")]


__getattr__, __dir__ = public_module(
    __name__,
    loaded={"SeedGenerator": "lamina._core.tensors.seeds"},
    find=lambda name: _lamina.find_op("random." + name),
    known=_names,
)
