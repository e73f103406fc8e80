"""Training from a seed gives the same bits: in every process, on any number of threads, from Python and from C++."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys

import lamina
import pytest

ROOT = pathlib.Path(__file__).parents[2]
DIGITS = ROOT / "examples/data/digits.csv"
PROGRAM = pathlib.Path(lamina._lamina.__file__).parents[2] / "bin/train_seeded"
PACKAGE = pathlib.Path(lamina._lamina.__file__).parents[1]


def train(path, seed):
    """The net of tests/cpp/programs/train_seeded.cpp; prints what that prints."""
    import lamina as keras
    import numpy as np

    table = np.loadtxt(path, delimiter=",", dtype="float32")
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu", input_shape=(64,)),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(table[:, :64] / 16, table[:, 64].astype("int32"), epochs=3, verbose=0).history
    for name in sorted(history):
        print(name, np.asarray(history[name], "float64").tobytes().hex())
    for weight in model.get_weights():
        print("weight", weight.tobytes().hex())


def run(folder, command, backend="graph", threads=2):
    """The lines that a process of its own prints, on this engine with so many threads."""
    (folder / "lamina.json").write_text(json.dumps({"backend": backend, "threads": threads}))
    env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_BACKEND", "LAMINA_CONFIG", "LAMINA_DEVICE")}
    env["PYTHONPATH"] = str(PACKAGE)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["accuracy", "loss"] + ["weight"] * 4
    return lines


def python(folder, *seeds, **where):
    return run(folder, [sys.executable, __file__, str(DIGITS), *map(str, seeds or [11])], **where)


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("backend", ["graph", "eager"])
def test_ten_processes_on_one_and_two_threads(tmp_path, backend):
    digests = [digest(python(tmp_path, backend=backend, threads=1 + i % 2)) for i in range(10)]
    assert len(set(digests)) == 1, digests


def test_another_seed_gives_other_bits(tmp_path):
    """Or the test above would say nothing."""
    for a, b in zip(python(tmp_path), python(tmp_path, 12)):
        assert a != b


@pytest.mark.parametrize("backend", ["graph", "eager"])
def test_a_seed_starts_afresh(tmp_path, backend):
    """What ran before in the process leaves no trace."""
    lines = python(tmp_path, 11, 12, 11, backend=backend)
    assert lines[:6] == lines[12:] != lines[6:12]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("backend", ["graph", "eager"])
def test_python_and_cpp(tmp_path, backend, threads):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built: cmake --build build --target train_seeded")
    ours = python(tmp_path, backend=backend, threads=threads)
    theirs = run(tmp_path, [str(PROGRAM), str(DIGITS)], backend=backend, threads=threads)
    differ = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    assert not differ, f"of accuracy, loss and the four weights, these differ: {differ}"


def test_engines_agree_to_rounding(tmp_path):
    import numpy as np

    def numbers(lines):
        return [
            np.frombuffer(bytes.fromhex(line.split()[1]), "float64" if line.split()[0] != "weight" else "float32")
            for line in lines
        ]

    for a, b in zip(numbers(python(tmp_path, backend="graph")), numbers(python(tmp_path, backend="eager"))):
        np.testing.assert_allclose(
            a, b, rtol=1e-3, atol=1e-4
        )  # Adam turns rounding differences of tiny gradients into steps


if __name__ == "__main__":
    for given in sys.argv[2:]:
        train(sys.argv[1], int(given))
