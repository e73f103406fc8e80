"""Which Keras this is."""

from lamina._core.public import publish


def version():
    """The version of Keras whose behaviour and files this package follows."""
    return "3.15.1"


publish("lamina", version)
