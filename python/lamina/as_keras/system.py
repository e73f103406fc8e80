"""tf.config, tf.errors, tf.debugging and what else scripts ask TensorFlow about itself and the machine, where it is
not installed."""

import contextlib
import logging
import time
from typing import NamedTuple

import numpy as np

import lamina
from lamina import ops
from lamina.as_keras.arrays import tensor


class DType(str):
    """A dtype's name, with what scripts ask TensorFlow's dtypes for."""

    __slots__ = ()

    @property
    def name(self):
        """The name."""
        return str(self)

    @property
    def as_numpy_dtype(self):
        """NumPy's type."""
        return object if self == "string" else np.dtype(str(self)).type

    @property
    def is_floating(self):
        """Whether it holds fractions."""
        return "float" in self

    @property
    def is_integer(self):
        """Whether it holds whole numbers."""
        return "int" in self

    @property
    def is_bool(self):
        """Whether it holds truth."""
        return self == "bool"

    @property
    def size(self):
        """Bytes of an element."""
        return 2 if self == "bfloat16" else np.dtype(str(self)).itemsize

    @property
    def min(self):
        """The least number."""
        return self._limits().min

    @property
    def max(self):
        """The greatest number."""
        return self._limits().max

    def _limits(self):
        return np.finfo(str(self)) if self.is_floating else np.iinfo(str(self))


def as_dtype(type_value):
    """A dtype: of its name, NumPy's type or another of ours."""
    return DType(getattr(type_value, "name", None) or np.dtype(type_value).name)


class Device(NamedTuple):
    """A device, as tf.config lists them."""

    name: str
    device_type: str


def list_physical_devices(device_type=None):
    """The devices of a kind: the CPU, and the GPU that models run on."""
    devices = [Device("/physical_device:CPU:0", "CPU")]
    if "cuda" in str(lamina.config.device()):
        devices.append(Device("/physical_device:GPU:0", "GPU"))
    return [d for d in devices if device_type in (None, d.device_type)]


def list_logical_devices(device_type=None):
    """The devices of a kind."""
    return [
        Device(d.name.replace("physical_device", "device"), d.device_type) for d in list_physical_devices(device_type)
    ]


def set_memory_growth(device, enable):
    """Memory is taken as it is needed in any case."""


def set_visible_devices(devices, device_type=None):
    """Devices are chosen by lamina.json and LAMINA_DEVICE."""


def set_logical_device_configuration(device, logical_devices):
    """Devices are chosen by lamina.json and LAMINA_DEVICE."""


def enable_op_determinism():
    """Results follow from the seed in any case."""


def run_functions_eagerly(run_eagerly):
    """Whether functions and models run op by op."""
    lamina.config.set_backend("eager" if run_eagerly else "graph")


def executing_eagerly():
    """Whether values can be asked for: outside of what is being traced."""
    return True


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """Whether models run on a GPU."""
    return bool(list_physical_devices("GPU"))


def is_built_with_cuda():
    """Whether models run on a GPU."""
    return is_gpu_available()


def gpu_device_name():
    """The GPU's name, or nothing."""
    return "/device:GPU:0" if is_gpu_available() else ""


def device(device_name=None):
    """A context: what runs where is settled for the whole process by lamina.json and LAMINA_DEVICE."""
    return contextlib.nullcontext()


def get_logger():
    """TensorFlow's logger."""
    return logging.getLogger("tensorflow")


def set_verbosity(level=0, alsologtostdout=False):
    """How much TensorFlow's logger says."""
    levels = {"DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50}
    if str(level).upper() in levels or level in levels.values():
        get_logger().setLevel(levels.get(str(level).upper(), level))


def timestamp(name=None):
    """Seconds since 1970."""
    return tensor(np.float64(time.time()))


def as_str_any(value, encoding="utf-8"):
    """Text of bytes, or of anything."""
    return value.decode(encoding) if isinstance(value, bytes) else str(value)


def as_bytes(bytes_or_text, encoding="utf-8"):
    """Bytes of text."""
    return bytes_or_text.encode(encoding) if isinstance(bytes_or_text, str) else bytes(bytes_or_text)


# --- tf.debugging ---


def assert_equal(x, y, message=None, summarize=None, name=None):
    """Raises where x and y differ."""
    _assert(np.array_equal(*np.broadcast_arrays(np.asarray(x), np.asarray(y))), message or f"{x} is not {y}.")


def assert_near(x, y, rtol=None, atol=None, message=None, summarize=None, name=None):
    """Raises where x and y differ by more than a little."""
    close = np.allclose(np.asarray(x), np.asarray(y), rtol=rtol or 1e-6, atol=atol or 1e-6)
    _assert(close, message or f"{x} is not near {y}.")


def assert_less(x, y, message=None, summarize=None, name=None):
    """Raises where x is not less than y."""
    _assert(bool(np.all(np.asarray(x) < np.asarray(y))), message or f"{x} is not less than {y}.")


def assert_greater(x, y, message=None, summarize=None, name=None):
    """Raises where x is not greater than y."""
    _assert(bool(np.all(np.asarray(x) > np.asarray(y))), message or f"{x} is not greater than {y}.")


def assert_greater_equal(x, y, message=None, summarize=None, name=None):
    """Raises where x is less than y."""
    _assert(bool(np.all(np.asarray(x) >= np.asarray(y))), message or f"{x} is less than {y}.")


def assert_less_equal(x, y, message=None, summarize=None, name=None):
    """Raises where x is greater than y."""
    _assert(bool(np.all(np.asarray(x) <= np.asarray(y))), message or f"{x} is greater than {y}.")


def assert_rank(x, rank, message=None, name=None):
    """Raises where x has another number of axes."""
    _assert(len(tensor(x).shape) == int(rank), message or f"{x} has not {rank} axes.")


def assert_shapes(shapes, **options):
    """Raises where shapes are not those that are given; letters stand for one size each."""
    known = {}
    for x, expected in shapes.items() if isinstance(shapes, dict) else shapes:
        given = tuple(tensor(x).shape)
        fits = len(given) == len(expected) and all(
            e is None or n == (known.setdefault(e, n) if isinstance(e, str) else e) for n, e in zip(given, expected)
        )
        _assert(fits, f"Expected the shape {tuple(expected)}. Received: {given}")


def check_numerics(tensor, message, name=None):
    """The tensor, which must hold neither NaN nor infinities."""
    _assert(bool(np.all(np.isfinite(np.asarray(tensor)))), f"{message}: there are NaN or infinities.")
    return tensor


def Assert(condition, data, summarize=None, name=None):
    """Raises where a condition does not hold."""
    _assert(bool(np.all(np.asarray(condition))), f"The assertion failed. Its data: {data}")


def _assert(holds, message):
    if not holds:
        raise ValueError(message)


def enable_check_numerics(*args, **options):
    """Says what looks for NaN here."""
    raise NotImplementedError("Use keras.callbacks.TerminateOnNaN() in fit(), or tf.debugging.check_numerics(x, text).")


# --- gradients ---


def custom_gradient(f):
    """A function with a gradient of its own."""
    return ops.custom_gradient(f)


def recompute_grad(f):
    """A function that is computed once more for its gradient, to save memory."""
    return lamina.remat(f)


class UnconnectedGradients:
    """What a gradient is where there is no connection."""

    NONE, ZERO = "none", "zero"
