"""keras.ops: every public op of the C++ vocabulary, by name."""
from lamina import _lamina
from lamina.ops._python import *  # noqa: F401,F403

_NAMESPACES = ("nn", "numpy", "linalg", "image")


def __getattr__(name):
    if name in _NAMESPACES:
        import importlib

        return importlib.import_module("lamina.ops." + name)
    op = _lamina.find_op(name)
    if op is None:
        from lamina._errors import no_attribute

        raise no_attribute("lamina.ops", name, __dir__)
    globals()[name] = op
    return op


def __dir__():
    return sorted(set(globals()) | {n for n in _lamina.op_names() if "." not in n})
