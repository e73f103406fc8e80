"""KerasTuner's searches, unchanged. Skipped where KerasTuner is not installed."""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("keras_tuner") is None, reason="KerasTuner is not installed")

SEARCH = """
import sys

import keras
import keras_tuner
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.rand(40, 4).astype("float32")
y = (x.sum(1) > 2).astype("int32")

def build(hp):
    units = hp.Int("units", 4, 12, step=4)
    first = keras.layers.Dense(units, activation=hp.Choice("activation", ["relu", "tanh"]))
    model = keras.Sequential([first, keras.layers.Dense(2, activation="softmax")])
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

options = {
    "RandomSearch": {"max_trials": 2},
    "GridSearch": {"max_trials": 2},
    "Hyperband": {"max_epochs": 3, "factor": 2},
    "BayesianOptimization": {"max_trials": 4, "num_initial_points": 2},
}[sys.argv[1]]
tuner = getattr(keras_tuner, sys.argv[1])(build, objective="val_accuracy", directory=sys.argv[2], seed=1, **options)
stop = keras.callbacks.EarlyStopping("val_loss", patience=2)
tuner.search(x, y, epochs=2, validation_split=0.3, verbose=0, callbacks=[stop])
best = tuner.get_best_hyperparameters()[0]
model = tuner.get_best_models(1)[0]
assert isinstance(model, keras.Sequential) and type(model).__module__.startswith("lamina")
assert model.layers[0].units == best.get("units") and model.layers[0].activation.__name__ == best.get("activation")
trials = tuner.oracle.get_best_trials(100)
assert trials[0].score == max(t.score for t in trials) and all(t.status == "COMPLETED" for t in trials)
loss, accuracy = model.evaluate(x[-12:], y[-12:], verbose=0)
assert abs(accuracy - trials[0].score) < 1e-6, (accuracy, trials[0].score)
"""


@pytest.mark.parametrize("tuner", ["RandomSearch", "GridSearch", "Hyperband", "BayesianOptimization"])
def test_search(tmp_path, tuner):
    (tmp_path / "search.py").write_text(SEARCH)
    done = subprocess.run(
        [sys.executable, "-m", "lamina", str(tmp_path / "search.py"), tuner, str(tmp_path / "trials")],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_TUNER_DISABLE_LOGGING": "1"},
    )
    if done.returncode and "ModuleNotFoundError" in done.stderr and "No module named 'keras" not in done.stderr:
        pytest.skip("KerasTuner lacks a module that it needs: " + done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
