"""Prints what differs between calls that should give the same bits; test_same_bits_calls.py runs it in processes of its
own."""

import sys
import threading

import lamina as keras
import numpy as np
from same_bits_nets import nets

BATCHES = (1, 2, 3, 8, 33)


class Outer(keras.Model):
    """A model whose call() is Python: op by op when it is called, compiled in predict()."""

    def __init__(self):
        super().__init__()
        self.first, self.last = keras.layers.Dense(33, activation="gelu"), keras.layers.Dense(5, activation="softmax")

    def call(self, x):
        return self.last(self.first(x))


def dense_nets():
    L = keras.layers
    for units in (5, 33, 64, 300):
        for activation in (None, "relu", "gelu", "softmax"):
            yield (
                f"dense {units} {activation}",
                keras.Sequential([keras.Input((12,)), L.Dense(units, activation=activation)]),
                (12,),
            )
    yield "subclass", Outer(), (12,)


def calls():
    """First and later calls, entry points and threads."""
    random = np.random.default_rng(3)
    for name, model, shape in [*dense_nets(), *((n, m, s) for n, (m, s) in nets(keras).items())]:
        for batch in BATCHES if len(shape) == 1 else (2,):
            x = random.standard_normal((batch, *shape)).astype("float32")
            first = np.array(model(x))
            results = {
                "second call": model(x),
                "third call": model(x),
                "training=False": model(x, training=False),
                "predict_on_batch": model.predict_on_batch(x),
                "predict": model.predict(x, batch_size=batch, verbose=0),
            }
            inside = {}

            def work(i, model=model, x=x, inside=inside):
                for k in range(3):
                    inside[f"thread {i}, call {k}"] = model(x) if (i + k) % 2 else model.predict_on_batch(x)

            threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            for how, value in {**results, **inside}.items():
                if not np.array_equal(np.asarray(value), first):
                    print(
                        f"{name}, batch {batch}: {how} differs from the first call by "
                        f"{np.abs(np.asarray(value) - first).max()}"
                    )


def trained(engine, optimizer):
    keras.config.set_engine(engine)
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(1)
    for name, (model, shape) in nets(keras).items():
        x, y = random.standard_normal((96, *shape)).astype("float32"), random.standard_normal((96, 3)).astype("float32")
        model.compile(optimizer, "mse")
        losses = [model.train_on_batch(x, y) for _ in range(3)]
        yield name, losses, model.get_weights()


def engines():
    """The README's promise: which nets train to the same bits on both engines. Prints their names, and large
    differences of the others."""
    for (name, losses, weights), (_, others, other_weights) in zip(
        list(trained("graph", "adam")), list(trained("eager", "adam"))
    ):
        if losses == others and all(np.array_equal(a, b) for a, b in zip(weights, other_weights)):
            print("same:", name)
        elif not np.allclose(losses, others, rtol=1e-5) or not all(
            np.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(weights, other_weights)
        ):
            print("far apart:", name)


if __name__ == "__main__":
    print("instructions:", keras.config.instruction_set())
    {"calls": calls, "engines": engines}[sys.argv[1]]()
