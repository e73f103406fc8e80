"""Name scopes, devices, and the scopes that Keras has for other backends."""

import functools
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
    """Layers made in it keep no intermediate values for their gradient, but compute them again when it is asked for.

    A training step then needs less memory and more time. Results stay the same, random numbers included. Scopes nest;
    the innermost counts. Of models it concerns the layers; a layer within one that is computed again as a whole is not
    computed once more.

    Args:
        mode: "full" (every layer), "activations" (the activation functions of layers that have one as an argument),
            "larger_than" (layers whose outputs have more elements than `output_size_threshold`), "list_of_layers"
            (those named in `layer_names`) or None (none).
        output_size_threshold: elements of all outputs together, the batch included.
        layer_names: names of layers.

    Raises:
        ValueError: for another mode.

    Example:
    >>> with keras.RematScope(mode="larger_than", output_size_threshold=10_000):
    ...     layer = keras.layers.Dense(64, activation="relu")
    """

    def __init__(self, mode="full", output_size_threshold=1024, layer_names=None):
        if mode not in ("full", "activations", "larger_than", "list_of_layers", None):
            raise ValueError(
                f"Invalid mode '{mode}'. Supported modes are: 'full', 'activations', 'larger_than', "
                "'list_of_layers', or None."
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = layer_names or []
        self._scopes = []

    def __enter__(self):
        self._scopes.append(_lamina.new_remat_scope(self.mode, self.output_size_threshold, list(self.layer_names)))
        return self

    def __exit__(self, *exc):
        self._scopes.pop()


def remat(f):
    """A function whose intermediate values are not kept for its gradient, but computed again when it is asked for.

    Within a gradient tape or a training step `f` is traced: it cannot look at values of tensors there. What it draws at
    random is the same both times; variables that it assigns are assigned once.

    Args:
        f: takes any arguments and gives a tensor, or a structure of tensors.

    Returns:
        g(*args, **kwargs): the same values and gradients as those of `f`.

    Example:
    >>> f = keras.remat(lambda x: keras.ops.sum(keras.ops.tanh(x) ** 2))
    >>> f(keras.ops.array([0.0, 0.0]))
    <Tensor shape=(), dtype=float32, values=0.>
    """

    @functools.wraps(f)
    def g(*args, **kwargs):
        return _lamina.recompute(lambda: f(*args, **kwargs))

    return g


publish("lamina", RematScope, SymbolicScope, device, name_scope, remat)
