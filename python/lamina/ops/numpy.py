"""keras.ops.numpy: the ops of Keras' module of that name."""
from lamina import ops


def __getattr__(name):
    return getattr(ops, name)
