"""ResNet-20 for small images (He et al., 2016, section 4.2): nineteen convolutions with batch normalisation, and a
dense layer."""

BATCH, STEPS = 32, 20
SIZE, WIDTHS, BLOCKS, CLASSES, RATE, MOMENTUM = 32, (16, 32, 64), 3, 10, 0.05, 0.9
AVERAGE, EPSILON = 0.99, 1e-3  # of the normalisations


def data(rng, samples):
    return [rng.random((samples, SIZE, SIZE, 3), "float32")], rng.integers(0, CLASSES, samples).astype("int64")


def rate(check):
    """Twenty layers blow up rounding errors with every large step: not what a check is after."""
    return RATE / 10 if check else RATE


def blocks():
    """(name, width, stride, whether the shortcut changes shape)"""
    before = WIDTHS[0]
    for stage, width in enumerate(WIDTHS):
        for block in range(BLOCKS):
            yield f"s{stage}b{block}", width, 2 if stage and not block else 1, before != width
            before = width


def keras_model(keras, check=False):
    layers = keras.layers

    def normalised(x, name, width, size, stride):
        x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return layers.BatchNormalization(momentum=AVERAGE, epsilon=EPSILON, name=f"{name}_norm")(x)

    image = keras.Input((SIZE, SIZE, 3))
    x = layers.ReLU()(normalised(image, "stem", WIDTHS[0], 3, 1))
    for name, width, stride, changes in blocks():
        y = layers.ReLU()(normalised(x, f"{name}_a", width, 3, stride))
        y = normalised(y, f"{name}_b", width, 3, 1)
        x = layers.ReLU()(layers.Add()([y, normalised(x, f"{name}_skip", width, 1, stride) if changes else x]))
    model = keras.Model(image, layers.Dense(CLASSES, name="logits")(layers.GlobalAveragePooling2D()(x)))
    model.compile(
        keras.optimizers.SGD(rate(check), momentum=MOMENTUM),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def torch_model(torch, check=False):
    nn, F = torch.nn, torch.nn.functional

    class Same(nn.Conv2d):
        """Pads as Keras does: the odd place of stride 2 behind."""

        def forward(self, x):
            if self.stride[0] == 1:
                return super().forward(x)
            return F.conv2d(F.pad(x, (0, 1, 0, 1)) if self.kernel_size[0] == 3 else x, self.weight, stride=self.stride)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.add("stem", 3, WIDTHS[0], 3, 1)
            before = WIDTHS[0]
            for name, width, stride, changes in blocks():
                self.add(f"{name}_a", before, width, 3, stride)
                self.add(f"{name}_b", width, width, 3, 1)
                if changes:
                    self.add(f"{name}_skip", before, width, 1, stride)
                before = width
            self.logits = nn.Linear(before, CLASSES)

        def add(self, name, channels, width, size, stride):
            self.add_module(
                f"{name}_conv", Same(channels, width, size, stride, padding=size // 2 if stride == 1 else 0, bias=False)
            )
            self.add_module(f"{name}_norm", nn.BatchNorm2d(width, eps=EPSILON, momentum=1 - AVERAGE))

        def normalised(self, x, name):
            return getattr(self, f"{name}_norm")(getattr(self, f"{name}_conv")(x))

        def forward(self, x):
            x = self.normalised(x.permute(0, 3, 1, 2), "stem").relu()
            for name, _, _, changes in blocks():
                y = self.normalised(self.normalised(x, f"{name}_a").relu(), f"{name}_b")
                x = (y + (self.normalised(x, f"{name}_skip") if changes else x)).relu()
            return self.logits(x.mean((2, 3)))

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), rate(check), momentum=MOMENTUM)
