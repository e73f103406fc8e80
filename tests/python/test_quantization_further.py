"""int8 of the layers that Keras leaves in floating point: convolutions and recurrences."""

import json
import warnings

import jax
import keras
import lamina
import numpy as np
import pytest
from further_quantization import (
    CONVOLUTIONS,
    LAYERS,
    RECURRENCES,
    data,
    expected,
    filled,
    made,
    quantize,
    shared_axes,
    value,
    weights_of,
)
from test_quantization import Reversed, flattened


def weight_only():
    return lamina.quantizers.Int8QuantizationConfig(activation_quantizer=None)


def unquantized(name, layer):
    """Keras' float layer with what the integers stand for."""
    theirs, weights = made(name, keras), weights_of(layer)
    values = []
    for w in theirs.weights:
        v = weights[w.name]
        if v.dtype == "int8":
            scale = weights[w.name + "_scale"]
            v = v / np.expand_dims(scale, tuple(a for a in range(v.ndim) if a in axes_of(name, v)))
        values.append(v.astype("float32"))
    theirs.set_weights(values)
    return theirs


def axes_of(name, kernel):
    if name in RECURRENCES:
        return (0,)
    cls = LAYERS[name][0]
    if cls.startswith("Separable"):
        cls = "Conv" if set(kernel.shape[:-2]) == {1} else "depthwise"
    return shared_axes(cls, kernel)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_compute_as_numpy(engine, name):
    layer = filled(name)
    floats, names = weights_of(layer), [w.name for w in layer.trainable_weights if "kernel" not in w.name]
    before = value(layer(data(name)))
    layer.quantize("int8")
    assert layer.quantization_mode == "int8" and layer.dtype_policy.name == "int8_from_float32"
    assert [w.name for w in layer.trainable_weights] == names
    for kernel in [n for n in floats if "kernel" in n]:
        q, scale = quantize(floats[kernel], axes_of(name, floats[kernel]))
        mine = weights_of(layer)
        assert mine[kernel].dtype == "int8"
        np.testing.assert_array_equal(mine[kernel], q)
        np.testing.assert_allclose(mine[kernel + "_scale"], scale.squeeze(axes_of(name, q)), rtol=1e-6)
    x = data(name)
    y = value(layer(x))
    # A state that was computed otherwise may fall to the other side of a half, and change what follows by a step.
    np.testing.assert_allclose(y, expected(name, layer, x), rtol=1e-4, atol=2e-5 if name in CONVOLUTIONS else 5e-3)
    assert 0 < np.abs(y - before).max() < 0.05 * np.abs(before).max() + 0.02
    model = lamina.Sequential([lamina.Input(x.shape[1:]), layer])
    np.testing.assert_allclose(model.predict(x, verbose=0), y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_weights_alone(engine, name):
    layer = filled(name)
    layer.quantize(config=weight_only())
    assert layer.get_config()["quantization_config"]["config"]["activation_quantizer"] is None
    x = data(name)
    np.testing.assert_allclose(value(layer(x)), np.asarray(unquantized(name, layer)(x)), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradients_are_those_of_the_weights_value(engine, name):
    layer = filled(name)
    layer.quantize("int8")
    layer.activation = None
    theirs = unquantized(name, layer)
    theirs.activation = keras.activations.linear
    x = data(name)
    weight = np.random.default_rng(6).normal(size=theirs(x).shape).astype("float32")
    wanted = jax.grad(lambda x: keras.ops.sum(theirs(x) * weight))(x)
    variable = lamina.Variable(x)
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(layer(variable) * weight)
    np.testing.assert_allclose(value(tape.gradient(loss, variable)), np.asarray(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", RECURRENCES)
def test_gradients_of_recurrences(engine, name):
    """They are taken at the quantized layer's own steps, which are near those of the float layer."""
    layer = filled(name)
    layer.quantize("int8")
    theirs = unquantized(name, layer)
    x = data(name)
    wanted = np.asarray(jax.grad(lambda x: keras.ops.sum(theirs(x) ** 2))(x))
    variable = lamina.Variable(x)
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(layer(variable) ** 2)
    found = value(tape.gradient(loss, variable))
    assert np.abs(found - wanted).max() < 0.06 * np.abs(wanted).max()


@pytest.mark.parametrize("name", LAYERS)
def test_configs_and_files(tmp_path, engine, name):
    x = data(name)
    model = lamina.Sequential([lamina.Input(x.shape[1:]), filled(name)])
    assert "quantization_config" not in model.layers[0].get_config()
    model.quantize("int8", all_layers=True)
    config = json.loads(json.dumps(model.layers[0].get_config()))
    assert config["dtype"]["config"] == {"mode": "int8", "source_name": "float32"}
    assert config["quantization_config"]["class_name"] == "Int8QuantizationConfig"
    y = model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = lamina.saving.load_model(tmp_path / "model.keras")
    again = type(model).from_config(model.get_config())
    again.load_weights(tmp_path / "model.weights.h5")
    for other in (loaded, again, lamina.models.clone_model(model)):
        assert [(w.name, w.dtype, w.shape) for w in other.weights] == [
            (w.name, w.dtype, w.shape) for w in model.weights
        ]
    for other in (loaded, again):
        np.testing.assert_array_equal(other.predict(x, verbose=0), y)


@pytest.mark.parametrize("name", LAYERS)
def test_by_the_policy(name):
    layer = filled(name)
    layer.dtype_policy = "int8_from_float32"
    built = made(name, dtype="int8_from_float32")
    assert [(w.name, w.path, w.dtype, w.shape) for w in built.weights] == [
        (w.name, w.path, w.dtype, w.shape) for w in layer.weights
    ]
    assert built(data(name)).dtype == "float32"
    for dtype in ("mixed_bfloat16", "float64"):
        layer = filled(name, dtype=dtype)
        before = value(layer(data(name))).astype("float64")
        layer.quantize("int8")
        after = value(layer(data(name))).astype("float64")
        assert np.abs(after - before).max() < 0.07 * np.abs(before).max() + 0.02


@pytest.mark.parametrize("name", ["conv2d", "separable2d", "lstm", "gru_before"])
def test_quantizers_of_users(engine, name):
    layer = filled(name)
    before = value(layer(data(name)))
    layer.quantize(config=lamina.quantizers.Int8QuantizationConfig(activation_quantizer=Reversed()))
    own = layer.cell if name in RECURRENCES else layer
    assert isinstance(own.inputs_quantizer, Reversed)
    assert np.abs(value(layer(data(name))) - before).max() < 0.05 * np.abs(before).max() + 0.02


def test_another_range_is_the_states_too(engine):
    layer, x = filled("lstm"), data("lstm")
    before = value(layer(x))
    coarse = lamina.quantizers.AbsMaxQuantizer(value_range=(-3, 3))
    layer.quantize(config=lamina.quantizers.Int8QuantizationConfig(activation_quantizer=coarse))
    assert np.abs(value(layer(x)) - before).max() > 0.03  # seven steps are not many


def network(k, attention=True):
    inputs = k.Input((8, 8, 3))
    x = k.layers.Conv2D(8, 3, padding="same", activation="relu", name="conv")(inputs)
    x = k.layers.SeparableConv2D(6, 3, strides=2, padding="same", name="separable")(x)
    x = k.layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = k.layers.Reshape((16, 6), name="rows")(x)
    x = k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True, name="lstm"), name="both")(x)
    x = k.layers.RNN(k.layers.GRUCell(5, name="cell"), return_sequences=True, name="rnn")(x)
    if attention:
        x = k.layers.MultiHeadAttention(2, 3, name="attention")(x, x)
        x = k.layers.GroupQueryAttention(4, 4, 2, name="grouped")(x, x)
    x = k.layers.TimeDistributed(k.layers.Dense(4, name="inner"), name="each")(x)
    return k.Model(inputs, k.layers.Dense(3, name="logits")(k.layers.Flatten(name="flat")(x)))


def modes(model):
    return {layer.path: layer.quantization_mode for layer in flattened(model) if layer.weights}


def test_models_as_keras_by_default():
    theirs, mine = network(keras), network(lamina)
    messages = []
    for model in (theirs, mine):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.quantize("int8")
        # NumPy's warnings come between Keras'.
        said = [str(w.message) for w in caught if "`quantize`" in str(w.message)]
        # Parts of a layer come in another order.
        messages.append(sorted(text.split(" method implemented")[0] for text in said))
    assert modes(mine) == modes(theirs)
    assert messages[0] == messages[1]
    assert any("all_layers=True" in str(w.message) for w in caught)
    assert modes(mine)["attention/query"] == modes(mine)["grouped/query"] == modes(mine)["logits"] == "int8"


def test_models_with_all_layers(tmp_path, engine):
    model = network(lamina)
    x = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype("float32")
    before = model.predict(x, verbose=0)
    with pytest.warns(UserWarning, match="Layer Flatten does not have a `quantize`"):
        model.quantize("int8", all_layers=True)
    kernels = [w for w in model.weights if "kernel" in w.name and "scale" not in w.name]
    assert len(kernels) == 20 and {w.dtype for w in kernels} == {"int8"}
    y = model.predict(x, verbose=0)
    assert 0 < np.abs(y - before).max() < 0.1 * np.abs(before).max() + 0.02
    model.save(tmp_path / "model.keras")
    loaded = lamina.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), y)
    model.compile("sgd", "mse")
    biases = [w.numpy() for w in model.trainable_weights]
    model.fit(x, np.zeros((4, 3), "float32"), verbose=0)
    assert all(np.abs(w.numpy() - b).max() > 0 for w, b in zip(model.trainable_weights, biases, strict=True) if b.ndim)


def test_results_do_not_depend_on_threads():
    model = network(lamina)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize("int8", all_layers=True)
    x = np.random.default_rng(1).normal(size=(3, 8, 8, 3)).astype("float32")
    before, results = lamina.config.threads(), []
    try:
        for threads in (1, 2, 3):
            lamina.config.set_threads(threads)
            results.append(model.predict(x, verbose=0))
    finally:
        lamina.config.set_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.parametrize("cls,arguments", [("MultiHeadAttention", (2, 4)), ("GroupQueryAttention", (4, 4, 2))])
def test_files_of_attention(tmp_path, engine, cls, arguments, mode):
    """Keras cannot load its own: the layer's config does not say that its projections are quantized."""

    def attention(k):
        inputs = k.Input((6, 8))
        return k.Model(inputs, getattr(k.layers, cls)(*arguments, name="heads")(inputs, inputs))

    x = np.random.default_rng(2).normal(size=(3, 6, 8)).astype("float32")
    model = attention(lamina)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(mode)
    y = model.predict(x, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = lamina.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), y)
    assert loaded.layers[1].get_config() == model.layers[1].get_config()
    theirs = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(theirs.predict(x, verbose=0)), y, rtol=1e-4, atol=2e-3)


def test_messages():
    model = network(lamina)
    with pytest.raises(ValueError, match="`all_layers` is for mode='int8'"):
        model.quantize("int4", all_layers=True)
    with pytest.raises(ValueError, match="`all_layers` is for mode='int8'"):
        config = lamina.quantizers.GPTQConfig(dataset=["a"], tokenizer=lambda text: [1])
        model.quantize(config=config, all_layers=True)
    for name in ("conv2d", "depthwise2d", "separable2d", "transpose2d", "lstm"):
        layer = made(name)
        for mode in ("int4", "float8"):
            with pytest.raises(NotImplementedError, match=f"Quantization mode '{mode}' is not available"):
                layer.quantize(mode)
        assert layer.quantization_mode is None
        layer.quantize("int8")
        with pytest.raises(ValueError, match="is already quantized with dtype_policy='int8_from_float32'"):
            layer.quantize("int8")
        with pytest.raises(ValueError, match="isn't yet built"):
            getattr(lamina.layers, LAYERS[name][0])(**LAYERS[name][1]).quantize("int8")
        with pytest.raises(ValueError, match="doesn't work well"):
            made(name, dtype="float16").quantize("int8")

    class Own(lamina.layers.Conv2D):
        pass

    layer = Own(2, 3)
    layer.build((None, 5, 5, 1))
    with pytest.raises(NotImplementedError):
        layer.quantize("int8")
    layer.quantize("int8", type_check=False)
    assert layer.quantization_mode == "int8"


def test_attributes_come_with_quantization():
    layer = made("conv2d")
    for name in ("quantization_config", "inputs_quantizer"):
        assert not hasattr(layer, name) and name not in dir(layer)
    layer.quantize("int8")
    assert isinstance(layer.quantization_config, lamina.quantizers.Int8QuantizationConfig)
    assert isinstance(layer.inputs_quantizer, lamina.quantizers.AbsMaxQuantizer)
    assert layer.kernel_scale.shape == (8,)


@pytest.mark.parametrize("name", ["conv2d", "conv2d_groups"])
def test_lora(tmp_path, engine, name):
    layer, x = filled(name), data(name)
    layer.quantize("int8")
    before = value(layer(x))
    layer.enable_lora(2, lora_alpha=3, b_initializer="normal")
    a, b = value(layer.lora_kernel_a), value(layer.lora_kernel_b)
    plain = made(name, keras)
    plain.set_weights([(1.5 * a @ b).astype("float32"), np.zeros(b.shape[1:], "float32")])
    np.testing.assert_allclose(value(layer(x)), before + np.asarray(plain(x)), rtol=1e-4, atol=1e-5)
    with pytest.raises(NotImplementedError, match="There is no lora"):
        made("depthwise2d")._enable_lora(2, None, None, None)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cls", ["SimpleRNN", "LSTM", "GRU"])
def test_masks_states_and_cells(engine, cls, masked):
    """A cell by hand, in RNN and the layer itself go through the same steps."""
    x = np.random.default_rng(5).normal(size=(3, 5, 4)).astype("float32")
    mask = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [1, 1, 0, 0, 0]], bool) if masked else None
    layer = getattr(lamina.layers, cls)(6, return_sequences=True, return_state=True)
    layer.build(x.shape)
    layer.quantize("int8")
    rnn = lamina.layers.RNN(getattr(lamina.layers, cls + "Cell")(6), return_sequences=True, return_state=True)
    rnn.build(x.shape)
    rnn.cell.quantize("int8")
    rnn.set_weights(layer.get_weights())
    found = [[value(t) for t in layer_(x, mask=mask)] for layer_ in (layer, rnn)]
    states = layer.cell.get_initial_state(3)
    outputs = []
    for t in range(5):
        y, fresh = layer.cell(x[:, t], states)
        on = np.ones((3, 1), bool) if mask is None else mask[:, t : t + 1]
        states = [np.where(on, value(s), value(old)) for s, old in zip(fresh, states, strict=True)]
        outputs.append(states[0])
    for a, b in zip(found[0], found[1], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(found[0][0], np.stack(outputs, 1), atol=5e-3)
    np.testing.assert_allclose(found[0][-1], states[-1], atol=5e-3)


def test_stateful_layers_go_on(engine):
    x = np.random.default_rng(5).normal(size=(2, 6, 4)).astype("float32")
    layer = lamina.layers.GRU(5, stateful=True)
    layer.build((2, 3, 4))
    layer.quantize("int8")
    layer(x[:, :3])
    parts = value(layer(x[:, 3:]))
    layer.reset_state()
    np.testing.assert_allclose(parts, value(layer(x)), atol=1e-6)


def test_dropout_masks_reach_the_quantized_products(engine):
    x = np.ones((4, 3, 8), "float32")
    for arguments in ({"dropout": 0.5}, {"recurrent_dropout": 0.5}):
        layer = lamina.layers.LSTM(6, **arguments)
        layer.build(x.shape)
        layer.quantize("int8")
        quiet, loud = value(layer(x)), value(layer(x, training=True))
        assert np.abs(loud - quiet).max() > 0.01
