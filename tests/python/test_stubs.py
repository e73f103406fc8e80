"""The stubs: type checkers accept programs, and find misspelt names and arguments."""

import ast
import os
import subprocess
import sys

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

GOOD = """
from typing import Any

import numpy as np

import lamina as keras

hidden, out = keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1, name="out", dtype="float32")
model = keras.Sequential([keras.Input((4,)), hidden, out])
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
stop = keras.callbacks.EarlyStopping(monitor="loss")
history = model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=2, verbose=0, callbacks=[stop])
print(history.history["loss"])
a = keras.ops.ones((2, 3))
b = keras.ops.matmul(a, keras.ops.transpose(a))
c = keras.ops.nn.relu(b) + 1
grids = keras.ops.meshgrid(a, b, indexing="ij")
schedule = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=10)


class Mine(keras.layers.Layer):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.matmul(inputs, self.kernel)


x = keras.Input((3,))
keras.Model(x, Mine(2)(x)).summary()
keras.utils.set_random_seed(1)
"""

# A line with a mistake, and a word of what a checker says of it.
BAD = {
    "keras.layers.Dence(3)": "Dence",
    "keras.layers.Dense(untis=3)": "untis",
    'keras.layers.Dense(3, activaton="relu")': "activaton",
    "keras.layers.LSTM()": "units",
    "keras.ops.matmull(1, 2)": "matmull",
    "keras.ops.matmul(1)": "x2",
    "keras.optimizers.Adam(learning_rat=1)": "learning_rat",
    "keras.losses.Huber(delt=1.0)": "delt",
    "keras.Sequential().fit(epoch=1)": "epoch",
}


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    subprocess.run(
        [sys.executable, os.path.join(ROOT, "scripts", "generate-stubs"), str(folder / "lamina")], check=True
    )
    return folder


def mypy(stubs, path, text):
    pytest.importorskip("mypy")
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--no-color-output", path.name],
        cwd=path.parent,
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(stubs)},
    )
    return done.returncode, done.stdout + done.stderr


def test_stubs_are_python_and_cover_the_public_modules(stubs):
    import lamina

    for module in lamina._MODULES:
        path = stubs / "lamina" / f"{module}.pyi"
        path = path if path.exists() else stubs / "lamina" / module / "__init__.pyi"
        ast.parse(path.read_text())


def test_stubs_carry_signatures_and_texts(stubs):
    text = (stubs / "lamina" / "layers" / "__init__.pyi").read_text()
    dense = text[text.index("class Dense(") : text.index("class DepthwiseConv1D(")]
    assert (
        "units: Any, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = 'glorot_uniform'" in dense
        and "Output shape:" in dense
    )


def test_good_programs_pass(stubs, tmp_path):
    code, said = mypy(stubs, tmp_path / "good.py", GOOD)
    assert code == 0, said


def test_mistakes_are_found(stubs, tmp_path):
    code, said = mypy(stubs, tmp_path / "bad.py", "\n".join(["import lamina as keras", *BAD]) + "\n")
    assert code == 1, said
    for number, (line, word) in enumerate(BAD.items(), 2):
        assert any(text.startswith(f"bad.py:{number}: error") and word in text for text in said.split("\n")), (
            line,
            said,
        )


def test_the_package_says_that_it_is_typed():
    assert os.path.exists(os.path.join(ROOT, "python", "lamina", "py.typed"))
