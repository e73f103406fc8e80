"""Files of quantized models: Keras' here, and ours in Keras."""

import warnings

import keras
import lamina
import numpy as np
import pytest
from test_quantization import MODES

X = np.random.default_rng(1).integers(0, 20, (4, 6))


def network(k):
    inputs = k.Input((6,), dtype="int32")
    x = k.layers.Embedding(20, 8, name="table")(inputs)
    x = k.layers.EinsumDense("abc,cde->abde", (6, 2, 4), bias_axes="de", name="heads")(x)
    x = k.layers.EinsumDense("abcd,cde->abe", (6, 8), name="joined")(x)
    x = k.layers.LayerNormalization(name="norm")(x)
    inner = k.Sequential([k.Input((6, 8)), k.layers.Dense(8, activation="relu", name="inner_dense")], name="inner")
    x = k.layers.Flatten(name="flat")(inner(x))
    return k.Model(inputs, k.layers.Dense(3, name="logits")(x))


def quantized(k, mode):
    model = network(k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize(**MODES[mode](k))
    return model


def outputs(model):
    return np.asarray(model.predict(X, verbose=0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["keras", "weights.h5"])
@pytest.mark.parametrize("writer", ["keras", "lamina"])
def test_files_both_ways(tmp_path, mode, kind, writer):
    source, target = (keras, lamina) if writer == "keras" else (lamina, keras)
    model = quantized(source, mode)
    path = str(tmp_path / f"model.{kind}")
    if kind == "keras":
        model.save(path)
        loaded = target.saving.load_model(path)
    else:
        model.save_weights(path)
        loaded = quantized(target, mode)
        loaded.load_weights(path)
    for a, b in zip(model.weights, loaded.weights, strict=True):
        assert (a.name, str(a.dtype)) == (b.name, str(b.dtype))
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    np.testing.assert_allclose(outputs(loaded), outputs(model), rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("mode", ["int8", "int4"])
def test_adapted_models(tmp_path, engine, mode):
    model = lamina.Sequential([lamina.Input((12,)), lamina.layers.Dense(6, name="dense")])
    model.quantize(mode)
    model.layers[0].enable_lora(2, b_initializer="normal")
    x = np.random.default_rng(2).normal(size=(5, 12)).astype("float32")
    expected = model.predict(x, verbose=0)
    path = str(tmp_path / "model.keras")
    model.save(path)
    for k in (lamina, keras):
        loaded = k.saving.load_model(path)
        assert loaded.layers[0].lora_enabled
        np.testing.assert_allclose(np.asarray(loaded.predict(x, verbose=0)), expected, atol=0.3)


def test_weights_of_a_float_model_do_not_fit(tmp_path):
    model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(2)])
    path = str(tmp_path / "model.weights.h5")
    model.save_weights(path)
    model.quantize("int8")
    with pytest.raises(ValueError, match="expected 3 variables, but received 2"):
        model.load_weights(path)


def test_subclassed_models_with_a_map(tmp_path, engine):
    """A layer that writes its sublayers' policies down is loaded with them."""

    @lamina.saving.register_keras_serializable("quantized_files")
    class Block(lamina.layers.Layer):
        def __init__(self, dtype=None, name="block", **kwargs):
            super().__init__(dtype=dtype, name=name, **kwargs)
            self.dense = lamina.layers.Dense(8, dtype=dtype, name=f"{name}_dense")
            self.norm = lamina.layers.BatchNormalization(dtype=dtype, name=f"{name}_norm")

        def call(self, x, training=None):
            return self.norm(self.dense(x), training=training)

        def get_config(self):
            config = super().get_config()
            policies = lamina.dtype_policies.DTypePolicyMap()
            for layer in self._flatten(True, True):
                if layer.quantization_mode is not None:
                    policies[layer.path] = layer.dtype_policy
            if len(policies):
                config["dtype"] = policies
            return config

    inputs = lamina.Input((4,))
    model = lamina.Model(inputs, Block()(inputs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.quantize("int8")
    x = np.random.default_rng(2).normal(size=(5, 4)).astype("float32")
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = lamina.saving.load_model(path)
    assert loaded.layers[1].dense._kernel.dtype == "int8"
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
