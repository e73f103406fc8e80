"""SwapEMAWeights and RemoteMonitor."""

import http.server
import json
import threading
import urllib.parse

import lamina as keras
import numpy as np
import pytest

X, Y = np.linspace(-1, 1, 40, dtype="float32").reshape(20, 2), np.linspace(0, 1, 20, dtype="float32")


class Seen(keras.callbacks.Callback):
    """The weights at some events."""

    def __init__(self):
        super().__init__()
        self.at = {}

    def look(self, event):
        self.at.setdefault(event, []).append([w.copy() for w in self.model.get_weights()])

    def on_epoch_begin(self, epoch, logs=None):
        self.look("epoch_begin")

    def on_epoch_end(self, epoch, logs=None):
        self.look("epoch_end")

    def on_test_batch_begin(self, batch, logs=None):
        self.look("test")

    def on_train_batch_end(self, batch, logs=None):
        self.look("batch")


def averaged(optimizer=None, **options):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer or keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse", **options)
    return model


def moving_average(weights):
    """With momentum 0.5, from the weights after each step."""
    out = [w.copy() for w in weights[0]]
    for step in weights[1:]:
        out = [0.5 * a + 0.5 * w for a, w in zip(out, step)]
    return out


@pytest.mark.parametrize("eagerly", [False, True])
def test_evaluation_sees_averages(eagerly):
    model, seen = averaged(run_eagerly=eagerly), Seen()
    model.fit(
        X,
        Y,
        validation_data=(X, Y),
        batch_size=20,
        epochs=3,
        verbose=0,
        callbacks=[keras.callbacks.SwapEMAWeights(), seen],
    )
    for epoch in range(3):
        for now, average in zip(seen.at["test"][epoch], moving_average(seen.at["batch"][: epoch + 1])):
            np.testing.assert_allclose(now, average, rtol=1e-6)
        for now, own in zip(seen.at["epoch_end"][epoch], seen.at["batch"][epoch]):
            np.testing.assert_array_equal(now, own)  # swapped back
    for now, average in zip(model.get_weights(), moving_average(seen.at["batch"])):
        np.testing.assert_allclose(now, average, rtol=1e-6)  # what training with averages ends with


@pytest.mark.parametrize("stop", [False, True])
def test_swaps_on_epochs(stop):
    model, seen = averaged(), Seen()
    callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True), seen]
    if stop:
        callbacks.append(keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=1e9))
    model.fit(X, Y, batch_size=20, epochs=2 if stop else 3, verbose=0, callbacks=callbacks)
    for epoch, at_end in enumerate(seen.at["epoch_end"]):
        for now, average in zip(at_end, moving_average(seen.at["batch"][: epoch + 1])):
            np.testing.assert_allclose(now, average, rtol=1e-6)
    for now, own in zip(seen.at["epoch_begin"][1], seen.at["batch"][0]):
        np.testing.assert_array_equal(now, own)
    for now, average in zip(model.get_weights(), moving_average(seen.at["batch"])):
        np.testing.assert_allclose(now, average, rtol=1e-6)


def test_prediction_leaves_the_weights_as_they_were():
    model, swap = averaged(), keras.callbacks.SwapEMAWeights()
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    before = model.get_weights()
    with_averages, own = model.predict(X, verbose=0, callbacks=[swap]), model.predict(X, verbose=0)
    assert np.abs(with_averages - own).max() > 1e-4
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)


def test_same_history_as_keras(tmp_path):
    import keras as real

    ours, theirs = averaged(), real.Sequential([real.Input((2,)), real.layers.Dense(1)])
    theirs.compile(real.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    theirs.set_weights(ours.get_weights())
    options = {"batch_size": 5, "epochs": 3, "verbose": 0, "shuffle": False, "validation_data": (X, Y)}
    a = ours.fit(X, Y, **options, callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]).history
    b = theirs.fit(X, Y, **options, callbacks=[real.callbacks.SwapEMAWeights(swap_on_epoch=True)]).history
    for name in b:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-5)
    for v, w in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(v, w, rtol=1e-5)


def test_needs_averages():
    for optimizer in ("sgd", keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())):
        with pytest.raises(ValueError, match="use_ema=True"):
            averaged(optimizer).fit(
                X, Y, validation_data=(X, Y), verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()]
            )
    inner = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    averaged(keras.optimizers.LossScaleOptimizer(inner)).fit(
        X, Y, validation_data=(X, Y), verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()]
    )


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((self.path, dict(self.headers), body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    made = http.server.HTTPServer(("127.0.0.1", 0), Server)
    made.received, made.answer = [], 200
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_remote_monitor(server):
    root = f"http://127.0.0.1:{server.server_port}"
    model = averaged()
    monitors = [
        keras.callbacks.RemoteMonitor(root, headers={"X-Run": "7"}),
        keras.callbacks.RemoteMonitor(root, path="/json", send_as_json=True),
    ]
    loss = model.fit(X, Y, epochs=2, verbose=0, callbacks=monitors).history["loss"]
    paths = [path for path, _, _ in server.received]
    assert paths == ["/publish/epoch/end/", "/json"] * 2
    _, headers, body = server.received[2]
    assert headers["X-Run"] == "7"
    assert json.loads(urllib.parse.parse_qs(body)["data"][0]) == {"epoch": 1, "loss": loss[1]}
    _, headers, body = server.received[3]
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"epoch": 1, "loss": loss[1]}


def test_remote_monitor_without_a_server(server):
    server.answer = 500
    root = f"http://127.0.0.1:{server.server_port}"
    with pytest.warns(UserWarning, match=f"Could not reach RemoteMonitor root server at {root}"):
        keras.callbacks.RemoteMonitor(root).on_epoch_end(0, {"loss": np.float32(1)})
    with pytest.warns(UserWarning, match="Could not reach"):
        keras.callbacks.RemoteMonitor("http://127.0.0.1:1").on_epoch_end(0, {"loss": np.float32(1)})
