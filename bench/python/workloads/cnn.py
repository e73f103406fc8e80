"""A small convolutional network for images of digits: two convolutions with poolings, one dense layer."""

BATCH, STEPS = 128, 30
SIZE, FILTERS, KERNEL, CLASSES, RATE = 28, (32, 64), 3, 10, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    return [rng.random((samples, SIZE, SIZE, 1), "float32")], rng.integers(0, CLASSES, samples).astype("int64")


def keras_model(keras, check=False):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(FILTERS[0], KERNEL, activation="relu", name="first"),
            layers.MaxPooling2D(),
            layers.Conv2D(FILTERS[1], KERNEL, activation="relu", name="second"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(CLASSES, name="logits"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    nn = torch.nn
    side = ((SIZE - KERNEL + 1) // 2 - KERNEL + 1) // 2

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(1, FILTERS[0], KERNEL), nn.Conv2d(*FILTERS, KERNEL)
            self.pool, self.logits = nn.MaxPool2d(2), nn.Linear(side * side * FILTERS[1], CLASSES)

        def forward(self, x):
            x = self.pool(self.first(x.permute(0, 3, 1, 2)).relu())
            x = self.pool(self.second(x).relu())
            return self.logits(x.permute(0, 2, 3, 1).flatten(1))  # in Keras' order, so that weights agree

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
