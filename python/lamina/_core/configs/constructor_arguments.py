"""The config of a user's class that writes none itself: the arguments that its constructor was called with."""

import inspect

from lamina._core.values.structures import flatten

_PLAIN = (str, int, float, bool, type(None))
_EXAMPLE = """

Example:

class MyOperation(keras.Operation):
    def __init__(self, factor, *, name=None):
        super().__init__(name=name)
        self.factor = factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
"""


def bound_arguments(cls, args, kwargs):
    """The arguments of a call of cls(*args, **kwargs), by name.

    Args:
        cls: a class whose __init__ has a signature.
        args: positional arguments without `self`.
        kwargs: named arguments.

    Returns:
        (a dict with the defaults of what was left out, or None where it would not make the object again; whether it
        would not because of arguments that have no name). `name` is left out.
    """
    signature = inspect.signature(cls.__init__)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return None, False
    bound.apply_defaults()
    given, first = {}, next(iter(signature.parameters))
    for p in signature.parameters.values():
        if p.name == first:
            continue
        if p.kind is p.POSITIONAL_ONLY or (p.kind is p.VAR_POSITIONAL and bound.arguments[p.name]):
            return None, True
        if p.kind is p.VAR_KEYWORD:
            given.update(bound.arguments[p.name])
        elif p.kind is not p.VAR_POSITIONAL:
            given[p.name] = bound.arguments[p.name]
    given.pop("name", None)
    return (given if all(isinstance(v, _PLAIN) for v in flatten(given)) else None), False


def config_of_arguments(obj, args, kwargs):
    """The config of an operation from the arguments of its constructor.

    Args:
        obj: the operation.
        args: positional arguments of its constructor.
        kwargs: named arguments of its constructor.

    Returns:
        A dict that `type(obj)(**config)` takes.

    Raises:
        NotImplementedError: if the constructor was given what a config cannot hold, or arguments that have no name.
    """
    cls = type(obj)
    given, nameless = bound_arguments(cls, args, kwargs)
    if given is None and nameless:
        raise NotImplementedError(
            f"Object {cls.__name__} was created by passing positional only or variadic positional arguments (e.g., "
            "`*args`) to `__init__()`, from which no config can be made. Give `__init__()` named arguments alone, or "
            f"override `get_config()` and `from_config()`.{_EXAMPLE}"
        )
    if given is None:
        raise NotImplementedError(
            f"Object {cls.__name__} was created by passing non-serializable argument values in `__init__()`, and "
            "therefore the object must override `get_config()` in order to be serializable. Please implement "
            f"`get_config()`.{_EXAMPLE}"
        )
    parameters = inspect.signature(cls.__init__).parameters
    takes_name = "name" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return {**({"name": obj.name} if takes_name else {}), **given}
