"""A layer's attributes: layers, variables and metrics in them are its own from then on; arguments are read and set as
attributes."""

from lamina import _lamina, activations
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.public import public_names
from lamina._core.user_classes import note_replaced_method
from lamina._core.values.plain import plain
from lamina.layers.members.reading import Reading
from lamina.layers.tracked_containers import Lock, layers_only, leaves, trackable, tracked


class LayerAttributes:
    """Tracking. `self` is a LayerCore."""

    _builtin = True

    def _track_value(self, name, value):
        own = {w.id for w in self._own_variables()}
        fresh = [v for v in leaves(value) if isinstance(v, _lamina.VariableCore) and v.id not in own]
        if self._locked:
            known = {id(layer) for layer in self._sublayers()}
            if fresh or any(isinstance(v, _lamina.LayerCore) and id(v) not in known for v in leaves(value)):
                raise ValueError(
                    "You cannot add new elements of state (variables or sub-layers) to a layer that is already "
                    "built. All state must be created in the `__init__()` method or "
                    f"in the `build()` method. Layer: {self!r}, attribute: {name}."
                )
        _lamina.LayerCore._track(self, name, layers_only(value))
        for v in fresh:
            self._track_variable(v)
        generators = {id(g) for g in self._seeds()}
        for leaf in leaves(value):
            if isinstance(leaf, _lamina.MetricCore):
                self.__dict__.setdefault("_own_metrics", {})[id(leaf)] = leaf
                if isinstance(self, _lamina.ModelCore):
                    self._track_metric(leaf)
            elif hasattr(type(leaf), "_seed_state") and id(leaf) not in generators:
                self._track_seed_generator(leaf, leaf._seed_state())

    def _untrack_variable(self, variable):
        locked, self._locked = self._locked, False
        self._untrack_own_variable(variable)
        self._locked = locked

    @property
    def _tracker(self):
        return Lock(self)

    def _track_early(self):
        """Attributes that a subclass set before Layer.__init__ ran."""
        for name, value in list(self.__dict__.items()):
            if name != "_init_arguments" and trackable(value):
                setattr(self, name, value)

    def __setattr__(self, name, value):
        if (
            name in getattr(type(self), "_fields", ())
            and "_anchor" in self.__dict__
            and self._set_argument(name, plain(value))
        ):
            return
        kind = type(value)
        if (
            kind in (int, float, str, bool, type(None))
            or name.startswith("__")
            or isinstance(getattr(type(self), name, None), property)
        ):
            object.__setattr__(self, name, value)
            return
        if "_anchor" not in self.__dict__:  # Layer.__init__ tracks it later
            object.__setattr__(self, name, value)
            return
        value = tracked(value, self, name)
        if trackable(value):
            self._track_value(name, value)
        object.__setattr__(self, name, value)
        note_replaced_method(self, name, value)

    def __delattr__(self, name):
        if name in self.__dict__:
            _lamina.LayerCore._untrack(self, name)
        object.__delattr__(self, name)

    def __dir__(self):
        """Arguments and weights are attributes as well."""
        fields = getattr(type(self), "_fields", ())
        weights = [v.name for v in self._own_variables()] if "_anchor" in self.__dict__ else []
        names = public_names(self, (*fields, *weights))
        return [n for n in names if not getattr(getattr(type(self), n, None), "sometimes", False) or hasattr(self, n)]

    def __getattr__(self, name):
        found = getattr(type(self), name, None)
        if isinstance(found, property):  # which raised an AttributeError: again, for its message
            return found.fget(self)
        if isinstance(found, Reading):
            return found.read(self)
        # Arguments of built-in classes read as attributes: layer.units, layer.activation.
        if not name.startswith("_"):
            fields = getattr(type(self), "_fields", ())
            if name in fields:
                return _field_value(name, self._get_config().get(name))
            weight = (
                next((v for v in self._own_variables() if v.name == name), None) if "_anchor" in self.__dict__ else None
            )
            if weight is not None:
                return weight
            if name in ("kernel", "bias", "gamma", "beta", "embeddings") and fields:
                return None
        elif name in ("_kernel", "_embeddings") and getattr(type(self), "_fields", ()):
            return getattr(self, name[1:])
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


def _field_value(name, value):
    if name.endswith("activation"):
        return activations.get(value)
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return deserialize_keras_object(value)
    if isinstance(value, list) and all(isinstance(v, int) for v in value):
        return tuple(value)
    return value
