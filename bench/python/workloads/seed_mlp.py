"""A small autoencoder, 500-50-500: a step is so short that what surrounds the arithmetic shows."""

BATCH, STEPS = 32, 1000
SIZE, HIDDEN, RATE = 500, 50, 0.01


def data(rng, samples):
    return [rng.standard_normal((samples, SIZE), "float32")], rng.standard_normal((samples, SIZE), "float32")


def keras_model(keras, check=False):
    model = keras.Sequential(
        [
            keras.Input((SIZE,)),
            keras.layers.Dense(HIDDEN, activation="relu", name="hidden"),
            keras.layers.Dense(SIZE, name="output"),
        ]
    )
    model.compile(keras.optimizers.SGD(RATE), "mse")
    return model


def torch_model(torch, check=False):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.output = nn.Linear(SIZE, HIDDEN), nn.Linear(HIDDEN, SIZE)

        def forward(self, x):
            return self.output(self.hidden(x).relu())

    net = Net()
    return net, nn.MSELoss(), torch.optim.SGD(net.parameters(), RATE)
