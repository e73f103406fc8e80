"""keras.legacy."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(__name__, modules=("saving",))
