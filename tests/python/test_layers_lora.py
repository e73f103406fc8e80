"""LoRA: layers whose kernels are frozen while the product of two small matrices is trained beside them."""

import keras
import lamina
import numpy as np
import pytest

# layer, arguments, shape of an input, the name of what is adapted
LAYERS = [
    ("Dense", (3,), (4, 5), "kernel"),
    ("EinsumDense", ("abc,cde->abde", (None, 4, 2), None, "de"), (4, 3, 5), "kernel"),
    ("Conv1D", (6, 2), (4, 7, 5), "kernel"),
    ("Conv2D", (6, (2, 3)), (4, 6, 7, 5), "kernel"),
    ("Conv3D", (6, 2), (2, 3, 4, 3, 5), "kernel"),
    ("Embedding", (9, 4), (4, 5), "embeddings"),
    ("ReversibleEmbedding", (9, 4), (4, 5), "embeddings"),
]


def inputs(name, shape):
    random = np.random.default_rng(3)
    return random.integers(0, 9, shape) if "Embedding" in name else random.standard_normal(shape).astype("float32")


def pair(name, arguments, shape, **kwargs):
    """The layer in Keras and in Lamina, built, with the same weights."""
    layers = [getattr(k.layers, name)(*arguments, name="layer", **kwargs) for k in (keras, lamina)]
    for layer in layers:
        layer.build(shape)
    same_weights(*layers)
    return layers


def same_weights(theirs, mine):
    random = np.random.default_rng(4)
    values = [random.standard_normal(w.shape).astype("float32") for w in theirs.weights]
    for layer in (theirs, mine):
        layer.set_weights(values)


def described(variables):
    return [(v.path, tuple(v.shape), v.dtype, v.trainable) for v in variables]


@pytest.mark.parametrize("name, arguments, shape, what", LAYERS)
def test_enabled_on_a_built_layer(engine, name, arguments, shape, what):
    theirs, mine = pair(name, arguments, shape)
    assert (
        mine.lora_enabled is False
        and mine.lora_rank is None
        and mine.lora_alpha is None
        and not hasattr(mine, f"lora_{what}_a")
    )
    x = inputs(name, shape)
    before = np.asarray(mine(x))
    for layer in (theirs, mine):
        layer.enable_lora(2, lora_alpha=3)
    assert described(mine.weights) == described(theirs.weights)
    assert described(mine.trainable_weights) == described(theirs.trainable_weights)
    assert described(mine.non_trainable_weights) == described(theirs.non_trainable_weights)
    np.testing.assert_array_equal(np.asarray(mine(x)), before)  # the second matrix begins at zero
    first = np.asarray(getattr(mine, f"lora_{what}_a"))
    assert first.any() and not np.asarray(getattr(mine, f"lora_{what}_b")).any()
    limit = np.sqrt(6 / np.prod(first.shape[:-1]))  # he_uniform's
    assert np.abs(first).max() <= limit and np.abs(first).max() > limit / 3
    same_weights(theirs, mine)
    np.testing.assert_allclose(np.asarray(getattr(mine, what)), np.asarray(getattr(theirs, what)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(mine(x)), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)
    assert (
        (mine.lora_enabled, mine.lora_rank, mine.lora_alpha)
        == (theirs.lora_enabled, theirs.lora_rank, theirs.lora_alpha)
        == (True, 2, 3)
    )
    config, expected = mine.get_config(), theirs.get_config()
    assert config.keys() == expected.keys() and (config["lora_rank"], config["lora_alpha"]) == (2, 3)


@pytest.mark.parametrize("name, arguments, shape, what", LAYERS)
def test_as_an_argument(engine, name, arguments, shape, what, tmp_path):
    for alpha in (None, 5):
        theirs, mine = pair(name, arguments, shape, lora_rank=2, lora_alpha=alpha)
        assert described(mine.weights) == described(theirs.weights)
        assert (mine.lora_enabled, mine.lora_rank, mine.lora_alpha) == (True, 2, theirs.lora_alpha)
        np.testing.assert_allclose(
            np.asarray(mine(inputs(name, shape))), np.asarray(theirs(inputs(name, shape))), rtol=1e-4, atol=1e-5
        )
    copy = type(mine).from_config(mine.get_config())
    copy.build(shape)
    assert described(copy.weights) == described(mine.weights)


def models(name, arguments, shape, **kwargs):
    """A model around the layer in both libraries, whose other weights are the same."""
    made = []
    for k in (keras, lamina):
        x = k.Input(shape[1:], batch_size=shape[0], dtype="int32" if "Embedding" in name else "float32")
        made.append(k.Model(x, getattr(k.layers, name)(*arguments, name="layer", **kwargs)(x)))
    same_weights(*made)
    return made


@pytest.mark.parametrize("name, arguments, shape, what", LAYERS)
def test_training(engine, name, arguments, shape, what):
    theirs, mine = models(name, arguments, shape)
    x = inputs(name, shape)
    for k, model in ((keras, theirs), (lamina, mine)):
        model.compile(k.optimizers.SGD(0.01), "mse")
        model.get_layer("layer").enable_lora(2)
        model.compile(k.optimizers.SGD(0.01), "mse")
    same_weights(theirs, mine)
    frozen = np.asarray(getattr(mine.get_layer("layer"), f"_{what}"))
    y = np.zeros(mine.output.shape, "float32")
    losses = [
        model.fit(x, y, batch_size=shape[0], epochs=3, shuffle=False, verbose=0).history["loss"]
        for model in (theirs, mine)
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    np.testing.assert_array_equal(np.asarray(getattr(mine.get_layer("layer"), f"_{what}")), frozen)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4)
    assert losses[1][-1] < losses[1][0]


@pytest.mark.parametrize("name, arguments, shape, what", LAYERS)
def test_files(name, arguments, shape, what, tmp_path):
    """A file holds the sum; a layer with LoRA that loads one begins anew from it."""
    theirs, mine = models(name, arguments, shape, lora_rank=2)
    x = inputs(name, shape)
    expected = np.asarray(theirs(x))
    theirs.save(tmp_path / "theirs.keras"), mine.save(tmp_path / "mine.keras")
    for k, file in ((lamina, "theirs"), (keras, "mine"), (lamina, "mine")):
        loaded = k.models.load_model(tmp_path / f"{file}.keras")
        layer = loaded.get_layer("layer")
        assert layer.lora_enabled and layer.lora_rank == 2
        assert (
            not np.asarray(getattr(layer, f"lora_{what}_a")).any()
            and not np.asarray(getattr(layer, f"lora_{what}_b")).any()
        )
        np.testing.assert_allclose(np.asarray(loaded(x)), expected, rtol=1e-4, atol=1e-5)
    plain = models(name, arguments, shape)
    mine.save_weights(tmp_path / "mine.weights.h5"), theirs.save_weights(tmp_path / "theirs.weights.h5")
    for model, file in zip(plain, ("mine", "theirs")):
        model.load_weights(tmp_path / f"{file}.weights.h5")
        np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=1e-4, atol=1e-5)
    same_weights(*plain)
    plain[0].save_weights(tmp_path / "plain.weights.h5")
    mine.load_weights(tmp_path / "plain.weights.h5")
    np.testing.assert_allclose(np.asarray(mine(x)), np.asarray(plain[1](x)), rtol=1e-4, atol=1e-5)


def test_a_subclass_stores_the_sum(tmp_path):
    @lamina.saving.register_keras_serializable("lora_test")
    class Scaled(lamina.layers.Dense):
        def call(self, x):
            return super().call(x) * 2

        def save_own_variables(self, store):
            super().save_own_variables(store)
            store["extra"] = np.ones(1, "float32")

        def load_own_variables(self, store):
            super().load_own_variables({k: v for k, v in store.items() if k != "extra"})

    model = lamina.Sequential([lamina.Input((4,)), Scaled(3, name="layer")])
    model.layers[0].enable_lora(2)
    model.set_weights([np.random.default_rng(0).standard_normal(w.shape) for w in model.weights])
    x = inputs("Dense", (2, 4))
    expected = np.asarray(model(x))
    model.save(tmp_path / "model.keras")
    loaded = lamina.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(loaded(x)), expected, rtol=1e-5, atol=1e-6)
    assert not np.asarray(loaded.layers[0].lora_kernel_a).any()


def test_inside_attention(engine):
    x = inputs("", (2, 4, 6))
    theirs, mine = (k.layers.MultiHeadAttention(2, 3) for k in (keras, lamina))
    for layer in (theirs, mine):
        layer.build((2, 4, 6), (2, 4, 6))
        for part in (layer.query_dense, layer.key_dense, layer.value_dense):
            part.enable_lora(2)
    assert [tuple(w.shape) for w in mine.trainable_weights] == [tuple(w.shape) for w in theirs.trainable_weights]
    same_weights(theirs, mine)
    np.testing.assert_allclose(np.asarray(mine(x, x)), np.asarray(theirs(x, x)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_half_precision(engine, policy):
    """The small matrices are float32 whatever the kernel is."""
    theirs, mine = pair("Dense", (3,), (4, 5), dtype=policy)
    for layer in (theirs, mine):
        layer.enable_lora(2)
    assert described(mine.weights) == described(theirs.weights)
    same_weights(theirs, mine)
    a, b = mine(inputs("Dense", (4, 5))), theirs(inputs("Dense", (4, 5)))
    assert a.dtype == b.dtype.name
    np.testing.assert_allclose(np.asarray(a).astype("float32"), np.asarray(b).astype("float32"), rtol=0.05, atol=0.1)
    assert mine.kernel.dtype == theirs.kernel.dtype.name


@pytest.mark.parametrize("k", [lamina, keras])
def test_errors(k):
    with pytest.raises(ValueError, match="isn't yet built"):
        k.layers.Dense(3).enable_lora(2)
    with pytest.raises(AttributeError, match="must build the layer"):
        _ = k.layers.Dense(3).kernel
    constrained = k.layers.Dense(3, kernel_constraint="non_neg")
    constrained.build((2, 4))
    with pytest.raises(ValueError, match="incompatible with kernel constraints"):
        constrained.enable_lora(2)
    table = k.layers.Embedding(5, 3, embeddings_constraint="non_neg")
    table.build()
    with pytest.raises(ValueError, match="incompatible with embedding constraints"):
        table.enable_lora(2)
    with pytest.raises(ValueError, match="incompatible with embedding constraints"):  # which building would not help
        k.layers.Embedding(5, 3, embeddings_constraint="non_neg").enable_lora(2)
    twice = k.layers.Dense(3, lora_rank=2)
    twice.build((2, 4))
    with pytest.raises(ValueError, match="already enabled"):
        twice.enable_lora(2)


def test_wrong_ranks():
    for rank in (-1, 1.5, "2"):
        with pytest.raises(ValueError, match="positive integer"):
            lamina.layers.Dense(3, lora_rank=rank)
    layer = lamina.layers.Dense(3)
    layer.build((2, 4))
    with pytest.raises(ValueError, match="positive integer"):
        layer.enable_lora(0)
    with pytest.raises(ValueError, match="lora_alpha"):
        layer.enable_lora(2, lora_alpha="much")
    assert not layer.lora_enabled and len(layer.weights) == 2


def test_regularized_and_initialized():
    losses = []
    for k in (keras, lamina):
        layer = k.layers.Dense(3, kernel_regularizer="l2")
        layer.build((2, 4))
        layer.enable_lora(2, a_initializer="ones", b_initializer=k.initializers.Constant(2.0))
        layer._kernel.assign(np.ones((4, 3)))
        losses.append(float(sum(layer.losses)))
        np.testing.assert_array_equal(np.asarray(layer.kernel), np.full((4, 3), 1 + 2 * 2))
    assert losses[1] == pytest.approx(losses[0])


def test_weights_have_the_path_of_the_layer_within_its_model():
    class Outer(lamina.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.dense = lamina.layers.Dense(16, name="dense")

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

    model = Outer()
    model.build((None, 8))
    model.dense.enable_lora(4)
    assert model.dense.lora_kernel_a.path == "outer/dense/lora_kernel_a"
