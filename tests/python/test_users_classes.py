"""Users' subclasses of the light kinds, written as in Keras' documentation: without super().__init__()."""

import copy
import pickle

import lamina as keras
import numpy as np
import pytest
from lamina import ops


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / (ops.cast(step, "float32") + 1)

    def get_config(self):
        return {"start": self.start}


class Counts(keras.callbacks.Callback):
    def __init__(self, note):
        self.note, self.batches = note, 0

    def on_train_batch_end(self, batch, logs=None):
        assert self.model is not None and "loss" in logs
        self.batches += 1


class Sum(keras.regularizers.Regularizer):
    def __init__(self, strength):
        self.strength = strength

    def __call__(self, x):
        return self.strength * ops.sum(x)


class Halved(keras.constraints.Constraint):
    def __init__(self, factor):
        super().__init__()  # may be called, too
        self.factor = factor

    def __call__(self, w):
        return w * self.factor


class Filled(keras.initializers.Initializer):
    def __init__(self, value):
        self.value = value

    def __call__(self, shape, dtype=None):
        return ops.full(shape, self.value, dtype=dtype)

    def get_config(self):
        return {"value": self.value}


class FilledWithTwo(Filled):
    def __init__(self):
        super().__init__(2.0)


class Strong(keras.regularizers.L2):  # below a built-in class
    def __init__(self):
        super().__init__(l2=10.0)


class Batches(keras.utils.PyDataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.ones((4, 3), "float32"), np.ones((4, 2), "float32")


def test_all_together(engine):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(
                2,
                kernel_initializer=FilledWithTwo(),
                kernel_regularizer=Sum(0.5),
                kernel_constraint=Halved(0.5),
                bias_regularizer=Strong(),
            ),
        ]
    )
    np.testing.assert_array_equal(model.get_weights()[0], np.full((3, 2), 2.0))
    assert float(sum(model.losses)) == 6.0
    counts = Counts("mine")
    model.compile(keras.optimizers.SGD(Falling(0.0)), "mse")
    model.fit(Batches(3), verbose=0, callbacks=[counts])
    assert (counts.note, counts.batches) == ("mine", 3)
    np.testing.assert_array_equal(model.get_weights()[0], np.full((3, 2), 2.0 / 2**3))  # halved a step


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
def test_copies(again):
    assert again(Falling(0.25)).start == 0.25
    assert again(Filled(3.0)).value == 3.0


def test_a_progress_bar_of_ones_own(capfd):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    for verbose, bars in ((0, 0), (1, 1)):  # one in all, as quiet as the call
        model.fit(Batches(3), verbose=verbose, callbacks=[keras.callbacks.ProgbarLogger()])
        printed = capfd.readouterr().out
        assert printed.count("\r3/3") == bars and bool(printed) == bool(bars), printed
