"""Symbolic tensors: where they come from, and what functions give for them."""

from collections import namedtuple

from lamina import _lamina
from lamina._core.public import publish
from lamina._core.values.structures import map_structure

KerasHistory = namedtuple("KerasHistory", ["operation", "node_index", "tensor_index"])


def is_keras_tensor(x):
    """Whether x is a symbolic tensor.

    Args:
        x: anything.
    """
    return isinstance(x, _lamina.KerasTensor)


def get_source_inputs(tensor):
    """The Input tensors that a symbolic tensor depends on.

    Args:
        tensor: a KerasTensor.

    Returns:
        A list of KerasTensors, each once.
    """
    h = tensor._keras_history
    inputs = h.operation._node_inputs(h.node_index)
    if not inputs:
        return [tensor]
    out = []
    for t in inputs:
        for s in get_source_inputs(t):
            if not any(s._same(o) for o in out):
                out.append(s)
    return out


def compute_output_spec(fn, *args, **kwargs):
    """What fn gives for symbolic arguments, as KerasTensors without history; runs nothing."""

    def plain(x):
        return _lamina.KerasTensor(x.shape, x.dtype, record_history=False) if isinstance(x, _lamina.TensorBase) else x

    args, kwargs = map_structure(plain, (args, kwargs))
    out = fn(*args, **kwargs)
    return map_structure(plain, out)


publish("lamina.utils", get_source_inputs, is_keras_tensor)
