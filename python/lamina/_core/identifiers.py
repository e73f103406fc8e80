"""Objects by name, by config or by themselves: what get() and deserialize() of the public modules are made of."""

from lamina import _lamina
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.public import publish


def deserializer(module, what):
    """deserialize(config, custom_objects=None) of a public module."""

    def deserialize(config, custom_objects=None):
        return deserialize_keras_object(config, custom_objects=custom_objects)

    deserialize.__doc__ = f"""{what[0].upper()}{what[1:]} from its config.

    Args:
        config: what serialize() gave.
        custom_objects: {{name: class or function}} that the config may name beside the registered ones.

    Raises:
        ValueError: for a config that describes none.
        TypeError: for a class that is not known.
    """
    return _public(module, deserialize)


def _public(module, function):
    function.__qualname__ = function.__name__
    publish(module, function)
    return function


class NamedFunctions:
    """The built-in functions of a public module.

    Args:
        aliases: {further name: name}.
        *homes: prefixes of the ops' names, asked in order.
    """

    def __init__(self, aliases, *homes):
        self._aliases, self._homes = aliases, homes

    def find(self, name):
        """The function of that name or alias, or None."""
        for home in self._homes:
            op = _lamina.find_op(f"{home}.{self._aliases.get(name, name)}")
            if op is not None:
                return op
        return None

    def names(self):
        """All names and aliases."""
        found = [n.split(".", 1) for n in _lamina.op_names() if "." in n]
        return [*self._aliases, *(name for home, name in found if home in self._homes)]


def by_name(module, kind):
    """find(name) -> a new object of the registered class, the user's class or function of that name. ValueError if
    there is none."""

    def find(name):
        try:
            return _lamina.get_object(name, module)
        except ValueError as e:
            raise ValueError(f"Could not interpret {kind} identifier: {name}. {e}") from None

    return find


def getter(public, module, base, kind, function=None):
    """get(identifier) for one kind of object: a name, a config, a class, an object of the kind or a callable. None
    stays None.

    Args:
        public: the public module.
        module: of the C++ registry.
        base: the kind's Python class, also known by its own name.
        kind: for the error.
        function: name -> built-in function or None, asked before the classes.
    """
    find = by_name(module, kind)

    def get(identifier):
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            try:
                obj = deserialize_keras_object(identifier) if "class_name" in identifier else None
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

    get.__doc__ = f"""The {kind} that is meant.

    Args:
        identifier: a name, a config, a class, or the object itself (any callable is taken); None stays None.

    Raises:
        ValueError: for anything else, and for names that are not known.
    """
    return _public(public, get)
