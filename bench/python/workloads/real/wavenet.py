"""A stack of gated dilated convolutions over 2,048 samples of sound (van den Oord et al., 2016): two times eight layers
of 64 channels, and a class from all of them."""

from workloads._networks import SEQUENCES, adam, models

BATCH, STEPS = 4, 4
LENGTH, CHANNELS, LAYERS, REPEATS, CLASSES, RATE = 2048, 64, 8, 2, 10, 1e-3


def data(rng, samples):
    return [rng.standard_normal((samples, LENGTH, 1), "float32")], rng.integers(0, CLASSES, samples).astype("int64")


def network(build, x):
    x, skips = build.causal_conv(x, "first", CHANNELS, 2), None
    for repeat in range(REPEATS):
        for layer in range(LAYERS):
            name, dilation = f"r{repeat}l{layer}", 2**layer
            filtered = build.activation(build.causal_conv(x, f"{name}_filter", CHANNELS, 2, dilation), "tanh")
            gate = build.activation(build.causal_conv(x, f"{name}_gate", CHANNELS, 2, dilation), "sigmoid")
            y = build.causal_conv(build.multiply(filtered, gate), f"{name}_out", CHANNELS, 1)
            skips = y if skips is None else build.add(skips, y)
            x = build.add(x, y)
    return build.dense(build.mean(build.activation(skips, "relu")), "logits", CLASSES)


keras_model, torch_model = models(network, (LENGTH, 1), SEQUENCES, adam(RATE))
