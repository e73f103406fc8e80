"""Name scopes, devices, and the scopes that Keras has for other backends."""

import threading

from lamina import _lamina
from lamina._core.public import publish

_open = threading.local()  # the name scopes of a thread, from the outermost


class name_scope:
    """Variables made inside have paths below a name.

    Args:
        name: without "/".
        caller: the object on whose behalf it is entered; None for nobody.
        deduplicate: whether to enter a scope of this name and caller directly within another changes nothing.
        override_parent: a path to stand below instead of that of the scopes around it.

    Raises:
        ValueError: for a name with "/".
    """

    def __init__(self, name, caller=None, deduplicate=True, override_parent=None):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}"
            )
        self.name, self.caller = name, caller
        self.deduplicate, self.override_parent = deduplicate, override_parent
        self._entered = []  # for each time that it was entered, what to undo

    def __enter__(self):
        scopes = _open.__dict__.setdefault("scopes", [])
        around = scopes[-1] if scopes else None
        same = around and self.caller is not None and around.caller is self.caller and around.name == self.name
        if self.deduplicate and same:
            self._entered.append(None)
            return self
        scopes.append(self)
        parent = self.override_parent
        absolute = None if parent is None else _lamina.AbsolutePath("/".join(p for p in parent.split("/") if p))
        self._entered.append([absolute, _lamina.new_name_scope(self.name)])
        return self

    def __exit__(self, *exc):
        undo = self._entered.pop()
        if undo is not None:
            _open.scopes.pop()
            undo.pop()  # the name first, then the path that it stands below
            undo.pop()


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
