"""Dtypes by name."""

from lamina import _lamina
from lamina._core.public import publish


def is_float_dtype(dtype):
    """Whether numbers of a dtype are floating-point.

    Args:
        dtype: a dtype or its name.
    """
    return "float" in str(dtype)


def is_int_dtype(dtype):
    """Whether numbers of a dtype are integers, with or without sign.

    Args:
        dtype: a dtype or its name.
    """
    return "int" in str(dtype)


_NAMES = {"float": "float32", "int": "int32", "double": "float64", "half": "float16"}


def result_type(*dtypes):
    """The dtype that operands of these dtypes promote to.

    Args:
        *dtypes: dtypes or their names.

    Returns:
        Its name.
    """
    return _lamina.result_type(*dtypes)


def standardize_dtype(dtype):
    """A dtype's name.

    Args:
        dtype: a name, Python's type, or a dtype of NumPy, JAX or torch; None gives floatx.

    Returns:
        A string such as "float32".

    Raises:
        ValueError: for what is no dtype.
    """
    if dtype is None:
        return _lamina.floatx()
    if dtype is float:
        return _lamina.floatx()
    if dtype is int:
        return "int32"
    if dtype is bool:
        return "bool"
    if dtype is str:
        return "string"
    if hasattr(dtype, "name"):
        dtype = dtype.name
    elif hasattr(dtype, "__name__"):
        dtype = dtype.__name__
    elif hasattr(dtype, "__str__") and ("torch" in str(dtype) or "jax" in str(dtype)):
        dtype = str(dtype).split(".")[-1]
    dtype = _NAMES.get(dtype, dtype)
    known = (
        "float16",
        "float32",
        "float64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "int8",
        "int16",
        "int32",
        "int64",
        "bfloat16",
        "bool",
        "string",
        "float8_e4m3fn",
        "float8_e5m2",
        "complex64",
        "complex128",
    )
    if dtype not in known:
        raise ValueError(f"Invalid dtype: {dtype}")
    return dtype


publish("lamina.backend", is_float_dtype, is_int_dtype, standardize_dtype)
