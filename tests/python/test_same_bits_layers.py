"""Training gives the same bits on one and on two threads, for nets of every kind and batches that threads share."""
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

import lamina


def nets(keras):
    """{name: (model, shape of a sample)}"""
    L = keras.layers

    def model(shape, *layers):
        return keras.Sequential([keras.Input(shape), *layers, L.Dense(3)]), shape

    tokens = keras.Input((48, 32))
    attended = L.LayerNormalization()(tokens + L.MultiHeadAttention(4, 8)(tokens, tokens, use_causal_mask=True))
    transformer = keras.Model(tokens, L.Dense(3)(L.GlobalAveragePooling1D()(attended + L.Dense(32, activation="gelu")(attended))))
    return {
        "convolution": model((28, 28, 1), L.Conv2D(16, 3, activation="relu"), L.MaxPooling2D(), L.Conv2D(32, 3, padding="same", activation="relu"), L.MaxPooling2D(), L.Flatten()),
        "residual": model((16, 16, 16), L.Conv2D(32, 3, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(), L.Conv2D(32, 3, strides=2), L.GlobalAveragePooling2D()),
        "depthwise": model((20, 20, 8), L.DepthwiseConv2D(3, padding="same"), L.BatchNormalization(), L.Conv2D(24, 1, activation="relu6"), L.SeparableConv2D(16, 3, strides=2), L.GlobalMaxPooling2D()),
        "one axis": model((120, 12), L.Conv1D(24, 5, activation="relu"), L.AveragePooling1D(2), L.Conv1D(24, 3, padding="causal", dilation_rate=2), L.GlobalAveragePooling1D()),
        "transposed": model((7, 7, 16), L.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"), L.Conv2DTranspose(1, 3, strides=2, padding="same"), L.Flatten()),
        "lstm": model((30, 12), L.Masking(), L.Bidirectional(L.LSTM(100, return_sequences=True)), L.LSTM(16)),
        "gru": model((30, 12), L.GRU(120, return_sequences=True, dropout=0.2), L.LayerNormalization(), L.GRU(16, reset_after=False)),
        "simple": model((30, 12), L.SimpleRNN(24, return_sequences=True), L.RMSNormalization(), L.TimeDistributed(L.Dense(8)), L.Flatten()),
        "images in time": model((4, 10, 10, 2), L.ConvLSTM2D(8, 3), L.GroupNormalization(4), L.Flatten()),
        "transformer": (transformer, (48, 32)),
    }


def train():
    """Prints for each net its name and a digest of the losses and weights after three steps."""
    import numpy as np

    import lamina as keras

    keras.utils.set_random_seed(7)
    random = np.random.default_rng(1)
    for name, (model, shape) in nets(keras).items():
        x, y = random.standard_normal((96, *shape)).astype("float32"), random.standard_normal((96, 3)).astype("float32")
        model.compile("adam", "mse")
        losses = [model.train_on_batch(x, y) for _ in range(3)]
        assert np.isfinite(losses).all()
        digest = hashlib.sha256(np.asarray(losses, "float64").tobytes() + b"".join(w.tobytes() for w in model.get_weights()) + np.asarray(model.predict(x, verbose=0)).tobytes())
        digest.update(np.asarray(model.predict_on_batch(x[:1])).tobytes())
        print(f"{name}: {digest.hexdigest()}")


def lines(folder, backend, threads):
    (folder / "lamina.json").write_text(json.dumps({"backend": backend, "threads": threads}))
    env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_BACKEND", "LAMINA_CONFIG", "LAMINA_DEVICE")}
    env["PYTHONPATH"] = str(pathlib.Path(lamina._lamina.__file__).parents[1])
    done = subprocess.run([sys.executable, __file__], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("backend", ["graph", "eager"])
def test_one_and_two_threads(tmp_path, backend):
    one, two, three = (lines(tmp_path, backend, threads) for threads in (1, 2, 3))
    assert len(one) == 10
    assert one == two == three


if __name__ == "__main__":
    train()
