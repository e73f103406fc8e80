"""Activities from sensors' readings: four convolutions over time, as for phones' accelerometers."""

BATCH, STEPS = 64, 20
LENGTH, SENSORS, FILTERS, KERNEL, CLASSES, RATE = 128, 9, (64, 128), 5, 6, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    return [rng.standard_normal((samples, LENGTH, SENSORS), "float32")], rng.integers(0, CLASSES, samples).astype(
        "int64"
    )


def keras_model(keras, check=False):
    layers = keras.layers

    def convolution(filters, name):
        return layers.Conv1D(filters, KERNEL, padding="same", activation="relu", name=name)

    model = keras.Sequential(
        [
            keras.Input((LENGTH, SENSORS)),
            convolution(FILTERS[0], "first"),
            convolution(FILTERS[0], "second"),
            layers.MaxPooling1D(2),
            convolution(FILTERS[1], "third"),
            convolution(FILTERS[1], "fourth"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(CLASSES, name="logits"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    nn = torch.nn

    def convolution(channels, filters):
        return nn.Conv1d(channels, filters, KERNEL, padding=KERNEL // 2)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = convolution(SENSORS, FILTERS[0]), convolution(FILTERS[0], FILTERS[0])
            self.third, self.fourth = convolution(FILTERS[0], FILTERS[1]), convolution(FILTERS[1], FILTERS[1])
            self.pool, self.logits = nn.MaxPool1d(2), nn.Linear(FILTERS[1], CLASSES)

        def forward(self, x):
            x = self.pool(self.second(self.first(x.transpose(1, 2)).relu()).relu())
            return self.logits(self.fourth(self.third(x).relu()).relu().mean(2))

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
