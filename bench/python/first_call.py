"""What a model's first prediction costs beside later ones: in a row with others like it, and after other work, which
leaves caches cold.

python bench/python/first_call.py [workload ...]
"""

import statistics
import sys
import time

import lamina as keras
import numpy as np
import workloads

MODELS = 40
ROUNDS = 5


def seconds(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


CALLS = {
    "predict": lambda model, x: model.predict(x, batch_size=len(x), verbose=0),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
}


def measure(name, call):
    workload = workloads.load(name)
    x, _ = workload.data(np.random.default_rng(0), workload.BATCH)
    x = x[0] if len(x) == 1 else x

    def predict(model):
        CALLS[call](model, x)

    def make():
        return workload.keras_model(keras)

    for _ in range(3):
        predict(make())
    rows = []
    for _ in range(ROUNDS):
        fresh = [make() for _ in range(MODELS)]
        first_in_a_row = [seconds(lambda: predict(model)) for model in fresh]
        del fresh
        first, other, later = [], [], []
        for _ in range(MODELS):
            model = make()
            first.append(seconds(lambda: predict(model)))
            make()
            other.append(seconds(lambda: predict(model)))
            for _ in range(5):
                predict(model)
            later.append(seconds(lambda: predict(model)))
        rows.append([1e6 * statistics.median(times) for times in (first_in_a_row, first, other, later)])
    row = [statistics.median(column) for column in zip(*rows)]
    ratio = lambda a, b: statistics.median(r[a] / r[b] for r in rows)
    print(
        f"{name:9} {call:17} first calls in a row {row[0]:8.1f} us, after making the model {row[1]:8.1f}; later "
        f"after making another {row[2]:8.1f}, later in a row {row[3]:8.1f}; "
        f"times as long as later in a row: {ratio(0, 3):.1f}, {ratio(1, 3):.1f}"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or ["seed_mlp", "mlp", "cnn", "resnet"]:
        for call in CALLS:
            measure(name, call)
