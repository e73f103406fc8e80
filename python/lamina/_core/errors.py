"""What error messages share: the nearest known name, and where an error happened."""

import contextlib


def suggestion(name, known):
    """ " Did you mean 'relu'?" for 'rellu', or "" if nothing known is near."""
    import difflib  # here, since most programs make no mistakes

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" Did you mean '{near[0]}'?" if near else ""


def no_attribute(module, name, known):
    """The AttributeError of a module; `known` gives its names."""
    near = "" if name.startswith("_") else suggestion(name, known())
    return AttributeError(f"module {module!r} has no attribute {name!r}" + ("." + near if near else ""))


def check_layer_name(name):
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(
            f"Argument `name` must be a string and cannot contain character `/`. Received: name={name} (of type "
            f"{type(name)})"
        )


_CALLING = "Exception encountered when calling"
_LOCATED = (ValueError, TypeError, IndexError, AttributeError, RuntimeError, NotImplementedError, ArithmeticError)


def located(error, layer):
    """Writes into an error of a user's call() in which layer it happened; once, and only where the text is all there
    is."""
    plain = (
        type(error).__module__ == "builtins"
        and isinstance(error, _LOCATED)
        and len(error.args) == 1
        and isinstance(error.args[0], str)
    )
    if plain and _CALLING not in error.args[0]:
        error.args = (f"{_CALLING} layer '{layer.name}' ({type(layer).__name__}). {error.args[0]}",)


@contextlib.contextmanager
def making_from_config():
    """TypeErrors inside it say what they mostly come from: a class that took its parts as configs."""
    try:
        yield
    except TypeError as e:
        advice = "explicitly deserialized"
        if len(e.args) == 1 and isinstance(e.args[0], str) and advice not in e.args[0]:
            e.args = (
                f"{e.args[0]} Make sure that layers and other objects which a get_config() of your own returns are "
                f"{advice} in its from_config().",
            )
        raise


def not_inferred(error, operation):
    """Writes into an error of a user's call() that it came up while the outputs' shapes were inferred; once."""
    begin = "Could not automatically infer the output shape / dtype of"
    cls = type(operation).__name__
    if len(error.args) == 1 and isinstance(error.args[0], str) and begin not in error.args[0]:
        error.args = (
            f"{begin} '{operation.name}' (of type {cls}). Either the `{cls}.call()` method is incorrect, or you need "
            f"to implement the `{cls}.compute_output_spec()` or `compute_output_shape()` method. Error encountered:\n\n"
            f"{error.args[0]}",
        )
