"""Writes applications.json: what all models of keras.applications consist of in Keras, and what some give
with weights and images that the tests draw again. Run it in this folder with Keras 3.15 on JAX; it takes minutes.

    KERAS_BACKEND=jax python make_applications.py
"""

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


def build(function, arguments):
    with without_values(keras):
        return getattr(keras.applications, function)(**arguments)


def structures():
    for function in sorted(vars(keras.applications)):
        if inspect.isfunction(getattr(keras.applications, function)):
            with data_format(keras, "channels_last"):
                yield function, structure(build(function, {"weights": None}))


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
