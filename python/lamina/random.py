"""keras.random."""
from lamina import _lamina


def __getattr__(name):
    if name == "SeedGenerator":
        from lamina._seed import SeedGenerator

        globals()[name] = SeedGenerator
        return SeedGenerator
    op = _lamina.find_op("random." + name)
    if op is None:
        raise AttributeError(f"module 'lamina.random' has no attribute {name!r}")
    globals()[name] = op
    return op


def __dir__():
    return sorted({n[len("random."):] for n in _lamina.op_names() if n.startswith("random.")} | {"SeedGenerator"})
