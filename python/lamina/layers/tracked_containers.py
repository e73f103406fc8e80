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

    def _changed(self):
        layer = getattr(self, "_layer", None)
        if layer is not None:  # the attribute as a whole: this may be a container within it
            layer._track_value(self._name, layer.__dict__.get(self._name, self))


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


_CONTAINERS = {list: TrackedList, dict: TrackedDict, set: TrackedSet}


def tracked(value, layer, name, made=None):
    """A structure whose lists, dicts and sets tell a layer when they change.

    Args:
        value: an attribute's value; what is no container stays as it is.
        layer: the layer.
        name: the attribute.
        made: {id: container} of those that are made already, for containers that hold themselves.
    """
    made = {} if made is None else made
    if id(value) in made:
        return made[id(value)]
    if isinstance(value, tuple):
        items = [tracked(v, layer, name, made) for v in value]
        if all(a is b for a, b in zip(items, value)):
            return value
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    kind = _CONTAINERS.get(type(value))
    if kind is None:
        return value
    out = made[id(value)] = kind(value)
    if kind is TrackedList:
        list.__setitem__(out, slice(None), [tracked(v, layer, name, made) for v in value])
    elif kind is TrackedDict:
        for k, v in value.items():
            dict.__setitem__(out, k, tracked(v, layer, name, made))
    out._layer, out._name = layer, name
    return out


def leaves(value, inside=()):
    """What the containers of a structure hold; a container that is within itself is gone into once."""
    if not isinstance(value, (dict, list, tuple, set)):
        yield value
    elif id(value) not in inside:
        for v in value.values() if isinstance(value, dict) else value:
            yield from leaves(v, (*inside, id(value)))


def trackable(value):
    return any(
        isinstance(v, (_lamina.LayerCore, _lamina.VariableCore, _lamina.MetricCore)) or hasattr(type(v), "_seed_state")
        for v in leaves(value)
    ) or isinstance(value, TrackedMixin)


def layers_only(value, inside=()):
    """The structure with everything but layers, metrics and seed generators left out."""
    if not isinstance(value, (dict, list, tuple, set)):
        return value if isinstance(value, (_lamina.LayerCore, _lamina.MetricCore)) else None
    if id(value) in inside:
        return None
    inside = (*inside, id(value))
    if isinstance(value, dict):
        return {str(k): layers_only(v, inside) for k, v in value.items()}
    return [layers_only(v, inside) for v in value]
