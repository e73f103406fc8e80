"""quantize() of layers and models beside Keras: variables, outputs, gradients, LoRA, policies."""

import json
import warnings

import jax
import keras
import lamina
import numpy as np
import pytest

# A name, arguments, the shape of an input; of indices where it is None.
LAYERS = {
    "dense": ("Dense", {"units": 7, "activation": "tanh"}, (5, 12)),
    "dense_sequence": ("Dense", {"units": 4, "use_bias": False}, (2, 3, 9)),
    "einsum": ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 6, "bias_axes": "c"}, (4, 10)),
    "einsum_query": ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"},
                     (2, 3, 8)),
    "einsum_output": ("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (None, 6), "bias_axes": "e"},
                      (2, 3, 4, 5)),
    "einsum_middle": ("EinsumDense", {"equation": "abc,dc->abd", "output_shape": (None, 7)}, (2, 3, 8)),
    "embedding": ("Embedding", {"input_dim": 11, "output_dim": 7}, None),
    "reversible": ("ReversibleEmbedding", {"input_dim": 11, "output_dim": 7}, None),
    "reversible_untied": ("ReversibleEmbedding", {"input_dim": 11, "output_dim": 7, "tie_weights": False}, None),
}  # fmt: skip
MODES = {
    "int8": lambda k: {"mode": "int8"},
    "int8_weights": lambda k: {"config": k.quantizers.Int8QuantizationConfig(activation_quantizer=None)},
    "int4": lambda k: {"mode": "int4"},
    "int4_channels": lambda k: {"config": k.quantizers.Int4QuantizationConfig(block_size=None)},
    "int4_blocks": lambda k: {"config": k.quantizers.Int4QuantizationConfig(block_size=4)},
    "int4_activations": lambda k: {
        "config": k.quantizers.Int4QuantizationConfig(
            block_size=-1, activation_quantizer=k.quantizers.AbsMaxQuantizer()
        )
    },
}


def made(k, name, **more):
    cls, arguments, shape = LAYERS[name]
    layer = getattr(k.layers, cls)(**arguments, **more, name="layer")
    layer.build(shape and (None, *shape[1:]))
    return layer


def data(name, rng):
    shape = LAYERS[name][2]
    return rng.integers(0, 11, (2, 5)) if shape is None else rng.normal(size=shape).astype("float32")


def value(x):
    return np.float64(x.numpy() if isinstance(x, (lamina.Tensor, lamina.Variable)) else keras.ops.convert_to_numpy(x))


def pair(name, mode, **more):
    """Keras' layer and Lamina's, with the same weights, quantized."""
    rng = np.random.default_rng(3)
    theirs, mine = made(keras, name, **more), made(lamina, name, **more)
    values = [rng.normal(size=w.shape).astype("float32") for w in theirs.weights]
    theirs.set_weights(values)
    mine.set_weights(values)
    theirs.quantize(**MODES[mode](keras))
    mine.quantize(**MODES[mode](lamina))
    return theirs, mine


def variables(layer):
    return [(v.name, v.path, tuple(v.shape), str(v.dtype), v.trainable) for v in layer.variables]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", LAYERS)
def test_layers(engine, name, mode):
    theirs, mine = pair(name, mode)
    assert variables(mine) == variables(theirs)
    for a, b in zip(theirs.variables, mine.variables, strict=True):
        np.testing.assert_allclose(value(b), value(a), rtol=1e-5, atol=1e-6, err_msg=a.name)
    assert mine.dtype_policy.name == theirs.dtype_policy.name
    assert mine.quantization_mode == theirs.quantization_mode
    x = data(name, np.random.default_rng(4))
    np.testing.assert_allclose(value(mine(x)), value(theirs(x)), rtol=1e-5, atol=1e-5)
    if name.startswith("reversible"):
        rows = np.random.default_rng(5).normal(size=(2, 5, 7)).astype("float32")
        np.testing.assert_allclose(
            value(mine(rows, reverse=True)), value(theirs(rows, reverse=True)), rtol=1e-5, atol=1e-5
        )
    config = json.loads(json.dumps(mine.get_config()))
    assert config == json.loads(json.dumps(keras.saving.serialize_keras_object(theirs.get_config())))
    again = type(mine).from_config(config)
    again.build(LAYERS[name][2])
    again.set_weights([v.numpy() for v in mine.weights])
    np.testing.assert_array_equal(value(again(x)), value(mine(x)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [n for n in LAYERS if LAYERS[n][2]])
def test_gradients_by_inputs(engine, name, mode):
    theirs, mine = pair(name, mode)
    x = data(name, np.random.default_rng(4))
    weight = np.random.default_rng(6).normal(size=theirs(x).shape).astype("float32")
    expected = jax.grad(lambda x: keras.ops.sum(theirs(x) * weight))(x)
    variable = lamina.Variable(x)
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(mine(variable) * weight)
    np.testing.assert_allclose(value(tape.gradient(loss, variable)), value(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["int8", "int4", "int4_channels"])
@pytest.mark.parametrize("name", ["dense", "einsum_query", "embedding", "reversible_untied"])
def test_lora(engine, name, mode):
    theirs, mine = pair(name, mode)
    rng = np.random.default_rng(8)
    for layer in (theirs, mine):
        layer.enable_lora(2, lora_alpha=3)
        assert layer.lora_enabled
    assert variables(mine) == variables(theirs)
    values = [rng.normal(size=w.shape).astype("float32") for w in theirs.trainable_weights]
    for a, b, v in zip(theirs.trainable_weights, mine.trainable_weights, values, strict=True):
        a.assign(v)
        b.assign(v)
    x = data(name, np.random.default_rng(4))
    np.testing.assert_allclose(value(mine(x)), value(theirs(x)), rtol=1e-5, atol=1e-5)
    # What files hold: merged, and quantized again.
    stores = {}, {}
    theirs.save_own_variables(stores[0])
    mine.save_own_variables(stores[1])
    assert list(stores[1]) == list(stores[0])
    for key in stores[0]:
        a, b = value(stores[0][key]), value(stores[1][key])
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1 if np.all(a == np.round(a)) else 1e-6)
    before = [v.numpy() for v in mine.trainable_weights]
    model = lamina.Sequential([mine])
    model.compile("sgd", "mse")
    model.fit(x, np.zeros(mine(x).shape, "float32"), verbose=0)
    changed = [np.abs(v.numpy() - b).max() > 0 for v, b in zip(mine.trainable_weights, before, strict=True)]
    assert all(changed)
    assert {v.dtype for v in mine.non_trainable_weights} >= {"int8"}


def test_lora_before_quantization(engine):
    layer = made(lamina, "dense")
    layer.enable_lora(3)
    layer.quantize("int8")
    assert [v.name for v in layer.trainable_weights] == ["bias", "lora_kernel_a", "lora_kernel_b"]
    assert [v.name for v in layer.non_trainable_weights] == ["kernel", "kernel_scale"]
    layer.load_own_variables({"0": np.ones((12, 7), "int8"), "1": np.zeros(7), "2": np.ones(7)})
    assert layer.lora_kernel_a.numpy().max() == 0


@pytest.mark.parametrize(
    "policy", ["int8_from_float32", "int4_from_float32", "int4/4_from_float32", "int8_from_mixed_bfloat16"]
)
@pytest.mark.parametrize("name", LAYERS)
def test_built_quantized(name, policy):
    theirs, mine = made(keras, name, dtype=policy), made(lamina, name, dtype=policy)
    assert variables(mine) == variables(theirs)
    for a, b in zip(theirs.variables, mine.variables, strict=True):
        if a.dtype == "int8" or a.name.endswith(("scale", "g_idx")):
            np.testing.assert_array_equal(value(b), value(a))
    x = data(name, np.random.default_rng(4))
    assert mine(x).dtype == theirs(x).dtype


def test_by_setting_the_policy():
    for policy, count in (("int8_from_float32", 3), ("int4_from_float32", 5)):
        for k in (keras, lamina):
            layer = made(k, "dense")
            layer.dtype_policy = policy
            assert len(layer.variables) == count
            assert layer.dtype_policy.name == policy


@pytest.mark.parametrize("name", ["dense", "einsum_query"])
def test_float8_training(engine, name):
    theirs, mine = made(keras, name), made(lamina, name)
    mine.set_weights([np.asarray(w) for w in theirs.get_weights()])
    x = data(name, np.random.default_rng(4))
    y = np.random.default_rng(5).normal(size=theirs(x).shape).astype("float32")
    for k, layer in ((keras, theirs), (lamina, mine)):
        layer.quantize("float8")
        model = k.Sequential([k.Input(x.shape[1:]), layer])
        model.compile(k.optimizers.SGD(0.1), "mse")
        model.fit(x, y, epochs=3, batch_size=len(x), verbose=0)
    assert variables(mine) == variables(theirs)
    for a, b in zip(theirs.variables, mine.variables, strict=True):
        np.testing.assert_allclose(value(b), value(a), rtol=1e-3, atol=1e-5, err_msg=a.name)
    np.testing.assert_allclose(value(mine(x)), value(theirs(x)), rtol=1e-3, atol=1e-4)


def test_errors():
    for k in (keras, lamina):
        layer = made(k, "dense")
        policy = layer.dtype_policy
        with pytest.raises(ValueError, match="Invalid quantization mode"):
            layer.quantize("int7")
        with pytest.raises(ValueError, match="You must provide"):
            layer.quantize()
        with pytest.raises(ValueError, match="Contradictory"):
            layer.quantize("int8", config=k.quantizers.Int4QuantizationConfig())
        with pytest.raises(ValueError, match="must be an instance of"):
            layer.quantize("int8", config=3)
        with pytest.raises(ValueError, match="you must pass"):
            layer.quantize("gptq")
        with pytest.raises(NotImplementedError, match="Invalid quantization mode"):
            layer.quantized_build((None, 2), "int7")
        with pytest.raises(NotImplementedError, match="quantized_build|Invalid quantization mode"):
            k.layers.Layer().quantized_build(None, None)
        with pytest.raises(NotImplementedError):
            made(k, "embedding").quantize("float8")
        assert layer.dtype_policy == policy
        layer.quantize("int8")
        with pytest.raises(ValueError, match="is already quantized with dtype_policy="):
            layer.quantize("int4")
        with pytest.raises(ValueError, match="isn't yet built"):
            k.layers.Dense(2).quantize("int8")
        half = made(k, "dense", dtype="float16")
        with pytest.raises(ValueError, match="doesn't work well"):
            half.quantize("int8")
        with pytest.raises(NotImplementedError, match="does not have a `quantize`"):
            norm = k.layers.LayerNormalization()
            norm.build((None, 2))
            norm.quantize("int8")
        with pytest.raises(NotImplementedError, match="does not have a `_int8_call`"):
            k.layers.Flatten(dtype="int8_from_float32")(np.ones((1, 2), "float32"))


def test_subclasses():
    class MyDense(lamina.layers.Dense):
        pass

    layer = MyDense(3)
    layer.build((None, 2))
    with pytest.raises(NotImplementedError):
        layer.quantize("int8")
    layer.quantize("int8", type_check=False)
    assert layer._kernel.dtype == "int8"


class Reversed(lamina.quantizers.Quantizer):
    """Quantizes what a user thinks right."""

    def __call__(self, x, axis=None, to_numpy=False):
        q, scale = lamina.quantizers.abs_max_quantize(x, axis=axis, value_range=(-100, 100))
        return q, scale

    def get_config(self):
        return {}


def test_quantizers_of_users(engine):
    layer = made(lamina, "dense")
    x = data("dense", np.random.default_rng(4))
    before = value(layer(x))
    config = lamina.quantizers.Int8QuantizationConfig(activation_quantizer=Reversed())
    layer.quantize(config=config)
    assert layer.quantization_config is config
    assert isinstance(layer.inputs_quantizer, Reversed)
    np.testing.assert_allclose(value(layer(x)), before, atol=0.05)


def network(k):
    inputs = k.Input((6,), dtype="int32")
    x = k.layers.Embedding(20, 8, name="table")(inputs)
    x = k.layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = k.layers.LayerNormalization(name="norm")(x)
    inner = k.Sequential([k.Input((6, 8)), k.layers.Dense(8, activation="relu", name="inner_dense")], name="inner")
    x = k.layers.Flatten(name="flat")(inner(x))
    return k.Model(inputs, k.layers.Dense(3, name="logits")(x))


@pytest.mark.parametrize(
    "mode,filters",
    [("int8", None), ("int4", None), ("int8", "dense"), ("int8", ["table", "^log"]),
     ("int8", lambda layer: layer.name != "logits")],
)  # fmt: skip
def test_models(engine, mode, filters):
    theirs, mine = network(keras), network(lamina)
    mine.set_weights([np.asarray(w) for w in theirs.get_weights()])
    x = np.random.default_rng(1).integers(0, 20, (4, 6))
    mine.predict(x, verbose=0)  # compiled steps must not stay
    for model in (theirs, mine):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.quantize(mode, filters=filters)
    modes = [{layer.path: layer.quantization_mode for layer in flattened(m) if layer.weights} for m in (theirs, mine)]
    assert modes[0] == modes[1]
    np.testing.assert_allclose(
        mine.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=2e-3
    )  # a value next to a half may be rounded to either side


def flattened(model):
    every = model._flatten_layers() if isinstance(model, keras.Model) else model._flatten(True, True)
    return [layer for layer in every if not isinstance(layer, (keras.Model, lamina.Model))]


@pytest.mark.parametrize("mode", MODES)
def test_equations_with_dots(engine, mode):
    """Keras fails on them; they mean what letters in place of the dots mean."""
    values = np.random.default_rng(3).normal(size=(9, 6)).astype("float32")
    x = np.random.default_rng(4).normal(size=(2, 3, 9)).astype("float32")
    results = []
    for equation, shape in (("...x,xy->...y", 6), ("abx,xy->aby", (None, 6))):
        layer = lamina.layers.EinsumDense(equation, output_shape=shape)
        layer.build((None, 3, 9))
        layer.set_weights([values])
        layer.quantize(**MODES[mode](lamina))
        variable = lamina.Variable(x)
        with lamina.GradientTape() as tape:
            y = layer(variable)
        results.append((value(y), value(tape.gradient(y, variable)), [v.shape for v in layer.variables]))
    assert results[0][2] == results[1][2]
    for a, b in zip(results[0][:2], results[1][:2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_models_warn_and_refuse():
    model = network(lamina)
    with pytest.warns(UserWarning, match="does not have a `quantize`"):
        model.quantize("int8")
    for arguments in ({"mode": "abc"}, {"mode": "int8", "unknown": 1}, {"mode": "int8", "filters": 3}):
        with pytest.raises(ValueError):
            network(lamina).quantize(**arguments)
    with pytest.raises(ValueError, match="isn't yet built"):
        lamina.Sequential([lamina.layers.Dense(2)]).quantize("int8")


def test_layers_of_users_quantize_themselves():
    class Own(lamina.layers.Layer):
        def call(self, x):
            return x

        def quantize(self, mode=None, type_check=True, config=None):
            self.asked = (mode, config)

    own = Own()
    model = lamina.Sequential([lamina.Input((2,)), own])
    model.quantize("int8")
    assert own.asked == ("int8", None)


def test_policy_maps_reach_layers():
    for k in (keras, lamina):
        policies = k.dtype_policies.DTypePolicyMap()
        for name in ("query", "value"):
            policies[f"mha/{name}"] = k.dtype_policies.QuantizedDTypePolicy("int8", "float32")
        layer = k.layers.MultiHeadAttention(3, 8, use_bias=False, dtype=policies, name="mha")
        layer.build((1, 2, 2), (1, 2, 2), (1, 2, 2))
        assert layer._query_dense._kernel.dtype == layer._value_dense._kernel.dtype == "int8"
        assert layer._key_dense._kernel.dtype == layer._output_dense._kernel.dtype == "float32"
        assert layer(*(np.ones((1, 2, 2), "float32"),) * 3).shape == (1, 2, 2)
