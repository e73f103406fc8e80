"""Layers and models for test_quantization_gptq.py. As a program it gives what Keras makes of them.

Keras' loop over the inputs of a kernel compiles thousands of functions on JAX, and none on NumPy: the test runs this
file in a process of its own, with KERAS_BACKEND=numpy.
"""

import sys
import warnings

import numpy as np

# A name, arguments, the shape of an input.
LAYERS = {
    "dense": ("Dense", {"units": 7, "activation": "tanh"}, (40, 24)),
    "dense_sequence": ("Dense", {"units": 6, "use_bias": False}, (9, 5, 140)),
    "einsum": ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 6, "bias_axes": "c"}, (30, 20)),
    "einsum_query": ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"},
                     (8, 6, 16)),
    "einsum_output": ("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (None, 24), "bias_axes": "e"},
                      (8, 6, 4, 5)),
}  # fmt: skip
CONFIGS = {
    "gptq": {},
    "gptq_groups": {"group_size": 8},
    "gptq_channels": {"group_size": -1},
    "gptq_odd_groups": {"group_size": 7},
    "gptq_symmetric": {"symmetric": True, "group_size": 8},
    "gptq_order": {"activation_order": True, "group_size": 8},
    "gptq_8_bits": {"weight_bits": 8, "group_size": 8, "symmetric": True, "activation_order": True},
    "gptq_2_bits": {"weight_bits": 2},
    "gptq_tensor": {"per_channel": False},
    "gptq_damped": {"hessian_damping": 1.0},
    "awq": {},
    "awq_groups": {"group_size": 8, "num_grid_points": 7},
    "awq_odd_groups": {"group_size": 7, "num_grid_points": 3},
    "awq_channels": {"group_size": -1},
}


def config_of(k, name, dataset=None, tokenizer=None, **more):
    cls = k.quantizers.GPTQConfig if name.startswith("gptq") else k.quantizers.AWQConfig
    return cls(dataset, tokenizer, **{**CONFIGS[name], **more})


def keras_fails(layer, name):
    """Where Keras finds more groups than it has places for: groups that do not end where blocks of 128 inputs do."""
    size = CONFIGS[name].get("group_size", 128)
    return name.startswith("gptq") and layer == "dense_sequence" and (size == -1 or 128 % size)


def made(k, name, **more):
    cls, arguments, shape = LAYERS[name]
    layer = getattr(k.layers, cls)(**arguments, **more, name="layer")
    layer.build((None, *shape[1:]))
    return layer


def inputs_of(name, rng):
    """Some inputs are greater than others, and one is always 0."""
    x = rng.normal(size=LAYERS[name][2]) * np.exp(rng.normal(size=LAYERS[name][2][-1]))
    x[..., 3] = 0
    return x.astype("float32")


CASES = [(n, c) for n in LAYERS for c in CONFIGS if not keras_fails(n, c)]


# ---- models ----
VOCABULARY = 50
TEXTS = ["all happy families are alike", "call me ishmael", "it was a bright cold day in april", "mother died today"]


class Tokenizer:
    def tokenize(self, text):
        return [ord(c) % VOCABULARY for c in text]


def block_of(k, width):
    """A block of attention, of each library's own classes."""

    class Block(k.layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.attention = k.layers.MultiHeadAttention(2, width // 2, name="attention")
            self.hidden = k.layers.Dense(2 * width, activation="relu", name="hidden")
            self.out = k.layers.Dense(width, name="out")
            self.norm = k.layers.LayerNormalization(name="norm")

        def build(self, shape):
            self.attention.build(shape, shape)
            self.hidden.build(shape)
            self.out.build((*shape[:-1], 2 * width))
            self.norm.build(shape)

        def call(self, x):
            x = self.norm(x + self.attention(x, x))
            return x + self.out(self.hidden(x))

    return Block


def network(k):
    width = 16
    inputs = k.Input((8,), dtype="int32")
    table = k.layers.Embedding(VOCABULARY, width, name="table")
    block = block_of(k, width)("block")
    plain = k.Sequential([k.Input((8, width)), k.layers.Dense(width, "relu", name="d1"),
                          k.layers.Dense(width, name="d2")], name="plain")  # fmt: skip
    x = plain(block(table(inputs)))
    model = k.Model(inputs, k.layers.Dense(5, name="head")(k.layers.GlobalAveragePooling1D(name="pool")(x)))
    return model, {"pre_block_layers": [table], "sequential_blocks": [block, plain]}


TOKENS = np.random.default_rng(2).integers(0, VOCABULARY, 200)


def model_config(k, config, dataset, structure):
    given = TEXTS if dataset == "texts" else TOKENS.reshape(20, 10)
    return config_of(k, config, given, Tokenizer(), num_samples=12, sequence_length=8,
                     quantization_layer_structure=structure)  # fmt: skip


def random_values(model):
    rng = np.random.default_rng(8)
    return [rng.normal(size=w.shape, scale=0.5).astype("float32") for w in model.weights]


def quantize(model, config, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(config=config, **more)


def leaves(model, k):
    found = {}
    for layer in model._flatten_layers() if hasattr(model, "_flatten_layers") else model._flatten(True, True):
        if isinstance(layer, (k.layers.Dense, k.layers.EinsumDense)):
            found[layer.name] = layer
    return found


PARTS = ("quantized_kernel", "kernel_scale", "kernel_zero", "g_idx", "awq_scales")
MODELS = [(c, d) for c in ("gptq", "gptq_order", "awq_groups") for d in ("texts", "tokens")]


def case_values(layer, name):
    """(weights, inputs) of a case."""
    rng = np.random.default_rng(3)
    return [rng.normal(size=w.shape).astype("float32") for w in layer.weights], inputs_of(name, rng)


def main(path):
    import keras
    from keras.src import backend
    from keras.src.quantizers.awq import AWQ
    from keras.src.quantizers.gptq import GPTQ

    # What is otherwise on JAX: updates leave their argument as it was, and bytes take the nearest value that they have.
    in_place, cast = backend.core.slice_update, backend.core.cast
    backend.core.slice_update = lambda x, start, updates: in_place(np.array(x), start, updates)
    backend.core.cast = lambda x, dtype: cast(np.clip(x, 0, 255) if dtype == "uint8" else x, dtype)
    backend.numpy.argsort = lambda x, axis=-1: np.argsort(x, axis=axis, kind="stable")  # of equal inputs, the first
    out = {}

    def keep(prefix, layer):
        for part in PARTS:
            if hasattr(layer, part):
                out[f"{prefix}/{part}"] = keras.ops.convert_to_numpy(getattr(layer, part))

    for name, config in CASES:
        layer = made(keras, name)
        weights, data = case_values(layer, name)
        layer.set_weights(weights)
        layer.quantize(config=config_of(keras, config))
        rows = data.reshape(-1, layer.quantized_kernel.shape[1])
        if config.startswith("gptq"):
            work = GPTQ(layer, config_of(keras, config))
            work.update_hessian_with_batch(rows)
            work.quantize_and_correct_layer()
        else:
            work = AWQ(layer, config_of(keras, config))
            work.update_activation_magnitudes(rows)
            work.quantize_layer()
        keep(f"{name}/{config}", layer)
    np.savez(path, **out)


if __name__ == "__main__":
    main(sys.argv[1])
