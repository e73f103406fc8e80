"""int8 against float32: a layer and its quantized copy in turn, so that the machine's minutes are the same for both.

python bench/python/quantization.py [--rounds 15] [--only conv] [--cpu]
"""

import argparse
import statistics
import time
import warnings

import lamina as keras
import numpy as np

# A name, the layer, the shape of its input without the batch, batches.
CASES = [
    ("conv2d 3x3, 28x28x128 -> 128", lambda: keras.layers.Conv2D(128, 3, padding="same"), (28, 28, 128), (1, 8)),
    ("conv2d 3x3 stride 2, 28x28x128 -> 128", lambda: keras.layers.Conv2D(128, 3, strides=2, padding="same"),
     (28, 28, 128), (1, 8)),
    ("conv2d 1x1, 28x28x128 -> 128", lambda: keras.layers.Conv2D(128, 1), (28, 28, 128), (1, 8)),
    ("depthwise 3x3, 28x28x128", lambda: keras.layers.DepthwiseConv2D(3, padding="same"), (28, 28, 128), (1, 8)),
    ("separable 3x3, 28x28x128 -> 128", lambda: keras.layers.SeparableConv2D(128, 3, padding="same"),
     (28, 28, 128), (1, 8)),
    ("transposed conv2d 3x3 stride 2, 14x14x128 -> 128",
     lambda: keras.layers.Conv2DTranspose(128, 3, strides=2, padding="same"), (14, 14, 128), (1, 8)),
    ("dense 1024 -> 1024", lambda: keras.layers.Dense(1024), (1024,), (1, 32)),
    ("lstm 256, 50 steps of 256", lambda: keras.layers.LSTM(256), (50, 256), (1, 8, 32)),
    ("gru 256, 50 steps of 256", lambda: keras.layers.GRU(256), (50, 256), (1, 8)),
]  # fmt: skip


def seconds(model, x, clock):
    """Of a call, best of those that fit into a few milliseconds."""
    best, end = float("inf"), clock() + 0.02
    while True:
        start = clock()
        model.predict_on_batch(x)
        now = clock()
        best = min(best, now - start)
        if now > end:
            return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="a part of the names of the cases to run")
    parser.add_argument("--cpu", action="store_true", help="one thread's processor time, where other programs run, too")
    args = parser.parse_args()
    clock = time.process_time if args.cpu else time.perf_counter
    if args.cpu:
        keras.config.set_threads(1)
    warnings.simplefilter("ignore")
    print("| layer | batch | float32, us | int8, us | times as fast: median, worst and best round |")
    print("| --- | --- | --- | --- | --- |")
    for name, make, shape, batches in CASES:
        if args.only not in name:
            continue
        models = [keras.Sequential([keras.Input(shape), make()]) for _ in range(2)]
        models[1].set_weights(models[0].get_weights())
        models[1].quantize("int8", all_layers=True)
        for batch in batches:
            x = np.random.default_rng(0).normal(size=(batch, *shape)).astype("float32")
            for model in models:
                model.predict_on_batch(x)
            rounds = []
            for i in range(args.rounds):
                times = {j: seconds(models[j], x, clock) for j in ((0, 1) if i % 2 else (1, 0))}
                rounds.append((times[0], times[1]))
            ratios = sorted(a / b for a, b in rounds)
            floats, ints = (statistics.median(r[j] for r in rounds) * 1e6 for j in (0, 1))
            print(
                f"| {name} | {batch} | {floats:,.0f} | {ints:,.0f} | {statistics.median(ratios):.2f} "
                f"({ratios[0]:.2f} to {ratios[-1]:.2f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
