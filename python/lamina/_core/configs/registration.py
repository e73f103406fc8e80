"""Users' classes and functions by name: registered for good, or known inside a scope."""

import inspect
import threading

from lamina._core.public import publish

GLOBAL_CUSTOM_OBJECTS = {}
GLOBAL_CUSTOM_NAMES = {}
_scopes = threading.local()


def scope_objects():
    return getattr(_scopes, "objects", {})


class CustomObjectScope:
    """Makes classes and functions known by name inside a `with` block.

    Args:
        custom_objects: {name: class or function}.
    """

    def __init__(self, custom_objects):
        self.custom_objects = dict(custom_objects or {})

    def __enter__(self):
        # What was before is kept by the thread: one scope object may be entered in several at once.
        around = scope_objects()
        _saved_objects().append(around)
        _scopes.objects = {**around, **self.custom_objects}
        return self

    def __exit__(self, *exc):
        _scopes.objects = _saved_objects().pop()


def _saved_objects():
    if not hasattr(_scopes, "saved"):
        _scopes.saved = []
    return _scopes.saved


custom_object_scope = CustomObjectScope


def get_custom_objects():
    """The dictionary of globally registered objects, by registered name."""
    return GLOBAL_CUSTOM_OBJECTS


def register_keras_serializable(package="Custom", name=None):
    """Decorator: registers a class (with get_config) or a function under `package>name`, so that files can name it.

    Args:
        package: a prefix that tells names of several packages apart.
        name: the class's or function's own by default.

    Returns:
        The decorator, which gives back what it decorates.

    Raises:
        ValueError: for a class without get_config().
    """

    def decorator(arg):
        registered = f"{package}>{name if name is not None else arg.__name__}"
        if inspect.isclass(arg) and not hasattr(arg, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        GLOBAL_CUSTOM_OBJECTS[registered] = arg
        GLOBAL_CUSTOM_NAMES[arg] = registered
        return arg

    return decorator


def get_registered_name(obj):
    """The name under which a class or function was registered.

    Args:
        obj: the class or function.

    Returns:
        `package>name`, or its own name if it was not registered.
    """
    try:
        return GLOBAL_CUSTOM_NAMES.get(obj, getattr(obj, "__name__", str(obj)))
    except TypeError:  # not hashable
        return getattr(obj, "__name__", str(obj))


def get_registered_object(name, custom_objects=None, module_objects=None):
    """What was registered under a name.

    Args:
        name: `package>name`.
        custom_objects: {name: class or function} to look into as well.
        module_objects: the same, asked last.

    Returns:
        The class or function, or None.
    """
    for table in (scope_objects(), GLOBAL_CUSTOM_OBJECTS, custom_objects or {}, module_objects or {}):
        if name in table:
            return table[name]
    return None


def registered_name_of(obj):
    """For C++: the registered name of a function, or '' if it has none."""
    try:
        return GLOBAL_CUSTOM_NAMES.get(obj, "")
    except TypeError:
        return ""


def lookup(name):
    """What is registered under a name, fully or with Keras' default package left out; None if nothing."""
    for table in (scope_objects(), GLOBAL_CUSTOM_OBJECTS):
        if name in table:
            return table[name]
        for key, value in table.items():
            if key.split(">")[-1] == name and key.startswith("Custom>"):
                return value
    return None


def lookup_function(name):
    """A registered function by its registered name or, as Keras before 3.7 stored it, by its own."""
    found = lookup(name)
    if found is not None:
        return found
    return next(
        (
            value
            for key, value in GLOBAL_CUSTOM_OBJECTS.items()
            if key.split(">")[-1] == name and inspect.isfunction(value)
        ),
        None,
    )


publish(
    "lamina.saving",
    CustomObjectScope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
