"""Text classification: words embedded, one LSTM, one number. A recurrence of 80 steps, and a table that is updated
sparsely."""

BATCH, STEPS = 32, 12
WORDS, WIDTH, UNITS, LENGTH, RATE = 20000, 128, 128, 80, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    return [rng.integers(1, WORDS, (samples, LENGTH)).astype("int32")], rng.integers(0, 2, (samples, 1)).astype(
        "float32"
    )


def keras_model(keras, check=False):
    layers = keras.layers
    words = keras.Input((LENGTH,), dtype="int32")
    h = layers.Embedding(WORDS, WIDTH, name="table")(words)
    h = layers.LSTM(UNITS, name="recurrence")(h)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid", name="output")(h))
    model.compile(keras.optimizers.Adam(RATE, epsilon=EPSILON), "binary_crossentropy")
    return model


def torch_model(torch, check=False):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(WORDS, WIDTH)
            self.recurrence = nn.LSTM(WIDTH, UNITS, batch_first=True)
            self.recurrence.bias_hh_l0.requires_grad_(
                False
            )  # Keras has one bias: with two, each Adam step goes twice as far
            self.output = nn.Linear(UNITS, 1)

        def forward(self, words):
            return self.output(self.recurrence(self.table(words))[1][0][0]).sigmoid()

    net = Net()
    return net, nn.BCELoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
