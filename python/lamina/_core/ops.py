"""The C++ ops by name: `ops.add`. What lamina.ops shows, without what Python adds to it."""

from lamina import _lamina
from lamina._core.public import publish


def _op(name):
    """For pickles of ops."""
    return _lamina.find_op(name)


publish("lamina.saving", _op)


def __getattr__(name):
    op = _lamina.find_op(name) if not name.startswith("__") else None
    if op is None:
        raise AttributeError(f"There is no op {name!r}.")
    globals()[name] = op
    return op
