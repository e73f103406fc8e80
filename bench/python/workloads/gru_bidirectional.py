"""Sentences of different lengths: words embedded, a GRU in both directions over what is not padding, one number."""

BATCH, STEPS = 32, 12
WORDS, WIDTH, UNITS, LENGTH, RATE = 5000, 64, 64, 60, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    words = rng.integers(1, WORDS, (samples, LENGTH)).astype("int32")
    for row, length in zip(words, rng.integers(LENGTH // 4, LENGTH + 1, samples)):
        row[length:] = 0
    return [words], rng.integers(0, 2, (samples, 1)).astype("float32")


def keras_model(keras, check=False):
    layers = keras.layers
    words = keras.Input((LENGTH,), dtype="int32")
    h = layers.Embedding(WORDS, WIDTH, mask_zero=True, name="table")(words)
    h = layers.Bidirectional(layers.GRU(UNITS), name="recurrence")(h)
    model = keras.Model(words, layers.Dense(1, activation="sigmoid", name="output")(h))
    model.compile(keras.optimizers.Adam(RATE, epsilon=EPSILON), "binary_crossentropy")
    return model


def torch_model(torch, check=False):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(WORDS, WIDTH)
            self.recurrence = nn.GRU(WIDTH, UNITS, batch_first=True, bidirectional=True)
            self.output = nn.Linear(2 * UNITS, 1)

        def forward(self, words):
            lengths = (words != 0).sum(1)
            packed = nn.utils.rnn.pack_padded_sequence(
                self.table(words), lengths, batch_first=True, enforce_sorted=False
            )
            h = self.recurrence(packed)[1]
            return self.output(torch.cat([h[0], h[1]], 1)).sigmoid()

    net = Net()
    return net, nn.BCELoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
