"""How a public module shows its names: they are loaded when first used, and dir() lists them and nothing else."""

import importlib
import sys

from lamina._core import homes
from lamina._core.errors import no_attribute


def public_module(module, defined=(), loaded=None, modules=(), find=None, known=None, members=None):
    """(__getattr__, __dir__) of a public module.

    Args:
        module: its name.
        defined: names that it defines itself.
        loaded: {name: module that defines it}; imported when first used.
        modules: public modules below it.
        find: name -> what else it has, or None.
        known: () -> the names that `find` knows.
        members: {class: {name: member}}, what C++ classes have in Python beyond their description.
    """
    loaded = loaded or {}
    homes.declare(module, {**dict.fromkeys(defined, ""), **loaded}, members or {})

    def listed():
        return sorted(n for n in {*defined, *loaded, *modules, *(known() if known else ())} if not n.startswith("_"))

    def __getattr__(name):
        if name == "__all__":  # of `from module import *`
            return listed()
        if name in modules:
            return importlib.import_module(f"{module}.{name}")
        if name in loaded:
            found = getattr(importlib.import_module(loaded[name]), name)
        else:
            found = find(name) if find and not name.startswith("__") else None
        if found is None:
            raise no_attribute(module, name, listed)
        setattr(sys.modules[module], name, found)
        return found

    return __getattr__, listed


def publish(module, *objects):
    """Makes `module` the home of classes and functions that are defined elsewhere: pickles and messages name it."""
    for item in objects:
        item.__module__ = module
        if isinstance(item, type) and item.__dir__ is object.__dir__:
            item.__dir__ = public_names


def public_names(self, more=()):
    """What dir() of an object lists: names without underscore in front, and `more` of them."""
    return sorted(n for n in {*object.__dir__(self), *more} if not n.startswith("_"))
