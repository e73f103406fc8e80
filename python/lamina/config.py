"""keras.config."""
from lamina import _lamina

def floatx():
    """The dtype of floats where none is said: "float32" at first."""
    return _lamina.floatx()


def set_floatx(value):
    """Sets the dtype of floats where none is said.

    Raises:
        ValueError: if it is no floating dtype.
    """
    _lamina.set_floatx(value)


def epsilon():
    """The small number that avoids divisions by zero: 1e-7 at first."""
    return _lamina.epsilon()


def set_epsilon(value):
    """Sets the small number that avoids divisions by zero."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"The epsilon must be a positive number. Received: {value!r} (of type {type(value).__name__})")
    _lamina.set_epsilon(float(value))


def image_data_format():
    """Where images have their channels, if a layer does not say: "channels_last" at first, or "channels_first"."""
    return _lamina.image_data_format()


def set_image_data_format(data_format):
    """Sets where images have their channels, if a layer does not say.

    Raises:
        ValueError: if it is neither "channels_last" nor "channels_first".
    """
    _lamina.set_image_data_format(data_format)


lost_masks = _lamina.lost_masks


def set_lost_masks(what):
    """What happens where a layer is given a mask that it does not pass on: "warn", as in Keras and by default, or "error", a
    ValueError from the layer's call."""
    _lamina.set_lost_masks(what)


_interactive_logging = True
_traceback_filtering = True
_unsafe_deserialization = False


def backend():
    """The name of this library; its engine ("graph" or "eager") is engine()."""
    return "lamina"


engine = _lamina.engine
set_engine = _lamina.set_engine
device = _lamina.device


def set_device(name):
    """Where ops run from now on: "cpu", or "cuda", "cuda:1" and so on in a build with CUDA. Existing tensors and variables are
    copied there when they are used."""
    _lamina.set_device(name)


def instruction_set():
    """The processor's instructions that kernels are chosen for: "base", "avx2" or "avx512". LAMINA_INSTRUCTIONS bounds it."""
    return _lamina.instruction_set()


def threads():
    """How many threads work on one op, the caller included."""
    return _lamina.threads()


def set_threads(count):
    """How many threads work on one op from now on, the caller included.

    Args:
        count: 1 to 1024, or 0 for one per core that the process may use (its CPU affinity, its container's quota and OMP_NUM_THREADS
            count). Results do not depend on it.

    Raises:
        ValueError: for other numbers.
    """
    _lamina.set_threads(count)


def dtype_policy():
    """The policy of layers that are made without one."""
    return _lamina.global_dtype_policy()


def set_dtype_policy(policy):
    """Sets the policy of layers that are made without one: a name or a DTypePolicy."""
    _lamina.set_global_dtype_policy(policy)


def is_interactive_logging_enabled():
    """What was said last of progress bars; they go to the standard output either way."""
    return _interactive_logging


def enable_interactive_logging():
    """Remembered for is_interactive_logging_enabled(); progress bars go to the standard output either way."""
    global _interactive_logging
    _interactive_logging = True


def disable_interactive_logging():
    """Remembered for is_interactive_logging_enabled(); progress bars go to the standard output either way."""
    global _interactive_logging
    _interactive_logging = False


def is_traceback_filtering_enabled():
    """What was said last of tracebacks; they are shown in full either way."""
    return _traceback_filtering


def enable_traceback_filtering():
    """Remembered for is_traceback_filtering_enabled(); tracebacks are shown in full either way."""
    global _traceback_filtering
    _traceback_filtering = True


def disable_traceback_filtering():
    """Remembered for is_traceback_filtering_enabled(); tracebacks are shown in full either way."""
    global _traceback_filtering
    _traceback_filtering = False


def enable_unsafe_deserialization():
    """Lets files run code (lambdas) in this process. Only for files you made."""
    global _unsafe_deserialization
    _unsafe_deserialization = True


def unsafe_deserialization_enabled():
    """Whether files may bring Python code with them."""
    return _unsafe_deserialization


_flash = False


def is_flash_attention_enabled():
    """What was said last of attention kernels; layers choose theirs by what a call asks for."""
    return _flash


def enable_flash_attention():
    """Remembered for is_flash_attention_enabled(); layers choose their kernel by what a call asks for."""
    global _flash
    _flash = True


def disable_flash_attention():
    """Remembered for is_flash_attention_enabled(); layers choose their kernel by what a call asks for."""
    global _flash
    _flash = False


def max_epochs():
    """The most epochs that fit() runs, or None."""
    return _lamina.max_epochs()


def set_max_epochs(max_epochs):
    """Limits fit() to so many epochs, for trial runs; None lifts the limit. The environment's KERAS_MAX_EPOCHS sets it from the start.

    Raises:
        ValueError: for numbers below 1.
    """
    _lamina.set_max_epochs(max_epochs)


def max_steps_per_epoch():
    """The most batches an epoch of fit(), evaluate() and predict(), or None."""
    return _lamina.max_steps_per_epoch()


def set_max_steps_per_epoch(max_steps_per_epoch):
    """Limits fit(), evaluate() and predict() to so many batches an epoch; None lifts the limit. The environment's
    KERAS_MAX_STEPS_PER_EPOCH sets it from the start.

    Raises:
        ValueError: for numbers below 1.
    """
    _lamina.set_max_steps_per_epoch(max_steps_per_epoch)


_nnx = False


def is_nnx_enabled():
    """Whether variables are those of Flax's NNX: False."""
    return False
