"""Keyword arguments that a function does not have."""

import functools
import inspect

from lamina._core.errors import suggestion


def checked_keywords(owner):
    """Decorator for methods of many keywords: a wrong one is a TypeError with the nearest right one."""

    def decorate(f):
        parameters = list(inspect.signature(f).parameters.values())[1:]
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return f
        known = [p.name for p in parameters]

        @functools.wraps(f)
        def checked(self, *args, **kwargs):
            for key in kwargs:
                if key not in known:
                    raise TypeError(
                        f"{owner}.{f.__name__}() got an unexpected keyword argument '{key}'.{suggestion(key, known)} "
                        f"Known arguments: {', '.join(known)}."
                    )
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
