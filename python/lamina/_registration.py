"""Custom classes and functions: registration, scopes, and how C++ finds them when it reads a config."""
import inspect
import sys
import threading
from collections import namedtuple

from lamina import _lamina

KerasHistory = namedtuple("KerasHistory", ["operation", "node_index", "tensor_index"])

GLOBAL_CUSTOM_OBJECTS = {}
GLOBAL_CUSTOM_NAMES = {}
_scopes = threading.local()


def scope_objects():
    return getattr(_scopes, "objects", {})


class CustomObjectScope:
    """Makes classes and functions known by name inside a `with` block."""

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
    """Decorator: registers a class (with get_config) or a function under `package>name`."""

    def decorator(arg):
        registered = f"{package}>{name if name is not None else arg.__name__}"
        if inspect.isclass(arg) and not hasattr(arg, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        GLOBAL_CUSTOM_OBJECTS[registered] = arg
        GLOBAL_CUSTOM_NAMES[arg] = registered
        return arg

    return decorator


def get_registered_name(obj):
    """The name under which `obj` was registered, else its own name."""
    try:
        return GLOBAL_CUSTOM_NAMES.get(obj, getattr(obj, "__name__", str(obj)))
    except TypeError:  # not hashable
        return getattr(obj, "__name__", str(obj))


def get_registered_object(name, custom_objects=None, module_objects=None):
    """The object registered as `name`, or None."""
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


def argument_names(f):
    """For C++: names of f's arguments; "**" among them if it takes any keyword."""
    names = []
    for p in inspect.signature(f).parameters.values():
        if p.kind is p.VAR_KEYWORD:
            names.append("**")
        elif p.kind is p.VAR_POSITIONAL:
            names.append("*" + p.name)
        else:
            names.append(p.name)
    return names


def _lookup(name):
    for table in (scope_objects(), GLOBAL_CUSTOM_OBJECTS):
        if name in table:
            return table[name]
        for key, value in table.items():
            if key.split(">")[-1] == name and key.startswith("Custom>"):
                return value
    return None


def lookup_function(name):
    """A registered function by its registered name or, as Keras before 3.7 stored it, by its own."""
    found = _lookup(name)
    if found is not None:
        return found
    return next((value for key, value in GLOBAL_CUSTOM_OBJECTS.items() if key.split(">")[-1] == name and inspect.isfunction(value)), None)


def _in_keras_package(module, name):
    """A user's class in an imported module below `keras`: as in Keras, those need not be registered."""
    if not isinstance(module, str) or module.split(".", 1)[0] != "keras":
        return None
    found = getattr(sys.modules.get(module), name or "", None)
    return found if isinstance(found, type) and issubclass(found, _lamina.Object) else None


def _resolve(serialized):
    """Makes an object of a user's class from its config; None leaves it to the built-in classes."""
    name = serialized.get("registered_name") or serialized.get("class_name")
    class_name = serialized.get("class_name")
    if serialized.get("bare"):
        found = _lookup(class_name)
        if found is None:
            return None
        return found() if inspect.isclass(found) else found
    if class_name == "function":
        target = serialized.get("config")
        found = _lookup(name) if name != "function" else None
        return found if found is not None else lookup_function(target if isinstance(target, str) else "")
    if class_name == "__lambda__":
        from lamina.saving import lambda_from_config

        return lambda_from_config(serialized)
    found = _lookup(name) or _lookup(class_name) or _in_keras_package(serialized.get("module"), class_name)
    if found is None or not inspect.isclass(found):
        return None
    from lamina.saving import from_serialized

    return from_serialized(found, serialized)


_lamina.set_custom_resolver(_resolve)
