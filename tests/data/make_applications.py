"""Writes applications.json: what all models of keras.applications consist of in Keras, and what some give
with weights and images that the tests draw again. Run it in this folder with Keras 3.15 on JAX; it takes minutes.

    KERAS_BACKEND=jax python make_applications.py
"""

import contextlib
import inspect
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "python"))

import keras  # noqa: E402
from application_cases import GAINS, OUTPUTS, data_format, fill, images, key, structure, without_values  # noqa: E402
from keras.src.models import Functional  # noqa: E402
from keras.src.utils import file_utils  # noqa: E402


def build(function, arguments):
    with without_values(keras):
        return getattr(keras.applications, function)(**arguments)


@contextlib.contextmanager
def asked_files():
    """The (name, address, hash) of weights that models would get; they are built without."""
    files, get_file, load_weights = [], file_utils.get_file, Functional.load_weights
    file_utils.get_file = lambda name, origin, cache_subdir, file_hash="": files.append([name, origin, file_hash])
    Functional.load_weights = lambda self, path: None
    try:
        yield files
    finally:
        file_utils.get_file, Functional.load_weights = get_file, load_weights


def structures():
    """With weights of "imagenet", and the files of these with the top and without it."""
    for function in sorted(vars(keras.applications)):
        if inspect.isfunction(getattr(keras.applications, function)):
            with data_format(keras, "channels_last"), asked_files() as files:
                found = structure(build(function, {}))
                build(function, {"include_top": False, "input_shape": (224, 224, 3)})
            yield function, {**found, "files": files}


def outputs():
    for case in OUTPUTS:
        function, arguments, layout = case
        with data_format(keras, layout):
            model = build(function, arguments)
            fill(model, GAINS.get(function, 1.0))
            rows = model.predict(images(model.input_shape), verbose=0)
        yield key(case), [[float(f"{v:.9g}") for v in row[:10]] for row in rows]


def main():
    parts = []
    for part in (structures, outputs):
        lines = []
        for name, found in part():
            print(name, flush=True)
            lines.append(f"{json.dumps(name)}: {json.dumps(found)}")
        parts.append(f'"{part.__name__}": {{\n' + ",\n".join(lines) + "\n}")
    (HERE / "applications.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
