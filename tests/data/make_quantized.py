"""Writes quantized_int8.keras, quantized_int4.keras and quantized.json: quantized models as Keras saves them, and what
they give, for the C++ tests of serialization/. Run it in this folder with Keras 3.15 on JAX.

    KERAS_BACKEND=jax python make_quantized.py
"""

import json
import os
import warnings
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

HERE = Path(__file__).parent


def made(mode, config=None):
    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    inputs = keras.Input((3,), dtype="int32")
    x = layers.Embedding(6, 5)(inputs)
    x = layers.EinsumDense("abc,cde->abde", output_shape=(3, 2, 3), bias_axes="de")(x)
    x = layers.Flatten()(x)
    model = keras.Model(inputs, layers.Dense(2, activation="tanh")(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(mode, config=config)
    return model


def main():
    x = np.array([[0, 1, 2], [3, 4, 5], [5, 0, 3]])
    expected = {"x": x.tolist()}
    for mode, config in (("int8", None), ("int4", keras.quantizers.Int4QuantizationConfig(block_size=4))):
        model = made(mode, config)
        model.save(HERE / f"quantized_{mode}.keras")
        expected[mode] = np.float64(model.predict(x, verbose=0)).tolist()
    (HERE / "quantized.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
