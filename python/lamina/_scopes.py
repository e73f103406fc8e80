"""Name scopes, stateless scopes and the scopes that Keras has for other backends."""
import threading

from lamina import _lamina

_local = threading.local()


class name_scope:
    """Variables made inside have paths below `name`."""

    def __init__(self, name, **kwargs):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}")
        self.name, self.caller = name, kwargs.get("caller")

    def __enter__(self):
        self._scope = _lamina.new_name_scope(self.name)
        return self

    def __exit__(self, *exc):
        del self._scope


class StatelessScope:
    """Inside, on this thread, no variable changes: the mapped ones are read as the given values, and what is assigned stays in the scope.

    Gradients flow to the given values.

    Args:
        state_mapping: (variable, value) pairs; the shapes must agree, dtypes are cast.
        collect_losses: whether losses that layers add are kept in `losses`, too.
        initialize_variables: accepted as in Keras; variables have values from the start.

    Raises:
        ValueError: for a key that is no Variable, or a value of another shape.
    """

    def __init__(self, state_mapping=None, collect_losses=False, initialize_variables=True):
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses = []
        self._values = _lamina.StatelessValues()
        for variable, value in state_mapping or []:
            if not isinstance(variable, _lamina.VariableCore):
                raise ValueError(f"Invalid reference variable in StatelessScope: all keys in argument `mapping` must be Variable instances. Received instead: {variable}")
            self._values.set(variable, value)

    def __enter__(self):
        self._values.enter()
        _local.stateless = [*getattr(_local, "stateless", ()), self]
        return self

    def __exit__(self, *exc):
        _local.stateless.pop()
        self._values.leave()

    def add_loss(self, loss):
        self.losses.append(loss)

    def add_update(self, update):
        variable, value = update
        self._values.set(variable, value)

    def get_current_value(self, variable):
        """What the variable was given or was last assigned inside; None if neither."""
        return self._values.get(variable)


def in_stateless_scope():
    """Whether this thread is inside a StatelessScope."""
    return _lamina.in_stateless_scope()


def get_stateless_scope():
    """The innermost StatelessScope that this thread is in, or None."""
    scopes = getattr(_local, "stateless", None)
    return scopes[-1] if scopes else None


class SymbolicScope:
    """Inside, ops on symbolic tensors infer shapes and dtypes only."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


class device:
    """Inside it this thread's ops run on the named device: "cpu", "cpu:0", "cuda", "gpu:1" and the like."""

    def __init__(self, device_name):
        self._name, self._scopes = str(device_name).lower(), []

    def __enter__(self):
        self._scopes.append(_lamina.new_device_scope(self._name))
        return self

    def __exit__(self, *exc):
        self._scopes.pop()


class RematScope:
    """Accepted for Keras' sake; the graph engine decides what to recompute."""

    def __init__(self, mode="full", output_size_threshold=1024, layer_names=None):
        if mode not in ("full", "activations", "larger_than", "list_of_layers", None):
            raise ValueError(f"Invalid mode '{mode}'.")
        self.mode = mode

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


def remat(f):
    """The function itself: the graph engine decides what to compute again."""
    return f


def compute_output_spec(fn, *args, **kwargs):
    """What fn gives for symbolic arguments, as KerasTensors without history; runs nothing."""
    from lamina import tree

    def plain(x):
        return _lamina.KerasTensor(x.shape, x.dtype) if isinstance(x, _lamina.TensorBase) else x

    args, kwargs = tree.map_structure(plain, (args, kwargs))
    out = fn(*args, **kwargs)
    return tree.map_structure(plain, out)
