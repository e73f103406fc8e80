"""Methods that an attribute of one object replaces."""

import lamina as keras
import numpy as np
import pytest
from lamina import layers, ops

X, Y = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")


def compiled(*within):
    model = keras.Sequential([keras.Input((2,)), *within, layers.Dense(3, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model


class Own(keras.callbacks.Callback):
    def __init__(self):
        self.seen = []
        self.on_train_batch_end = self.on_test_batch_end = self.on_predict_batch_end = self.note

    def note(self, batch, logs=None):
        self.seen.append(batch)


def test_of_callbacks(engine):
    seen = []
    plain = keras.callbacks.Callback()
    plain.on_epoch_end = lambda epoch, logs=None: seen.append((epoch, "loss" in logs))
    own = Own()
    model = compiled()
    model.fit(X, Y, batch_size=2, epochs=2, verbose=0, callbacks=[plain, own])
    assert seen == [(0, True), (1, True)] and own.seen == [0, 1, 0, 1]
    model.evaluate(X, Y, batch_size=2, verbose=0, callbacks=[own])
    model.predict(X, batch_size=4, verbose=0, callbacks=[own])
    assert own.seen == [0, 1, 0, 1, 0, 1, 0]


def test_of_layers_and_losses(engine):
    dense = layers.Dense(3, name="a")
    dense.build((None, 2))
    config = keras.saving.serialize_keras_object(dense)
    dense.call = lambda x: x * 5
    np.testing.assert_array_equal(dense(X), X * 5)
    assert keras.saving.serialize_keras_object(dense) == config
    inputs = keras.Input((2,))
    np.testing.assert_array_equal(keras.Model(inputs, dense(inputs)).predict(X, verbose=0), X * 5)

    loss = keras.losses.MeanSquaredError()
    loss.call = lambda y_true, y_pred: ops.sum(y_true, axis=-1)
    assert float(loss(Y, Y)) == 3


@pytest.mark.parametrize("subclass", [False, True])
def test_of_models(engine, subclass):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    model = Model() if subclass else compiled()
    model.compile("sgd", "mse")
    model.compute_loss = lambda x=None, y=None, y_pred=None, sample_weight=None, training=True: ops.sum(y_pred) * 0 + 7
    assert model.fit(X, Y, verbose=0).history["loss"] == [7]
