"""What a user does with a wheel first, where nothing else is installed; test_wheel.py runs it in an empty root.

wheel_program.py PACKAGES IMAGES: folders of the installed packages and of tests/data/images. Prints one line of JSON.
"""

import json
import os
import sys
import tempfile
import time

sys.path.insert(0, sys.argv[1])
import numpy as np  # noqa: E402

start = time.process_time()
import lamina as keras  # noqa: E402

seconds = time.process_time() - start


def fitted():
    """A model that has learned which of two numbers is larger, its data, and the losses."""
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(256, 2)).astype("float32")
    y = (x[:, :1] > x[:, 1:]).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Reshape((2, 2, 2)),
            keras.layers.Conv2D(4, 2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model, x, model.fit(x, y, epochs=30, verbose=0).history


def same_after_files(model, x, folder):
    """Whether the model's files give its predictions back."""
    expected = model.predict(x, verbose=0)
    model.save(os.path.join(folder, "model.keras"))
    model.save_weights(os.path.join(folder, "model.weights.h5"))
    loaded = keras.saving.load_model(os.path.join(folder, "model.keras"))
    other = keras.models.clone_model(model)
    differs = not np.array_equal(other.predict(x, verbose=0), expected)
    other.load_weights(os.path.join(folder, "model.weights.h5"))
    return differs and all(np.array_equal(m.predict(x, verbose=0), expected) for m in (loaded, other))


def pixels(name):
    image = keras.utils.load_img(os.path.join(sys.argv[2], name))
    return keras.utils.img_to_array(image).astype(int).tolist()


with tempfile.TemporaryDirectory() as work:
    model, x, history = fitted()
    print(
        json.dumps(
            {
                "seconds": seconds,
                "from": os.path.dirname(os.path.dirname(keras.__file__)),
                "loss": history["loss"],
                "accuracy": history["accuracy"][-1],
                "files": same_after_files(model, x, work),
                "pixels": {e: pixels(f"gradient.{e}") for e in ("png", "jpg", "webp", "gif")},
                "hashed": np.asarray(keras.layers.Hashing(1000)(np.array([["a"], ["b"]]))).tolist(),
                "others": sorted({"h5py", "PIL", "keras", "torch", "tensorflow", "jax"} & set(sys.modules)),
            }
        )
    )
