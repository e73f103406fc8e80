"""Datasets with workers: batches come in order, errors reach the caller, threads end."""

import gc
import threading
import time

import lamina as keras
import numpy as np
import pytest


def model():
    m = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    m.compile("sgd", "mse")
    return m


class Numbered(keras.utils.PyDataset):
    """Batch i holds i; later ones take less time to make than earlier ones."""

    def __init__(self, count, fails_at=None, **kwargs):
        super().__init__(**kwargs)
        self.count, self.fails_at = count, fails_at
        self.lock, self.begun, self.taken, self.most_ahead = threading.Lock(), 0, 0, 0

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        with self.lock:
            self.begun += 1
            self.most_ahead = max(self.most_ahead, self.begun - self.taken)
        time.sleep(0.004 * (4 - i % 4))
        if i == self.fails_at:
            raise ArithmeticError(f"batch {i} is broken")
        return np.full((2, 3), i, "float32"), np.zeros((2, 1), "float32")


class Taken(keras.callbacks.Callback):
    def __init__(self, data):
        super().__init__()
        self.data = data

    def on_predict_batch_begin(self, batch, logs=None):
        with self.data.lock:
            self.data.taken = batch + 1


def threads():
    gc.collect()
    until = time.time() + 5
    while time.time() < until and any(t.name == "lamina-data" for t in threading.enumerate()):
        time.sleep(0.01)
    return [t for t in threading.enumerate() if t.name == "lamina-data"]


@pytest.mark.parametrize("workers, size", [(1, 10), (2, 10), (5, 3), (3, 1)])
def test_batches_in_order(workers, size):
    data = Numbered(17, workers=workers, max_queue_size=size)
    for _ in range(2):
        data.begun = data.taken = 0
        out = model().predict(data, verbose=0, callbacks=[Taken(data)])
        np.testing.assert_allclose(out[:, 0], 3 * np.repeat(np.arange(17), 2))
        assert data.begun == 17
    if workers > 1:
        # One more than the queue holds: the callback counts a batch after it has been taken.
        assert data.most_ahead <= size + 1
    assert threads() == []


@pytest.mark.parametrize("workers", [1, 3])
def test_errors_of_a_batch(workers):
    m = model()
    with pytest.raises(ArithmeticError, match="batch 5 is broken"):
        m.fit(Numbered(9, fails_at=5, workers=workers), verbose=0)
    m.fit(Numbered(9, workers=workers), verbose=0)
    assert np.isfinite(m.get_weights()[0]).all()
    assert threads() == []


def test_a_loop_that_ends_early():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    m = model()
    data = Numbered(1000, workers=3)
    with pytest.raises(KeyboardInterrupt):
        m.fit(data, verbose=0, callbacks=[Stop()])
    m.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)  # the model lets the dataset go
    assert threads() == []
    assert data.begun < 50
