"""keras.ops.image: the ops of Keras' module of that name."""
from lamina import _lamina


def __getattr__(name):
    op = _lamina.find_op("image." + name)
    if op is None:
        from lamina._errors import no_attribute

        raise no_attribute("lamina.ops.image", name, __dir__)
    globals()[name] = op
    return op


def __dir__():
    return sorted(n[len("image."):] for n in _lamina.op_names() if n.startswith("image."))
