"""A classifier of measured series (as in Keras' example "Timeseries classification with a Transformer model"): two
blocks of attention with 4 heads of 256 over 500 numbers."""

BATCH, STEPS = 16, 4
LENGTH, HEADS, SIZE, HIDDEN, BLOCKS, CLASSES, RATE = 500, 4, 256, 4, 2, 2, 1e-4
ADAM_EPSILON, EPSILON = 1e-12, 1e-6  # Adam's: PyTorch scales it otherwise than Keras, too small to make a difference


def data(rng, samples):
    series = rng.standard_normal((samples, LENGTH, 1), "float32")
    return [series], rng.integers(0, CLASSES, samples).astype("int64")


def keras_model(keras, check=False):
    layers = keras.layers
    x = series = keras.Input((LENGTH, 1))
    for b in range(BLOCKS):
        x = x + layers.MultiHeadAttention(HEADS, SIZE, name=f"attention_{b}")(x, x)
        h = layers.LayerNormalization(epsilon=EPSILON, name=f"norm_{b}")(x)
        h = layers.Conv1D(HIDDEN, 1, activation="relu", name=f"wide_{b}")(h)
        x = x + layers.Conv1D(1, 1, name=f"narrow_{b}")(h)
    x = layers.Dense(128, activation="relu", name="features")(layers.Flatten()(x))
    model = keras.Model(series, layers.Dense(CLASSES, name="logits")(x))
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=ADAM_EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    nn, functional = torch.nn, torch.nn.functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = (nn.Linear(1, HEADS * SIZE) for _ in range(3))
            self.attention_output = nn.Linear(HEADS * SIZE, 1)

        def forward(self, x):
            heads = [p(x).unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for p in (self.query, self.key, self.value)]
            return self.attention_output(functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for b in range(BLOCKS):
                self.add_module(f"attention_{b}", Attention())
                self.add_module(f"norm_{b}", nn.LayerNorm(1, EPSILON))
                self.add_module(f"wide_{b}", nn.Conv1d(1, HIDDEN, 1))
                self.add_module(f"narrow_{b}", nn.Conv1d(HIDDEN, 1, 1))
            self.features, self.logits = nn.Linear(LENGTH, 128), nn.Linear(128, CLASSES)

        def forward(self, x):
            for b in range(BLOCKS):
                x = x + getattr(self, f"attention_{b}")(x)
                h = getattr(self, f"norm_{b}")(x).transpose(1, 2)
                x = x + getattr(self, f"narrow_{b}")(getattr(self, f"wide_{b}")(h).relu()).transpose(1, 2)
            return self.logits(self.features(x.flatten(1)).relu())

    net = Net()
    return net, nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), RATE, eps=ADAM_EPSILON)
