"""`import lamina.as_keras`: from here on `import keras`, `from keras.layers import Dense` and `tensorflow.keras` mean
Lamina, in this process. `python -m lamina script.py` runs a script so.

Import it before anything that imports Keras. Where TensorFlow is not installed, `import tensorflow` gives a module
with `keras`, `data`, `GradientTape`, `function`, and what scripts use of TensorFlow's functions on tensors, images,
files and texts around models, by Lamina's ops; what else a script asks it for is an AttributeError that names the
equivalent.
"""

from lamina.as_keras.imports import install

install()
