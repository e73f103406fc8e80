"""A language model over a small vocabulary: two causal blocks of width 192 with 6 heads over 128 tokens, a prediction a
token."""

from workloads._transformer import Sizes, keras_encoder, torch_encoder

BATCH, STEPS = 16, 12
SIZES = Sizes(words=1000, length=128, width=192, heads=6, hidden=768, blocks=2, dropout=0.1, causal=True)
RATE = 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    return [rng.integers(0, SIZES.words, (samples, SIZES.length)).astype("int32")], rng.integers(
        0, SIZES.words, (samples, SIZES.length)
    ).astype("int64")


def keras_model(keras, check=False):
    tokens = keras.Input((SIZES.length,), dtype="int32")
    x = keras_encoder(keras, tokens, SIZES, check)
    model = keras.Model(tokens, keras.layers.Dense(SIZES.words, name="logits")(x))
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    Encoder = torch_encoder(torch, SIZES, check)

    class Net(Encoder):
        def __init__(self):
            super().__init__()
            self.logits = torch.nn.Linear(SIZES.width, SIZES.words)

        def forward(self, tokens):
            return self.logits(super().forward(tokens))

    net, entropy = Net(), torch.nn.CrossEntropyLoss()
    return (
        net,
        lambda out, target: entropy(out.flatten(0, 1), target.flatten()),
        torch.optim.Adam(net.parameters(), RATE, eps=EPSILON),
    )
