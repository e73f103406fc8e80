"""Three LSTM layers of 512 units over 64 steps of 128 numbers, and a class for the last."""

from workloads._networks import adam, models

BATCH, STEPS = 32, 4
LENGTH, WIDTH, UNITS, CLASSES, RATE = 64, 128, 512, 10, 1e-3


def data(rng, samples):
    numbers = rng.standard_normal((samples, LENGTH, WIDTH), "float32")
    return [numbers], rng.integers(0, CLASSES, samples).astype("int64")


def network(build, x):
    for i in range(3):
        x = build.lstm(x, f"recurrence_{i}", UNITS, last=i == 2)
    return build.dense(x, "logits", CLASSES)


keras_model, torch_model = models(network, (LENGTH, WIDTH), None, adam(RATE))
