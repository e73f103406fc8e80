"""What error messages share: the nearest known name, and where an error happened."""
import difflib
import functools
import inspect

from lamina import _lamina
from lamina._hierarchy import virtual_base


def suggestion(name, known):
    """" Did you mean 'relu'?" for 'rellu', or "" if nothing known is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" Did you mean '{near[0]}'?" if near else ""


def no_attribute(module, name, known):
    """The AttributeError of a module; `known` gives its names."""
    near = "" if name.startswith("_") else suggestion(name, known())
    return AttributeError(f"module {module!r} has no attribute {name!r}" + ("." + near if near else ""))


def checked_keywords(owner):
    """Decorator for methods of many keywords: a wrong one is a TypeError with the nearest right one."""

    def decorate(f):
        parameters = [p for p in inspect.signature(f).parameters.values()][1:]
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return f
        known = [p.name for p in parameters]

        @functools.wraps(f)
        def checked(self, *args, **kwargs):
            for key in kwargs:
                if key not in known:
                    raise TypeError(f"{owner}.{f.__name__}() got an unexpected keyword argument '{key}'.{suggestion(key, known)} Known arguments: {', '.join(known)}.")
            return f(self, *args, **kwargs)

        return checked

    return decorate


def unknown_keyword_is_value_error(make, name, *arguments):
    """make(*arguments), as layers and optimizers of Keras do: unknown keywords are a ValueError, not a TypeError."""
    try:
        make(*arguments)
    except TypeError as e:
        if str(e).startswith(f"{name} got an unexpected keyword argument"):
            raise ValueError(str(e)) from None
        raise


def check_layer_name(name):
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(f"Argument `name` must be a string and cannot contain character `/`. Received: name={name} (of type {type(name)})")


_CALLING = "Exception encountered when calling"
_LOCATED = (ValueError, TypeError, IndexError, AttributeError, RuntimeError, NotImplementedError, ArithmeticError)


def located(error, layer):
    """Writes into an error of a user's call() in which layer it happened; once, and only where the text is all there is."""
    plain = type(error).__module__ == "builtins" and isinstance(error, _LOCATED) and len(error.args) == 1 and isinstance(error.args[0], str)
    if plain and _CALLING not in error.args[0]:
        error.args = (f"{_CALLING} layer '{layer.name}' ({type(layer).__name__}). {error.args[0]}",)


def _is_kin(cls, subclass):
    """Whether a class counts as a subclass of Layer, Model or Wrapper though it does not derive from it."""
    return cls._virtual(subclass)


class LayerType(virtual_base(type(_lamina.LayerCore), _is_kin)):
    """The class of layer classes: says what to do where an __init__() of a subclass forgets Layer's."""

    def __call__(cls, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except TypeError as e:
            if "__init__() must be called when overriding __init__" not in str(e):
                raise
            raise RuntimeError(f"In layer '{cls.__name__}', you forgot to call `super().__init__()` as the first statement in the `__init__()` method. Go add it!") from None
