"""How fast a cell written by a user runs against the fused recurrence that computes the same: LSTM 128 over 80 steps,
batch 32.

    python bench/python/custom_cell.py [--rounds 7]

The cell is Keras' own formula in a few ops; `RNN` runs it through `scan`. Prints milliseconds of a training step and of
a prediction, and the fraction of the fused layer's speed. Rounds go over the two in turn; medians.
"""

import argparse
import statistics
import time

import lamina as keras
import numpy as np
from lamina import ops

BATCH, STEPS, WIDTH = 32, 80, 128


class UsersLSTMCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units, self.state_size, self.output_size = units, [units, units], units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 4 * self.units), initializer="glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="bias")

    def call(self, x, states, training=False):
        h, c = states
        i, f, g, o = ops.split(
            ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias, 4, axis=-1
        )
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


def model(layer):
    m = keras.Sequential([keras.Input((STEPS, WIDTH)), layer, keras.layers.Dense(1)])
    m.compile("adam", "mse")
    return m


def milliseconds(run, seconds=0.5):
    run()
    times, until = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < until:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((BATCH, STEPS, WIDTH), "float32"), rng.standard_normal((BATCH, 1), "float32")
    models = {"fused": model(keras.layers.LSTM(WIDTH)), "users": model(keras.layers.RNN(UsersLSTMCell(WIDTH)))}
    models["users"].set_weights(models["fused"].get_weights())
    np.testing.assert_allclose(*(m.predict_on_batch(x) for m in models.values()), rtol=1e-4, atol=1e-5)
    for what, run in (("fit", lambda m: m.train_on_batch(x, y)), ("predict", lambda m: m.predict_on_batch(x))):
        rounds = [{name: milliseconds(lambda m=m: run(m)) for name, m in models.items()} for _ in range(args.rounds)]
        fused, users = (statistics.median(r[name] for r in rounds) for name in models)
        fraction = statistics.median(r["fused"] / r["users"] for r in rounds)
        print(f"{what}: fused {fused:.2f} ms, a user's cell {users:.2f} ms: {fraction:.2f} of its speed")


if __name__ == "__main__":
    main()
