"""Tabular data: twenty categories, each embedded, and thirty numbers, into a deep tower beside a wide linear part. Many
small ops forward, and an optimizer that walks large, sparsely touched tables."""

BATCH, STEPS = 128, 200
COLUMNS, CATEGORIES, WIDTH, NUMBERS, TOWER, RATE = 20, 5000, 16, 30, (256, 128), 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    categories = rng.integers(0, CATEGORIES, (samples, COLUMNS)).astype("int32")
    return [categories, rng.standard_normal((samples, NUMBERS), "float32")], rng.integers(0, 2, (samples, 1)).astype(
        "float32"
    )


def keras_model(keras, check=False):
    layers = keras.layers
    categories, numbers = keras.Input((COLUMNS,), dtype="int32"), keras.Input((NUMBERS,))
    embedded = [layers.Embedding(CATEGORIES, WIDTH, name=f"table_{i}")(categories[:, i]) for i in range(COLUMNS)]
    deep = layers.Concatenate()([*embedded, numbers])
    for i, width in enumerate(TOWER):
        deep = layers.Dense(width, activation="relu", name=f"deep_{i}")(deep)
    output = layers.Dense(1, activation="sigmoid", name="output")(layers.Concatenate()([deep, numbers]))
    model = keras.Model([categories, numbers], output)
    model.compile(keras.optimizers.Adam(RATE, epsilon=EPSILON), "binary_crossentropy")
    return model


def torch_model(torch, check=False):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for i in range(COLUMNS):
                self.add_module(f"table_{i}", nn.Embedding(CATEGORIES, WIDTH))
            width = COLUMNS * WIDTH + NUMBERS
            for i, out in enumerate(TOWER):
                self.add_module(f"deep_{i}", nn.Linear(width, out))
                width = out
            self.output = nn.Linear(width + NUMBERS, 1)

        def forward(self, categories, numbers):
            deep = torch.cat([*(getattr(self, f"table_{i}")(categories[:, i]) for i in range(COLUMNS)), numbers], 1)
            for i in range(len(TOWER)):
                deep = getattr(self, f"deep_{i}")(deep).relu()
            return self.output(torch.cat([deep, numbers], 1)).sigmoid()

    net = Net()
    return net, nn.BCELoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
