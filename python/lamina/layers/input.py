"""Input: where functional models start."""

from lamina import _lamina
from lamina._core.public import publish
from lamina._core.values.plain import plain


def Input(
    shape=None,
    batch_size=None,
    dtype=None,
    sparse=None,
    ragged=None,
    batch_shape=None,
    name=None,
    tensor=None,
    optional=False,
):
    """A symbolic tensor to start a functional model from.

    Args:
        shape: that of one sample; None entries are unknown sizes.
        batch_size: the first axis, in front of `shape`; unknown by default.
        dtype: a name, Python's or NumPy's type, or an object with a name (a dtype of TensorFlow or JAX); floatx by
            default.
        sparse: only False.
        ragged: only False.
        batch_shape: shape and batch size in one.
        name: that of the input; made from "input_layer" by default.
        tensor: a KerasTensor to take shape and dtype from.
        optional: whether the model may be given None for it.

    Returns:
        A KerasTensor.

    Raises:
        ValueError: for shapes that contradict each other.
    """
    if dtype is not None and not isinstance(dtype, (str, type)) and isinstance(getattr(dtype, "name", None), str):
        dtype = dtype.name
    config = {"sparse": bool(sparse), "ragged": bool(ragged), "optional": optional}
    for key, value in (
        ("shape", shape),
        ("batch_size", batch_size),
        ("dtype", dtype),
        ("batch_shape", batch_shape),
        ("name", name),
        ("input_tensor", tensor),
    ):
        if value is not None:
            config[key] = value
    return _lamina.make_input(plain(config))


publish("lamina.layers", Input)
