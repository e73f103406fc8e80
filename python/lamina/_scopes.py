"""Name scopes, stateless scopes and the scopes that Keras has for other backends."""
import threading

from lamina import _lamina

_local = threading.local()


class name_scope:
    """Variables made inside have paths below `name`."""

    def __init__(self, name, caller=None, **kwargs):
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}")
        self.name, self.caller = name, caller

    def __enter__(self):
        self._scope = _lamina.new_name_scope(self.name)
        return self

    def __exit__(self, *exc):
        del self._scope


class StatelessScope:
    """Inside, the mapped variables have the given values; afterwards they have their own again. get_current_value() tells
    what a variable was last set to inside."""

    def __init__(self, state_mapping=None, collect_losses=False, initialize_variables=True):
        self._mapping = list(state_mapping or [])
        self._final = {}

    def __enter__(self):
        self._saved = [(v, v.value) for v, _ in self._mapping]
        for v, value in self._mapping:
            if value is not None:
                v.assign(value)
        return self

    def __exit__(self, *exc):
        for v, before in self._saved:
            self._final[v.id] = v.value
            v.assign(before)

    def get_current_value(self, variable):
        if variable.id in self._final:
            return self._final[variable.id]
        return variable.value if any(variable.id == v.id for v, _ in self._mapping) else None

    def add_update(self, update):
        variable, value = update
        variable.assign(value)


class SymbolicScope:
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


class device:
    """Inside it ops run on the named device: "cpu", "cpu:0", "cuda", "gpu:1" and the like. The whole process takes part."""

    def __init__(self, device_name):
        self._name, self._before = str(device_name).lower(), []

    def __enter__(self):
        from lamina import config

        self._before.append(config.device())
        config.set_device(self._name)
        return self

    def __exit__(self, *exc):
        from lamina import config

        config.set_device(self._before.pop())


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
    return f


def compute_output_spec(fn, *args, **kwargs):
    """What fn gives for symbolic arguments, as KerasTensors without history; runs nothing."""
    from lamina import tree

    def plain(x):
        return _lamina.KerasTensor(x.shape, x.dtype) if isinstance(x, _lamina.TensorBase) else x

    args, kwargs = tree.map_structure(plain, (args, kwargs))
    out = fn(*args, **kwargs)
    return tree.map_structure(plain, out)
