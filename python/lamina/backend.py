"""keras.backend: what Keras 3 keeps public of it."""
from lamina import _lamina
from lamina.config import backend, epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format  # noqa: F401


def result_type(*dtypes):
    """The dtype's name that operands of these dtypes promote to."""
    return _lamina.result_type(*dtypes)


def clear_session(free_memory=True):
    """Forgets the counters of names and the global random seeds."""
    from lamina.utils import clear_session as clear

    clear(free_memory)


def get_uid(prefix=""):
    """A number that grows by one a call with this prefix, from 1."""
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


_uids = {}


def is_keras_tensor(x):
    """Whether x is a symbolic tensor of a functional model."""
    return isinstance(x, _lamina.KerasTensor)


def is_float_dtype(dtype):
    """Whether a dtype holds floats."""
    return "float" in str(dtype)


def is_int_dtype(dtype):
    """Whether a dtype holds integers."""
    return "int" in str(dtype)


_NAMES = {"float": "float32", "int": "int32", "double": "float64", "half": "float16"}


def standardize_dtype(dtype):
    """A dtype's name: None gives floatx, Python's types and NumPy's dtypes their equivalents."""
    if dtype is None:
        return floatx()
    if dtype is float:
        return floatx()
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
    known = ("float16", "float32", "float64", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "bfloat16", "bool", "string",
             "float8_e4m3fn", "float8_e5m2", "complex64", "complex128")
    if dtype not in known:
        raise ValueError(f"Invalid dtype: {dtype}")
    return dtype
