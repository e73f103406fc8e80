"""A classifier of token sequences: two encoder blocks of width 64 with 4 heads over 100 tokens. Many small matrix
products, attention, normalisation and dropout."""

from workloads._transformer import Sizes, keras_encoder, torch_encoder

BATCH, STEPS = 32, 40
SIZES = Sizes(words=20000, length=100, width=64, heads=4, hidden=128, blocks=2, dropout=0.1, causal=False)
CLASSES, RATE = 2, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    return [rng.integers(0, SIZES.words, (samples, SIZES.length)).astype("int32")], rng.integers(
        0, CLASSES, samples
    ).astype("int64")


def keras_model(keras, check=False):
    tokens = keras.Input((SIZES.length,), dtype="int32")
    x = keras.ops.mean(keras_encoder(keras, tokens, SIZES, check), axis=1)
    model = keras.Model(tokens, keras.layers.Dense(CLASSES, name="logits")(x))
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    Encoder = torch_encoder(torch, SIZES, check)

    class Net(Encoder):
        def __init__(self):
            super().__init__()
            self.logits = torch.nn.Linear(SIZES.width, CLASSES)

        def forward(self, tokens):
            return self.logits(super().forward(tokens).mean(1))

    net = Net()
    return net, torch.nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
