"""Where the public modules keep what C++ and configs name. The package's `__init__` says it, so that nothing in here
knows of them."""

import importlib

classes = {}  # module of the C++ registry -> (public module of its classes, name of their Python base)
functions = []  # public modules in which functions of configs are found by name
_defined = {}  # public module -> {name: module that defines it, "" for itself}
_members = {}  # public module -> {class of the C++ registry: {name: member}}


def declare(module, names, members):
    """A public module says which names Python code defines for it and where, and what its C++ classes have beyond their
    description."""
    _defined[module], _members[module] = names, members


def members(module, cls):
    """What a C++ class has in Python beyond its description."""
    importlib.import_module(module)
    return _members.get(module, {}).get(cls, {})


def defined(module, name):
    """What Python code defines for a public module under that name; None if nothing."""
    public = importlib.import_module(module)
    where = _defined.get(module, {}).get(name)
    if where is None:
        return None
    return getattr(importlib.import_module(where) if where else public, name)


def attribute(module, name):
    """A public module's attribute, or None."""
    return getattr(importlib.import_module(module), name, None)


def function(name):
    """The first function of that name in the modules that have functions of configs, or None."""
    found = (attribute(module, name) for module in functions)
    return next((f for f in found if callable(f)), None)
