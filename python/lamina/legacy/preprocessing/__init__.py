"""keras.src.legacy.preprocessing: Keras 2's tokenizers and generators, which tf.keras.preprocessing has."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(__name__, modules=("image", "sequence", "text"))
