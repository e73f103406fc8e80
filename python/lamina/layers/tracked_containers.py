"""How a layer learns of what its attributes hold: containers that tell it when they change, and what of a structure it
tracks."""

from lamina import _lamina


class Lock:
    """lock() and unlock() of a layer's state."""

    def __init__(self, layer):
        self._layer = layer

    def lock(self):
        self._layer._locked = True

    def unlock(self):
        self._layer._locked = False


class TrackedMixin:
    """A list or dict of a layer's attribute: changing it tells the layer."""

    _is_lamina_container = True

    def _attach(self, layer, name):
        self._layer, self._name = layer, name
        return self

    def _changed(self):
        layer = getattr(self, "_layer", None)
        if layer is not None:
            layer._track_value(self._name, self)


def _tracked(kind, methods):
    def wrap(method):
        plain = getattr(kind, method)

        def changed(self, *args, **kwargs):
            out = plain(self, *args, **kwargs)
            self._changed()
            return out

        changed.__name__ = method
        return changed

    return type("Tracked" + kind.__name__.capitalize(), (TrackedMixin, kind), {m: wrap(m) for m in methods})


TrackedList = _tracked(
    list,
    (
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "__setitem__",
        "__delitem__",
        "sort",
        "reverse",
        "__iadd__",
    ),
)
TrackedDict = _tracked(dict, ("__setitem__", "__delitem__", "update", "pop", "popitem", "clear", "setdefault"))
TrackedSet = _tracked(set, ("add", "remove", "discard", "update", "pop", "clear"))


def leaves(value):
    if isinstance(value, dict):
        for v in value.values():
            yield from leaves(v)
    elif isinstance(value, (list, tuple, set)):
        for v in value:
            yield from leaves(v)
    else:
        yield value


def trackable(value):
    return any(
        isinstance(v, (_lamina.LayerCore, _lamina.VariableCore, _lamina.MetricCore)) or hasattr(type(v), "_seed_state")
        for v in leaves(value)
    ) or isinstance(value, TrackedMixin)


def layers_only(value):
    """The structure with everything but layers, metrics and seed generators left out."""
    if isinstance(value, dict):
        return {str(k): layers_only(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [layers_only(v) for v in value]
    return value if isinstance(value, (_lamina.LayerCore, _lamina.MetricCore)) else None
