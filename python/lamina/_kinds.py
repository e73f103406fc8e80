"""What the kinds of configurable objects share."""
import functools

from lamina import _lamina
from lamina._plain import plain
from lamina._saveable import Saveable
from lamina._wrap import own


class Configurable(Saveable):
    """get_config/from_config, fields as attributes, construction of built-in classes."""

    _builtin = True
    _given = {}  # the constructor's arguments, for pickles: configs leave some out

    @classmethod
    def _wrap_init(cls, self, box):
        cls._core.__init__(self, box)
        own(self, False)

    @classmethod
    def _builtin_init(cls, self, name, module, config):
        config = plain(config)
        cls._core.__init__(self, name, config)
        self.__dict__["_given"] = dict(config)
        own(self)

    def get_config(self):
        return self._get_config()

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __reduce__(self):
        """Pickles and copies: the class, the config with the arguments that it leaves out, and the variables' values, if there are."""
        return rebuild, (type(self), {**self._given, **self.get_config()}, [v.numpy() for v in self._pickled_variables()])

    def _pickled_variables(self):
        return ()

    def __setattr__(self, name, value):
        """Arguments and what else C++ keeps by name are set there, where they have their effect; anything else is the user's own."""
        if not name.startswith("_") and "_anchor" in self.__dict__ and not isinstance(getattr(type(self), name, None), property):
            if self._has_attribute(name):
                self._set_attribute(name, value)
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        # Arguments as attributes, also by Keras' private spelling (`_from_logits`).
        field = name[1:] if name.startswith("_") and not name.startswith("__") else name
        if "_anchor" in self.__dict__ and field == name:
            found, value = self._get_attribute(name)
            if found and not (isinstance(value, dict) and "class_name" in value):
                return value
        if field in getattr(type(self), "_fields", ()):
            value = self._get_config().get(field)
            if isinstance(value, dict) and "class_name" in value and "config" in value:
                from lamina import saving

                return saving.deserialize_keras_object(value)
            return value
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


class Light(Configurable):
    """A kind that has nothing to set up: its subclasses need not call super().__init__(), as in Keras."""

    def __init__(self):
        if not self.__dict__.get("_attached"):
            self._core.__init__(self, None, {})
            own(self)
            self.__dict__["_attached"] = True

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        init = cls.__dict__.get("__init__")
        built_in = next(k for k in cls.__mro__ if "_builtin" in k.__dict__)
        if init is None or "_core" not in built_in.__dict__ or built_in is cls:  # below a built-in class of the kind its __init__ is called
            return

        @functools.wraps(init)
        def attached_first(self, *args, **kwargs):
            Light.__init__(self)
            init(self, *args, **kwargs)

        cls.__init__ = attached_first


def rebuild(cls, config, values):
    """For pickle."""
    obj = cls.from_config(config)
    variables = list(obj._pickled_variables())
    if len(variables) == len(values):
        for v, value in zip(variables, values):
            v.assign(value)
    return obj


def serialize_any(obj):
    from lamina import saving

    return saving.serialize_keras_object(obj)


def deserializer():
    """deserialize(config, custom_objects=None) of one kind of object."""

    def deserialize(config, custom_objects=None):
        from lamina import saving

        return saving.deserialize_keras_object(config, custom_objects=custom_objects)

    return deserialize


def functions(aliases, *homes):
    """find(name) -> the built-in function of that name or alias in the first of the homes that has it, or None."""

    def find(name):
        for home in homes:
            op = _lamina.find_op(f"{home}.{aliases.get(name, name)}")
            if op is not None:
                return op
        return None

    return find


def by_name(module, kind):
    """find(name) -> a new object of the registered class, the user's class or function of that name. ValueError if there is none."""

    def find(name):
        try:
            return _lamina.get_object(name, module)
        except ValueError as e:
            raise ValueError(f"Could not interpret {kind} identifier: {name}. {e}") from None

    return find


def getter(module, base, kind, function=None):
    """get(identifier) for one kind of object: a name, a config, a class, an object of the kind or a callable. None stays None.

    Args:
        module: of the C++ registry.
        base: the kind's Python class, also known by its own name.
        kind: for the error.
        function: name -> built-in function or None, asked before the classes.
    """
    find = by_name(module, kind)

    def get(identifier):
        from lamina import saving

        if identifier is None:
            return None
        if isinstance(identifier, dict):
            try:
                obj = saving.deserialize_keras_object(identifier) if "class_name" in identifier else None
            except (ValueError, TypeError) as e:
                if "Could not locate" not in str(e):
                    raise
                raise ValueError(f"Could not interpret {kind} identifier: {identifier}. {e}") from None
        elif isinstance(identifier, str):
            obj = function and function(identifier)
            if obj is None:
                obj = base if identifier in (base.__name__, base.__name__.lower()) else find(identifier)
        else:
            obj = identifier
        if isinstance(obj, type):
            obj = obj()
        if callable(obj):
            return obj
        raise ValueError(f"Could not interpret {kind} identifier: {identifier}")

    return get
