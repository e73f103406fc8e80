"""keras.config."""

import warnings

from lamina import _lamina
from lamina._core.public import public_module


def floatx():
    """The dtype of floats where none is said: "float32" at first."""
    return _lamina.floatx()


def set_floatx(value):
    """Sets the dtype of floats where none is said.

    Args:
        value: "float16", "bfloat16", "float32" or "float64".

    Raises:
        ValueError: for another.
    """
    _lamina.set_floatx(value)


def epsilon():
    """The small number that avoids divisions by zero: 1e-7 at first."""
    return _lamina.epsilon()


def set_epsilon(value):
    """Sets the small number that avoids divisions by zero.

    Args:
        value: a positive number.

    Raises:
        TypeError: for what is no number.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"The epsilon must be a positive number. Received: {value!r} (of type {type(value).__name__})")
    _lamina.set_epsilon(float(value))


def image_data_format():
    """Where images have their channels, if a layer does not say: "channels_last" at first, or "channels_first"."""
    return _lamina.image_data_format()


def set_image_data_format(data_format):
    """Sets where images have their channels, if a layer does not say.

    Args:
        data_format: "channels_last" or "channels_first".

    Raises:
        ValueError: for another.
    """
    _lamina.set_image_data_format(data_format)


lost_masks = _lamina.lost_masks


def set_lost_masks(what):
    """Says what happens where a layer is given a mask that it does not pass on.

    Args:
        what: "warn", as in Keras and by default, or "error", a ValueError from the layer's call.

    Raises:
        ValueError: for another word.
    """
    _lamina.set_lost_masks(what)


_interactive_logging = True
_traceback_filtering = True


def backend():
    """The name of this library; its engine ("graph" or "eager") is engine()."""
    return "lamina"


engine = _lamina.engine
set_engine = _lamina.set_engine
device = _lamina.device


_BACKENDS_OF_KERAS = ("jax", "numpy", "openvino", "tensorflow", "torch")


def set_backend(backend):
    """Sets the engine that models run on from now on. Existing objects stay as they are.

    Args:
        backend: "graph" or "eager". The names of Keras' backends are taken with a warning: this library is none of
            them, and brings its own.

    Raises:
        ValueError: for another name.
    """
    if backend in _BACKENDS_OF_KERAS:
        warnings.warn(
            f"Lamina has its own engines: the backend stays as it is, '{engine()}' on '{device()}'. Received: "
            f"backend='{backend}'",
            stacklevel=2,
        )
        return
    if backend not in ("graph", "eager"):
        raise ValueError(f"Available backends are 'graph' and 'eager'. Received: backend={backend}")
    set_engine(backend)


def set_device(name):
    """Says where ops run from now on. Existing tensors and variables are copied there when they are used.

    Args:
        name: "cpu", or "cuda", "cuda:1" and so on in a build with CUDA.

    Raises:
        ValueError: if there is no such device.
    """
    _lamina.set_device(name)


def instruction_set():
    """The processor's instructions that kernels are chosen for: "base", "avx2" or "avx512". LAMINA_INSTRUCTIONS bounds
    it."""
    return _lamina.instruction_set()


def threads():
    """How many threads work on one op, the caller included."""
    return _lamina.threads()


def set_threads(count):
    """How many threads work on one op from now on, the caller included.

    Args:
        count: 1 to 1024, or 0 for one per core that the process may use (its CPU affinity, its container's quota and
            OMP_NUM_THREADS count). Results do not depend on it.

    Raises:
        ValueError: for other numbers.
    """
    _lamina.set_threads(count)


def dtype_policy():
    """The policy of layers that are given none."""
    return _lamina.global_dtype_policy()


def set_dtype_policy(policy):
    """Sets the policy of layers that are given none.

    Args:
        policy: a DTypePolicy or a name.
    """
    _lamina.set_global_dtype_policy(policy)


def is_interactive_logging_enabled():
    """Whether `verbose="auto"` means a progress bar."""
    return _interactive_logging


def enable_interactive_logging():
    """Makes `verbose="auto"` mean a progress bar."""
    global _interactive_logging
    _interactive_logging = True


def disable_interactive_logging():
    """Makes `verbose="auto"` mean a line an epoch."""
    global _interactive_logging
    _interactive_logging = False


def is_traceback_filtering_enabled():
    """Whether traceback filtering was asked for; tracebacks have no frames of C++ to leave out in any case."""
    return _traceback_filtering


def enable_traceback_filtering():
    """Asks for traceback filtering (see is_traceback_filtering_enabled())."""
    global _traceback_filtering
    _traceback_filtering = True


def disable_traceback_filtering():
    """Asks for whole tracebacks (see is_traceback_filtering_enabled())."""
    global _traceback_filtering
    _traceback_filtering = False


_flash = False


def is_flash_attention_enabled():
    """Whether flash attention was asked for; kernels are chosen by the shapes in any case."""
    return _flash


def enable_flash_attention():
    """Asks for flash attention (see is_flash_attention_enabled())."""
    global _flash
    _flash = True


def disable_flash_attention():
    """Asks for attention without it (see is_flash_attention_enabled())."""
    global _flash
    _flash = False


def max_epochs():
    """The most epochs that fit() runs, or None."""
    return _lamina.max_epochs()


def set_max_epochs(max_epochs):
    """Limits fit() to so many epochs, for trial runs. The environment's KERAS_MAX_EPOCHS sets it from the start.

    Args:
        max_epochs: the most epochs; None lifts the limit.

    Raises:
        ValueError: for numbers below 1.
    """
    _lamina.set_max_epochs(max_epochs)


def max_steps_per_epoch():
    """The most batches per epoch of fit(), evaluate() and predict(), or None."""
    return _lamina.max_steps_per_epoch()


def set_max_steps_per_epoch(max_steps_per_epoch):
    """Limits fit(), evaluate() and predict() to so many batches per epoch. The environment's KERAS_MAX_STEPS_PER_EPOCH
    sets it from the start.

    Args:
        max_steps_per_epoch: the most batches; None lifts the limit.

    Raises:
        ValueError: for numbers below 1.
    """
    _lamina.set_max_steps_per_epoch(max_steps_per_epoch)


_nnx = False


def is_nnx_enabled():
    """False: Flax NNX belongs to another backend."""
    return False


__getattr__, __dir__ = public_module(
    __name__,
    defined=(
        "backend",
        "device",
        "disable_flash_attention",
        "disable_interactive_logging",
        "disable_traceback_filtering",
        "dtype_policy",
        "enable_flash_attention",
        "enable_interactive_logging",
        "enable_traceback_filtering",
        "engine",
        "epsilon",
        "floatx",
        "image_data_format",
        "instruction_set",
        "is_flash_attention_enabled",
        "is_interactive_logging_enabled",
        "is_nnx_enabled",
        "is_traceback_filtering_enabled",
        "lost_masks",
        "max_epochs",
        "max_steps_per_epoch",
        "set_backend",
        "set_device",
        "set_dtype_policy",
        "set_engine",
        "set_epsilon",
        "set_floatx",
        "set_image_data_format",
        "set_lost_masks",
        "set_max_epochs",
        "set_max_steps_per_epoch",
        "set_threads",
        "threads",
    ),
    loaded={
        "enable_unsafe_deserialization": "lamina._core.configs.safe_mode",
        "unsafe_deserialization_enabled": "lamina._core.configs.safe_mode",
    },
)
