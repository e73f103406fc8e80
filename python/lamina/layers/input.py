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
    """A symbolic tensor to start a functional model from. `shape` is that of one sample; None entries are unknown
    sizes.

    `dtype` is a name, Python's or NumPy's type, or an object with a name: a dtype of TensorFlow or JAX.
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
