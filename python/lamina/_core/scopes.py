"""Name scopes, devices, and the scopes that Keras has for other backends."""

from lamina import _lamina
from lamina._core.public import publish


class name_scope:
    """Variables made inside have paths below a name.

    Args:
        name: without "/".
        caller: the object on whose behalf it is entered.
        **kwargs: taken as in Keras, without effect.

    Raises:
        ValueError: for a name with "/".
    """

    def __init__(self, name, **kwargs):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}"
            )
        self.name, self.caller = name, kwargs.get("caller")

    def __enter__(self):
        self._scope = _lamina.new_name_scope(self.name)
        return self

    def __exit__(self, *exc):
        del self._scope


class SymbolicScope:
    """Accepted for Keras' sake: calls on KerasTensors are symbolic wherever they stand."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


class device:
    """Inside it this thread's ops run on a device.

    Args:
        device_name: "cpu", "cpu:0", "cuda", "gpu:1" and the like.
    """

    def __init__(self, device_name):
        self._name, self._scopes = str(device_name).lower(), []

    def __enter__(self):
        self._scopes.append(_lamina.new_device_scope(self._name))
        return self

    def __exit__(self, *exc):
        self._scopes.pop()


class RematScope:
    """Accepted for Keras' sake; the graph engine decides what to recompute.

    Args:
        mode: "full", "activations", "larger_than", "list_of_layers" or None.
        output_size_threshold: as in Keras.
        layer_names: as in Keras.

    Raises:
        ValueError: for another mode.
    """

    def __init__(self, mode="full", output_size_threshold=1024, layer_names=None):
        if mode not in ("full", "activations", "larger_than", "list_of_layers", None):
            raise ValueError(f"Invalid mode '{mode}'.")
        self.mode = mode

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


def remat(f):
    """The function itself; the graph engine decides what to recompute.

    Args:
        f: a function.
    """
    return f


publish("lamina", RematScope, SymbolicScope, device, name_scope, remat)
