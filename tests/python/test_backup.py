"""BackupAndRestore: a training that was killed and run again ends with the bits of one that was not."""

import json
import os
import signal
import subprocess
import sys

import lamina as keras
import numpy as np
import pytest

TRAINING = """
import os, signal, sys
import numpy as np
import lamina as keras

folder, die_at, save_freq, kind, out = sys.argv[1:6]
keras.utils.set_random_seed(3)
x = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
y = (x.sum(1) > 0).astype("float32")
model = keras.Sequential([
    keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.4),
    keras.layers.BatchNormalization(), keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()])


class Dying(keras.callbacks.Callback):
    steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == int(die_at):
            os.kill(os.getpid(), signal.SIGKILL)


class Data(keras.utils.PyDataset):
    def __len__(self):
        return 7

    def __getitem__(self, i):
        return x[7 * i : 7 * i + 7], y[7 * i : 7 * i + 7]


freq = "epoch" if save_freq == "epoch" else int(save_freq)
callbacks = [
    keras.callbacks.BackupAndRestore(folder, save_freq=freq, delete_checkpoint=False),
    keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, min_delta=0.2),
    Dying(),
]
if kind == "arrays":
    data, options = (x, y), dict(batch_size=7)
elif kind == "dataset":
    data = (keras.data.Dataset.from_tensor_slices((x, y)).shuffle(50, seed=5).batch(7),)
    options = {}
elif kind == "pydataset":
    data, options = (Data(),), {}
else:  # an epoch is a part of a pass
    data = (keras.data.Dataset.from_tensor_slices((x, y)).shuffle(50, seed=5).batch(7).repeat(),)
    options = dict(steps_per_epoch=5)
history = model.fit(*data, epochs=6, verbose=0, callbacks=callbacks, shuffle=True, **options)
np.savez(out, *[np.asarray(w) for w in model.weights], *[np.asarray(v) for v in model.optimizer.variables],
         **{k: np.array(v) for k, v in history.history.items()})
"""


def train(folder, die_at, save_freq, kind, out, backend):
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, str(folder), str(die_at), str(save_freq), kind, str(out)],
        env={**os.environ, "LAMINA_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == (0 if die_at == 0 else -signal.SIGKILL), done.stderr
    return dict(np.load(out)) if die_at == 0 else None


@pytest.mark.parametrize(
    "backend, kind, save_freq, deaths",
    [
        ("graph", "arrays", 3, [17, 9]),
        ("graph", "arrays", "epoch", [20]),
        ("eager", "arrays", 1, [8, 1]),
        ("graph", "dataset", 2, [19]),
        ("eager", "pydataset", 3, [18]),
        ("graph", "repeated", 2, [13, 4]),
    ],
)
def test_killed_trainings_end_with_the_same_bits(tmp_path, backend, kind, save_freq, deaths):
    whole = train(tmp_path / "whole", 0, save_freq, kind, tmp_path / "whole.npz", backend)
    for die_at in deaths:
        train(tmp_path / "backup", die_at, save_freq, kind, tmp_path / "none.npz", backend)
    rest = train(tmp_path / "backup", 0, save_freq, kind, tmp_path / "rest.npz", backend)
    for name, value in whole.items():
        if name.startswith("arr_"):
            np.testing.assert_array_equal(rest[name], value, err_msg=name)
        else:  # history: of the epochs that were left, the one that was cut in two included
            assert 0 < len(rest[name]) < len(value) or save_freq != "epoch"
            np.testing.assert_array_equal(rest[name], value[-len(rest[name]) :], err_msg=name)


def small_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


X, Y = np.arange(20.0).reshape(10, 2) / 20, np.ones(10)


class Interrupting(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise RuntimeError("interrupted")


def interrupted(folder, **options):
    model = small_model()
    with pytest.raises(RuntimeError, match="interrupted"):
        model.fit(
            X, Y, epochs=6, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(folder, **options), Interrupting(4)]
        )
    return model


def test_files_are_those_of_keras(tmp_path):
    folder = tmp_path / "backup"
    model = interrupted(folder)
    assert sorted(os.listdir(folder)) == ["latest.weights.h5", "training_metadata.json"]
    assert json.loads((folder / "training_metadata.json").read_text()) == {"epoch": 4, "batch": 0}
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras as real

    theirs = real.Sequential([real.Input((2,)), real.layers.Dense(1)])
    theirs.compile("sgd", "mse")
    theirs.load_weights(folder / "latest.weights.h5")
    np.testing.assert_array_equal(theirs.get_weights()[0], model.get_weights()[0])
    history = theirs.fit(X, Y, epochs=6, verbose=0, callbacks=[real.callbacks.BackupAndRestore(folder)])
    assert history.epoch == [4, 5]


def test_goes_on_from_a_backup_of_keras(tmp_path):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras as real

    class Stop(real.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                raise RuntimeError("interrupted")

    theirs = real.Sequential([real.Input((2,)), real.layers.Dense(1)])
    theirs.compile("sgd", "mse")
    with pytest.raises(RuntimeError):
        theirs.fit(X, Y, epochs=6, verbose=0, callbacks=[real.callbacks.BackupAndRestore(tmp_path / "b"), Stop()])
    history = small_model().fit(X, Y, epochs=6, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b")])
    assert history.epoch == [3, 4, 5]


def test_deletes_what_it_wrote_and_nothing_else(tmp_path):
    for name in ("alone", "shared"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "shared":
            (folder / "mine.txt").write_text("mine")
        small_model().fit(X, Y, epochs=1, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(folder)])
    assert not (tmp_path / "alone").exists()
    assert os.listdir(tmp_path / "shared") == ["mine.txt"]


def test_takes_the_backup_before_if_the_last_is_damaged(tmp_path):
    interrupted(tmp_path / "b", double_checkpoint=True)
    (tmp_path / "b" / "latest.weights.h5").write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="training goes on from the one before"):
        history = small_model().fit(
            X, Y, epochs=6, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b")]
        )
    assert history.epoch == [3, 4, 5]
    interrupted(tmp_path / "c")
    (tmp_path / "c" / "latest.weights.h5").write_bytes(b"damaged")
    with pytest.raises((OSError, ValueError)):
        small_model().fit(X, Y, epochs=6, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "c")])


def test_takes_the_backup_before_if_the_last_was_never_written(tmp_path):
    interrupted(tmp_path / "b", double_checkpoint=True)
    (tmp_path / "b" / "latest.weights.h5").unlink()  # as between setting it aside and writing the next
    model = small_model()
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b")])
    assert history.epoch == [3, 4, 5]


def test_refuses_what_does_not_fit(tmp_path):
    with pytest.raises(ValueError, match="Empty `backup_dir`"):
        keras.callbacks.BackupAndRestore("")
    for freq in ("batch", 1.5, 0):
        with pytest.raises(ValueError, match="Invalid value for argument `save_freq`"):
            keras.callbacks.BackupAndRestore("x", save_freq=freq)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must be built before you call `fit"):
        model.fit(X, Y, verbose=0, callbacks=[keras.callbacks.BackupAndRestore(tmp_path / "b")])


def test_refuses_less_data_than_was_trained_on(tmp_path):
    class Dying(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 8:
                raise RuntimeError("interrupted")

    backup = keras.callbacks.BackupAndRestore(tmp_path / "b", save_freq=1)
    with pytest.raises(RuntimeError, match="interrupted"):
        small_model().fit(X, Y, batch_size=1, verbose=0, callbacks=[backup, Dying()])
    with pytest.raises(ValueError, match="after 9 batches of its data, and the data has fewer now"):
        small_model().fit(X[:4], Y[:4], batch_size=1, verbose=0, callbacks=[backup])
