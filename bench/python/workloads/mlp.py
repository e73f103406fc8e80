"""The classifier of handwritten digits, 784-512-512-10 with dropout: matrix products, random numbers, RMSprop."""

BATCH, STEPS = 128, 150
SIZE, HIDDEN, CLASSES, DROPOUT, RATE, RHO = 784, 512, 10, 0.2, 1e-3, 0.9
EPSILON = 1e-20  # Keras adds it below the root, PyTorch beside it: too small to make a difference


def data(rng, samples):
    return [rng.random((samples, SIZE), "float32")], rng.integers(0, CLASSES, samples).astype("int64")


def keras_model(keras, check=False):
    layers, rate = keras.layers, 0 if check else DROPOUT
    model = keras.Sequential(
        [
            keras.Input((SIZE,)),
            layers.Dense(HIDDEN, activation="relu", name="first"),
            layers.Dropout(rate),
            layers.Dense(HIDDEN, activation="relu", name="second"),
            layers.Dropout(rate),
            layers.Dense(CLASSES, name="logits"),
        ]
    )
    model.compile(
        keras.optimizers.RMSprop(RATE, rho=RHO, epsilon=EPSILON),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def torch_model(torch, check=False):
    nn, rate = torch.nn, 0 if check else DROPOUT

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.logits = (
                nn.Linear(SIZE, HIDDEN),
                nn.Linear(HIDDEN, HIDDEN),
                nn.Linear(HIDDEN, CLASSES),
            )
            self.dropout = nn.Dropout(rate)

        def forward(self, x):
            x = self.dropout(self.first(x).relu())
            return self.logits(self.dropout(self.second(x).relu()))

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.RMSprop(net.parameters(), RATE, alpha=RHO, eps=EPSILON)
