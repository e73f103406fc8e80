"""A small MobileNet (Howard et al., 2017): depthwise and pointwise convolutions in turn, each with batch
normalisation."""

BATCH, STEPS = 16, 20
SIZE, STEM, BLOCKS, CLASSES, RATE, MOMENTUM = (
    64,
    16,
    ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
    10,
    0.05,
    0.9,
)
AVERAGE, EPSILON = 0.99, 1e-3  # of the normalisations


def data(rng, samples):
    return [rng.random((samples, SIZE, SIZE, 3), "float32")], rng.integers(0, CLASSES, samples).astype("int64")


def rate(check):
    """Many layers blow up rounding errors with every large step: not what a check is after."""
    return RATE / 50 if check else RATE


def keras_model(keras, check=False):
    layers = keras.layers

    def normalised(x, name, layer):
        return layers.ReLU()(
            layers.BatchNormalization(momentum=AVERAGE, epsilon=EPSILON, name=f"{name}_norm")(layer(x))
        )

    image = keras.Input((SIZE, SIZE, 3))
    x = normalised(image, "stem", layers.Conv2D(STEM, 3, strides=2, padding="same", use_bias=False, name="stem"))
    for i, (width, stride) in enumerate(BLOCKS):
        x = normalised(
            x,
            f"b{i}_depth",
            layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"b{i}_depth"),
        )
        x = normalised(x, f"b{i}_point", layers.Conv2D(width, 1, use_bias=False, name=f"b{i}_point"))
    model = keras.Model(image, layers.Dense(CLASSES, name="logits")(layers.GlobalAveragePooling2D()(x)))
    model.compile(
        keras.optimizers.SGD(rate(check), momentum=MOMENTUM),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def torch_model(torch, check=False):
    nn, F = torch.nn, torch.nn.functional

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.add("stem", 3, STEM, 3, 2)
            before = STEM
            for i, (width, stride) in enumerate(BLOCKS):
                self.add(f"b{i}_depth", before, before, 3, stride, groups=before)
                self.add(f"b{i}_point", before, width, 1, 1)
                before = width
            self.logits = nn.Linear(before, CLASSES)

        def add(self, name, channels, width, size, stride, groups=1):
            self.add_module(
                name,
                nn.Conv2d(
                    channels, width, size, stride, padding=size // 2 if stride == 1 else 0, groups=groups, bias=False
                ),
            )
            self.add_module(f"{name}_norm", nn.BatchNorm2d(width, eps=EPSILON, momentum=1 - AVERAGE))

        def normalised(self, x, name, stride):
            if stride == 2:
                x = F.pad(x, (0, 1, 0, 1))  # Keras pads behind
            return getattr(self, f"{name}_norm")(getattr(self, name)(x)).relu()

        def forward(self, x):
            x = self.normalised(x.permute(0, 3, 1, 2), "stem", 2)
            for i, (_, stride) in enumerate(BLOCKS):
                x = self.normalised(self.normalised(x, f"b{i}_depth", stride), f"b{i}_point", 1)
            return self.logits(x.mean((2, 3)))

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), rate(check), momentum=MOMENTUM)
