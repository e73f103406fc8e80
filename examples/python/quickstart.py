"""The main job on real input: fit handwritten digits in Python, go on in C++ without Python, come back.

Run it with `make quickstart`. It runs on both engines by changing one word in lamina.json.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_digits():
    """1,797 digits as float rows in [0, 1] and labels, in a fixed shuffled order: 1,437 to fit, 360 held out."""
    table = np.loadtxt(ROOT / "examples/data/digits.csv", delimiter=",", dtype="float32")
    table = table[np.random.default_rng(0).permutation(len(table))]
    x, y = table[:, :64] / 16, table[:, 64].astype("int32")
    return (x[:1437], y[:1437]), (x[1437:], y[1437:])


def fit(verbose):
    """Defines and fits the model; gives it with its history."""
    import lamina as keras

    keras.utils.set_random_seed(1)
    (x, y), held_out = load_digits()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=30, validation_data=held_out, verbose=verbose)
    return model, history.history


def child(work):
    """One engine's run, in a process of its own: the engine comes from lamina.json in the working folder."""
    engine = json.loads(pathlib.Path("lamina.json").read_text())["backend"]
    model, history = fit(verbose=1 if engine == "graph" else 0)
    pathlib.Path(f"{engine}.json").write_text(json.dumps(history))
    if engine == "graph":
        model.summary()
        model.save("digits.keras")
        _, (x, _) = load_digits()
        np.savetxt("held_out.csv", x, fmt="%.9g", delimiter=",")
        np.savetxt("predictions.csv", model.predict(x, verbose=0), fmt="%.9g", delimiter=",")


def main():
    with tempfile.TemporaryDirectory() as work:
        histories = {}
        for engine in ("graph", "eager"):
            pathlib.Path(work, "lamina.json").write_text(json.dumps({"backend": engine}))
            env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_BACKEND", "LAMINA_CONFIG")}
            subprocess.run([sys.executable, __file__, "child"], cwd=work, check=True, env=env)
            histories[engine] = json.loads(pathlib.Path(work, f"{engine}.json").read_text())
        difference = max(
            abs(a - b) for k in histories["graph"] for a, b in zip(histories["graph"][k], histories["eager"][k])
        )
        accuracy = histories["graph"]["val_accuracy"][-1]
        print(f"\nheld-out accuracy: {accuracy:.4f}")
        print(f"graph and eager engine, largest difference of the histories: {difference:.2e}")
        program = ROOT / "build/bin/digits"
        subprocess.run(
            [
                str(program),
                "digits.keras",
                "held_out.csv",
                "predictions.csv",
                str(ROOT / "examples/data/digits.csv"),
                "trained_on.keras",
            ],
            cwd=work,
            check=True,
        )
        import lamina as keras

        again = keras.models.load_model(os.path.join(work, "trained_on.keras"))
        loss, acc = again.evaluate(*load_digits()[1], verbose=0)
        print(
            f"Python opened what C++ saved: held-out loss {loss:.4f}, accuracy {acc:.4f}, step "
            f"{int(again.optimizer.iterations)}"
        )
        if accuracy < 0.97:
            sys.exit("The model did not reach 97% held-out accuracy.")
        if difference > 1e-5:
            sys.exit("The engines' histories differ by more than 1e-5.")


if __name__ == "__main__":
    child(os.getcwd()) if sys.argv[1:] == ["child"] else main()
