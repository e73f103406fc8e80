"""The blocks of the two transformers, for Keras' API and for PyTorch. The underscore keeps it out of the list of
workloads."""

from dataclasses import dataclass

from workloads._networks import adam


@dataclass(frozen=True)
class Sizes:
    words: int
    length: int
    width: int
    heads: int
    hidden: int
    blocks: int
    dropout: float
    causal: bool


NORM_EPSILON = 1e-6


def keras_encoder(keras, tokens, s, check):
    layers, rate = keras.layers, 0 if check else s.dropout
    positions = keras.ops.arange(s.length)
    x = layers.Embedding(s.words, s.width, name="words")(tokens) + layers.Embedding(s.length, s.width, name="places")(
        keras.ops.zeros_like(tokens) + positions
    )
    for b in range(s.blocks):
        attended = layers.MultiHeadAttention(s.heads, s.width // s.heads, name=f"attention_{b}")(
            x, x, use_causal_mask=s.causal
        )
        x = layers.LayerNormalization(epsilon=NORM_EPSILON, name=f"norm_{b}")(x + layers.Dropout(rate)(attended))
        h = layers.Dense(s.hidden, activation="gelu", name=f"wide_{b}")(x)
        h = layers.Dense(s.width, name=f"narrow_{b}")(h)
        x = layers.LayerNormalization(epsilon=NORM_EPSILON, name=f"second_norm_{b}")(x + layers.Dropout(rate)(h))
    return x


def torch_encoder(torch, s, check):
    nn, functional, rate = torch.nn, torch.nn.functional, 0 if check else s.dropout

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value, self.attention_output = (nn.Linear(s.width, s.width) for _ in range(4))

        def forward(self, x):
            heads = [
                project(x).unflatten(-1, (s.heads, -1)).transpose(1, 2)
                for project in (self.query, self.key, self.value)
            ]
            out = functional.scaled_dot_product_attention(*heads, is_causal=s.causal)
            return self.attention_output(out.transpose(1, 2).flatten(2))

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(s.words, s.width), nn.Embedding(s.length, s.width)
            for b in range(s.blocks):
                self.add_module(f"attention_{b}", Attention())
                self.add_module(f"norm_{b}", nn.LayerNorm(s.width, NORM_EPSILON))
                self.add_module(f"wide_{b}", nn.Linear(s.width, s.hidden))
                self.add_module(f"narrow_{b}", nn.Linear(s.hidden, s.width))
                self.add_module(f"second_norm_{b}", nn.LayerNorm(s.width, NORM_EPSILON))
            self.dropout = nn.Dropout(rate)
            self.register_buffer("positions", torch.arange(s.length))

        def forward(self, tokens):
            x = self.words(tokens) + self.places(self.positions)
            for b in range(s.blocks):
                x = getattr(self, f"norm_{b}")(x + self.dropout(getattr(self, f"attention_{b}")(x)))
                h = getattr(self, f"narrow_{b}")(functional.gelu(getattr(self, f"wide_{b}")(x)))
                x = getattr(self, f"second_norm_{b}")(x + self.dropout(h))
            return x

    return Encoder


def language_model(s, rate):
    """The functions of a workload that predicts a token at each place: data, keras_model, torch_model."""

    def data(rng, samples):
        tokens, targets = (rng.integers(0, s.words, (samples, s.length)) for _ in range(2))
        return [tokens.astype("int32")], targets.astype("int64")

    def keras_model(keras, check=False):
        return _keras_model(keras, s, rate, check, s.words, lambda x: x)

    def torch_model(torch, check=False):
        entropy = torch.nn.CrossEntropyLoss()
        net, optimizer = _torch_model(torch, s, rate, check, s.words, lambda x: x)
        return net, lambda out, target: entropy(out.flatten(0, 1), target.flatten()), optimizer

    return data, keras_model, torch_model


def sequence_classifier(s, classes, rate):
    """The functions of a workload that tells sequences of tokens apart: data, keras_model, torch_model."""

    def data(rng, samples):
        tokens = rng.integers(0, s.words, (samples, s.length)).astype("int32")
        return [tokens], rng.integers(0, classes, samples).astype("int64")

    def keras_model(keras, check=False):
        return _keras_model(keras, s, rate, check, classes, lambda x: keras.ops.mean(x, axis=1))

    def torch_model(torch, check=False):
        net, optimizer = _torch_model(torch, s, rate, check, classes, lambda x: x.mean(1))
        return net, torch.nn.CrossEntropyLoss(), optimizer

    return data, keras_model, torch_model


def _keras_model(keras, s, rate, check, outputs, pool):
    tokens = keras.Input((s.length,), dtype="int32")
    x = pool(keras_encoder(keras, tokens, s, check))
    model = keras.Model(tokens, keras.layers.Dense(outputs, name="logits")(x))
    model.compile(adam(rate)[0](keras, check), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def _torch_model(torch, s, rate, check, outputs, pool):
    class Net(torch_encoder(torch, s, check)):
        def __init__(self):
            super().__init__()
            self.logits = torch.nn.Linear(s.width, outputs)

        def forward(self, tokens):
            return self.logits(pool(super().forward(tokens)))

    net = Net()
    return net, adam(rate)[1](torch, net.parameters(), check)
