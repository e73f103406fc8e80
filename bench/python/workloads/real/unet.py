"""A U-Net (Ronneberger et al., 2015) that tells the classes of a 256x256 image's places: four levels, from 32
filters."""

from workloads._networks import IMAGES, adam, models

BATCH, STEPS = 2, 4
SIZE, WIDTHS, CLASSES, RATE = 256, (32, 64, 128, 256), 4, 1e-4


def data(rng, samples):
    labels = rng.integers(0, CLASSES, (samples, SIZE, SIZE)).astype("int64")
    return [rng.random((samples, SIZE, SIZE, 3), "float32")], labels


def network(build, x):
    def twice(x, name, width):
        for part in "ab":
            x = build.activation(build.conv(x, f"{name}_{part}", width, 3, bias=True), "relu")
        return x

    levels = []
    for i, width in enumerate(WIDTHS):
        levels.append(twice(x, f"down{i}", width))
        x = build.max_pool(levels[-1], 2, 2)
    x = twice(x, "bottom", 2 * WIDTHS[-1])
    for i, width in reversed(list(enumerate(WIDTHS))):
        x = build.concatenate(levels[i], build.conv(build.upsample(x), f"up{i}", width, 1, bias=True))
        x = twice(x, f"up{i}", width)
    return build.conv(x, "logits", CLASSES, 1, bias=True)


keras_model, torch_model = models(network, (SIZE, SIZE, 3), IMAGES, adam(RATE))
