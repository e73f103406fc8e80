"""GPTQ and AWQ beside Keras: values, variables, whole models, files.

Values are those of Keras up to float32's rounding: a weight that lies in the middle between two integers may become the
other one, and in GPTQ the later weights of its output then make up for another error. So a few integers may differ.
"""

import json
import os
import subprocess
import sys
import warnings

import gptq_cases
import keras
import lamina
import numpy as np
import pytest
from gptq_cases import (
    CASES,
    CONFIGS,
    MODELS,
    PARTS,
    TEXTS,
    TOKENS,
    VOCABULARY,
    Tokenizer,
    case_values,
    config_of,
    inputs_of,
    leaves,
    made,
    model_config,
    network,
    quantize,
    random_values,
)
from keras.src.quantizers.gptq_core import get_dataloader


def value(x):
    return np.asarray(x.numpy() if isinstance(x, (lamina.Tensor, lamina.Variable)) else x)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """What Keras makes of the cases: {"case/part": array}."""
    path = tmp_path_factory.mktemp("gptq") / "reference.npz"
    subprocess.run(
        [sys.executable, gptq_cases.__file__, str(path)], check=True, env={**os.environ, "KERAS_BACKEND": "numpy"}
    )
    return np.load(path)


def calibrated(name, config, **more):
    """A layer with the values of its case."""
    layer = made(lamina, name, **more)
    weights, data = case_values(layer, name)
    layer.set_weights(weights)
    before = value(layer(data))
    layer.quantize(config=config_of(lamina, config))
    np.testing.assert_allclose(value(layer(data)), before, rtol=1e-5, atol=1e-5)
    work = layer._begin_calibration()
    work.observe(data.reshape(-1, layer.quantized_kernel.shape[1]))
    layer._finish_calibration(work)
    return layer


def keras_layer(name, config, weights):
    """Keras' layer with the weights of a calibrated one."""
    layer = made(keras, name, dtype=f"{config_of(keras, config).dtype_policy_string()}_from_float32")
    layer.quantization_config = config_of(keras, config)
    layer.set_weights(weights)
    layer.is_gptq_calibrated, layer.is_awq_calibrated = config.startswith("gptq"), config.startswith("awq")
    return layer


def variables(layer):
    return [(v.name, tuple(v.shape), str(v.dtype), v.trainable) for v in layer.variables]


def unpacked(stored, outputs, bits):
    stored = value(stored)
    if bits != 4:
        return stored.astype(int)
    return np.stack([stored & 15, stored >> 4], 1).reshape(-1, stored.shape[1])[:outputs].astype(int)


def integers(layer):
    return unpacked(layer.quantized_kernel, layer.kernel_scale.shape[0], layer.dtype_policy.weight_bits)


def assert_alike(layer, reference, prefix, share=0.01):
    """Few integers differ, and those by one."""
    theirs = {part: reference[f"{prefix}/{part}"] for part in PARTS if f"{prefix}/{part}" in reference}
    bits = layer.dtype_policy.weight_bits
    apart = np.abs(integers(layer) - unpacked(theirs.pop("quantized_kernel"), layer.kernel_scale.shape[0], bits))
    assert apart.max() <= 1 and np.mean(apart > 0) <= share
    for part, expected in theirs.items():
        np.testing.assert_allclose(value(getattr(layer, part)), expected, rtol=2e-3, atol=1e-6, err_msg=part)


@pytest.mark.parametrize("name,config", CASES)
def test_layers(engine, reference, name, config):
    mine = calibrated(name, config)
    assert_alike(mine, reference, f"{name}/{config}")
    theirs = keras_layer(name, config, [value(w) for w in mine.weights])
    assert sorted(variables(mine)) == sorted(variables(theirs))
    assert mine.dtype_policy.name == theirs.dtype_policy.name
    assert mine.quantization_mode == theirs.quantization_mode == config.split("_")[0]
    assert tuple(mine.kernel.shape) == tuple(theirs.kernel.shape) and str(mine.kernel.dtype) == "uint8"
    x = inputs_of(name, np.random.default_rng(4))
    np.testing.assert_allclose(value(mine(x)), value(theirs(x)), rtol=1e-4, atol=1e-4)
    ours = json.loads(json.dumps(mine.get_config()))
    expected = json.loads(json.dumps(keras.saving.serialize_keras_object(theirs.get_config())))
    assert ours.pop("dtype")["config"] == expected.pop("dtype")["config"] and ours == expected
    again = made(lamina, name, dtype=mine.dtype_policy)
    again.set_weights([v.numpy() for v in mine.weights])
    np.testing.assert_array_equal(value(again(x)), value(mine(x)))


@pytest.mark.parametrize("size", [-1, 48])
def test_groups_that_do_not_end_with_blocks(size):
    """Keras refuses them. Each weight is as near to what it was as its group's scale lets it be, but for what it makes
    up for."""
    layer = made(lamina, "dense_sequence")
    before = value(layer.kernel)
    layer.quantize(config=config_of(lamina, "gptq", group_size=size))
    work = layer._begin_calibration()
    work.statistics = np.eye(140, dtype="float32")
    layer._finish_calibration(work)
    group = value(layer.g_idx).astype(int)
    scale, zero = value(layer.kernel_scale)[:, group], value(layer.kernel_zero).astype(float)[:, group]
    after = ((integers(layer) - zero) * scale).T
    assert np.all(np.abs(after - before) <= 0.51 * scale.T)


def test_error_of_outputs_is_less_than_by_rounding(engine):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(500, 32)).astype("float32")
    x += np.roll(x, 1, 1) / 2

    def error(identity):
        layer = lamina.layers.Dense(16, use_bias=False)
        layer.build((None, 32))
        layer.set_weights([np.random.default_rng(6).normal(size=(32, 16)).astype("float32")])
        expected = value(layer(x))
        layer.quantize(config=lamina.quantizers.GPTQConfig(None, None, group_size=-1, weight_bits=3))
        work = layer._begin_calibration()
        work.observe(x)
        if identity:
            work.statistics = np.eye(32, dtype="float32")
        layer._finish_calibration(work)
        return np.mean((value(layer(x)) - expected) ** 2)

    assert error(False) < 0.9 * error(True)


def test_statistics_of_batches_are_those_of_all():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 5, 7)).astype("float32")
    for config in (lamina.quantizers.GPTQConfig(None, None), lamina.quantizers.AWQConfig(None, None)):
        whole, parts = config._calibration(7), config._calibration(7)
        whole.observe(x)
        for part in (x[:10], x[10:45], x[45:]):
            parts.observe(part)
        assert whole.samples == parts.samples == 300
        np.testing.assert_allclose(value(parts.statistics), value(whole.statistics), rtol=1e-5, atol=1e-6)
        for wrong in (x[:0], x[..., :5], x[0, 0]):
            with pytest.raises(ValueError):
                parts.observe(wrong)
    flat = x.reshape(-1, 7).astype("float64")
    gptq = lamina.quantizers.GPTQConfig(None, None)._calibration(7)
    gptq.observe(x)
    np.testing.assert_allclose(value(gptq.statistics), 2 / 300 * flat.T @ flat, rtol=1e-5, atol=1e-6)


# ---- models ----
@pytest.mark.parametrize("config,dataset", MODELS)
def test_models(engine, config, dataset):
    """The layers of the first block get the values that their inputs give. (Keras 3.15 shows its calibrations no inputs
    here: it watches call(), where quantized layers run quantized_call().)"""
    model, structure = network(lamina)
    model.set_weights(random_values(model))
    kernel = value(leaves(model, lamina)["query"].kernel).reshape(16, 16)
    x = np.random.default_rng(9).integers(0, VOCABULARY, (6, 8))
    before = model.predict(x, verbose=0)
    given = model_config(lamina, config, dataset, structure)
    quantize(model, given)
    found = leaves(model, lamina)
    for name, layer in found.items():
        if name != "head":
            assert layer.is_gptq_calibrated if config.startswith("gptq") else layer.is_awq_calibrated
    tokens = TOKENS if dataset == "tokens" else np.array([t for text in TEXTS for t in Tokenizer().tokenize(text)])
    work = given._calibration(16)
    for sample in get_dataloader(Tokenizer(), 8, [tokens], num_samples=12):
        work.observe(model.layers[1](sample))
    expected, scale, zero, _, _ = work.quantize(kernel)
    np.testing.assert_array_equal(integers(found["query"]), value(expected))
    np.testing.assert_array_equal(value(found["query"].kernel_scale), value(scale))
    np.testing.assert_array_equal(value(found["query"].kernel_zero), value(zero))
    assert np.abs(model.predict(x, verbose=0) - before).max() > 0


@pytest.mark.parametrize("tokens,length,count", [(200, 8, 12), (5, 8, 3), (96, 8, 12), (7, 7, 1)])
def test_samples(tokens, length, count):
    """Those that Keras takes in the same process."""
    data, seen = np.arange(tokens), []

    class Seen(lamina.layers.Layer):
        def call(self, x):
            seen.append(value(x))
            return lamina.ops.zeros((1, 4))

    model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(2)])
    structure = {"pre_block_layers": [Seen()], "sequential_blocks": model.layers}
    config = config_of(lamina, "awq", [data], Tokenizer(), num_samples=count, sequence_length=length,
                       quantization_layer_structure=structure)  # fmt: skip
    quantize(model, config)
    np.testing.assert_array_equal(seen, get_dataloader(Tokenizer(), length, [data], num_samples=count))


def test_layers_out_of_the_blocks_stay_as_they_are():
    """Keras gives them the mode without values, and its files then lose their kernels."""
    mine, ours = network(lamina)
    quantize(mine, config_of(lamina, "gptq", TEXTS, Tokenizer(), num_samples=2, sequence_length=8,
                             quantization_layer_structure=ours))  # fmt: skip
    head = leaves(mine, lamina)["head"]
    assert head.quantization_mode is None and str(head.kernel.dtype) == "float32"


@pytest.mark.parametrize(
    "filters,expected", [("^d1$", {"d1"}), (["hid", "out"], {"hidden", "out", "attention_output"}),
                         (lambda layer: layer.name != "d2", None)], ids=["one", "several", "function"]
)  # fmt: skip
def test_filters(filters, expected):
    model, structure = network(lamina)
    quantize(model, config_of(lamina, "awq", TEXTS, Tokenizer(), num_samples=2, sequence_length=8,
                              quantization_layer_structure=structure), filters=filters)  # fmt: skip
    found = {name for name, layer in leaves(model, lamina).items() if layer.quantization_mode == "awq"}
    assert found == (expected or set(leaves(model, lamina)) - {"d2", "head"})


def test_a_model_tells_its_blocks(engine):
    inputs = lamina.Input((8,), dtype="int32")
    x = lamina.layers.Embedding(VOCABULARY, 8)(inputs)
    outputs = lamina.layers.Dense(4)(x)

    class Told(lamina.Model):
        def get_quantization_layer_structure(self, mode=None):
            assert mode == "gptq"
            return {"pre_block_layers": self.layers[1:2], "sequential_blocks": self.layers[2:]}

    model = Told(inputs, outputs)
    quantize(model, config_of(lamina, "gptq", TEXTS, Tokenizer(), num_samples=2, sequence_length=8))
    assert model.layers[-1].is_gptq_calibrated
    assert np.isfinite(model.predict(np.zeros((2, 8), "int32"), verbose=0)).all()


# ---- files ----
@pytest.fixture
def zeros_in_files(monkeypatch):
    """Keras 3.15 leaves zero points out of its files, which it then cannot read; here it writes them."""
    for cls in (keras.layers.Dense, keras.layers.EinsumDense):
        merged = cls._get_kernel_with_merged_lora

        def mended(self, merged=merged):
            if self.quantization_mode in ("gptq", "awq"):
                return self.kernel, None, self.kernel_zero
            return merged(self)

        monkeypatch.setattr(cls, "_get_kernel_with_merged_lora", mended)


def plain_network(k):
    inputs = k.Input((6, 12))
    x = k.layers.Dense(12, activation="relu", name="first")(inputs)
    x = k.layers.EinsumDense("abc,cde->abde", (6, 2, 5), bias_axes="de", name="heads")(x)
    x = k.layers.EinsumDense("abcd,cde->abe", (6, 12), name="joined")(x)
    return k.Model(inputs, k.layers.Dense(3, name="head")(x))


def calibrated_network(config):
    model = plain_network(lamina)
    block = lamina.Model(model.inputs, model.layers[3].output)  # blocks hand on tensors of three axes
    structure = {"pre_block_layers": [Cut(lamina)], "sequential_blocks": [block]}
    more = {"num_samples": 4, "sequence_length": 72, "quantization_layer_structure": structure}
    quantize(model, config_of(lamina, config, TOKENS[:, None], Tokenizer(), **more))
    return model


def keras_network(config, model):
    """Keras' with the values of a quantized model; calibration by Keras itself takes a minute on JAX."""
    theirs = plain_network(keras)
    for layer, mine in zip(theirs.layers[1:4], model.layers[1:4], strict=True):
        layer.quantize(config=config_of(keras, config))
        layer._untrack_variable(layer._kernel)
        del layer._kernel
        layer.is_gptq_calibrated, layer.is_awq_calibrated = config.startswith("gptq"), config.startswith("awq")
        for v, w in zip(layer.variables, mine.variables, strict=True):
            v.assign(value(w))
    theirs.layers[4].set_weights([value(w) for w in model.layers[4].weights])
    return theirs


def Cut(k):
    """Makes numbers of tokens."""

    class Numbers(k.layers.Layer):
        def call(self, x):
            return k.ops.reshape(k.ops.cast(x, "float32") / 25 - 1, (1, 6, 12))

    return Numbers()


@pytest.mark.parametrize("config", ["gptq_groups", "gptq_8_bits", "awq_odd_groups"])
@pytest.mark.parametrize("kind", ["keras", "weights.h5"])
@pytest.mark.parametrize("writer", ["keras", "lamina"])
def test_files_both_ways(tmp_path, zeros_in_files, config, kind, writer):
    mine = calibrated_network(config)
    theirs = keras_network(config, mine)
    source, target = (theirs, lamina) if writer == "keras" else (mine, keras)
    path = str(tmp_path / f"model.{kind}")
    if kind == "keras":
        source.save(path)
        loaded = target.saving.load_model(path)
    else:
        source.save_weights(path)
        loaded = theirs if target is keras else mine
        for w in loaded.weights:
            w.assign(value(w) * 0)
        loaded.load_weights(path)
    for a, b in zip(source.layers[1:], loaded.layers[1:], strict=True):
        assert variables(a) == variables(b)
        for v, w in zip(a.variables, b.variables, strict=True):
            np.testing.assert_array_equal(value(v), value(w))
    x = np.random.default_rng(4).normal(size=(3, 6, 12)).astype("float32")
    expected = np.asarray(source.predict(x, verbose=0))
    np.testing.assert_allclose(np.asarray(loaded.predict(x, verbose=0)), expected, rtol=1e-4, atol=1e-4)


def test_files_without_zero_points(tmp_path):
    """What Keras writes."""
    path = str(tmp_path / "model.keras")
    keras_network("gptq_groups", calibrated_network("gptq_groups")).save(path)
    for k in (keras, lamina):
        with pytest.raises(ValueError, match="expected 5 variables, but received 4"):
            k.saving.load_model(path)


def test_layers_without_values_are_not_saved(tmp_path):
    model = plain_network(lamina)
    expected = model.predict(np.ones((1, 6, 12)), verbose=0)
    model.layers[1].quantize(config=config_of(lamina, "gptq"))
    np.testing.assert_allclose(model.predict(np.ones((1, 6, 12)), verbose=0), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="no calibration gave it values"):
        model.save(str(tmp_path / "model.keras"))
    other = calibrated_network("gptq")
    other.save_weights(str(tmp_path / "other.weights.h5"))
    for layer in model.layers[2:4]:
        layer.quantize(config=config_of(lamina, "gptq"))
    model.load_weights(str(tmp_path / "other.weights.h5"))  # now they have them
    x = np.random.default_rng(4).normal(size=(3, 6, 12)).astype("float32")
    np.testing.assert_array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))
    assert model.layers[1].is_gptq_calibrated


# ---- the rest ----
@pytest.mark.parametrize("config", ["gptq", "awq_groups"])
def test_gradients_by_inputs(engine, config):
    mine = calibrated("einsum_query", config)
    x = np.random.default_rng(4).normal(size=(2, 6, 16)).astype("float32")
    weight = np.random.default_rng(6).normal(size=(2, 6, 2, 5)).astype("float32")
    variable = lamina.Variable(x)
    with lamina.GradientTape() as tape:
        loss = lamina.ops.sum(mine(variable) * weight)
    kernel = value(mine(np.eye(16, dtype="float32").reshape(1, 16, 16)[:, :6])) - value(mine(np.zeros((1, 6, 16))))
    gradient = value(tape.gradient(loss, variable))
    np.testing.assert_allclose(gradient[..., :6], np.einsum("abde,cde->abc", weight, kernel[0]), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("config", ["gptq_channels", "awq_channels"])
def test_half_precision(engine, config):
    """512 inputs, whose group indices are less than 1 in float32 alone."""
    layer = lamina.layers.Dense(4, dtype="mixed_bfloat16")
    layer.build((None, 512))
    x = np.random.default_rng(4).normal(size=(600, 512)).astype("float32")
    before = value(layer(x).astype("float32"))
    layer.quantize(config=config_of(lamina, config))
    work = layer._begin_calibration()
    work.observe(x)
    layer._finish_calibration(work)
    assert layer.dtype_policy.name == f"{config[:-9]}/4/-1_from_mixed_bfloat16" and layer(x).dtype == "bfloat16"
    assert np.mean(np.abs(value(layer(x).astype("float32")) - before)) < 0.25


def test_configs():
    for name in CONFIGS:
        theirs, mine = config_of(keras, name), config_of(lamina, name)
        assert mine.get_config() == theirs.get_config() and list(mine.get_config()) == list(theirs.get_config())
        assert (mine.mode, mine.dtype_policy_string()) == (theirs.mode, theirs.dtype_policy_string())
        again = type(mine).from_config(mine.get_config())
        assert again.get_config() == mine.get_config()
        given = json.loads(json.dumps(lamina.saving.serialize_keras_object(mine)))
        assert given == json.loads(json.dumps(keras.saving.serialize_keras_object(theirs)))
        assert lamina.saving.deserialize_keras_object(given).get_config() == mine.get_config()
    tokenizer, texts, structure = Tokenizer(), iter(TEXTS), {"sequential_blocks": []}
    config = config_of(lamina, "gptq", texts, tokenizer, quantization_layer_structure=structure)
    assert config.dataset is texts and config.tokenizer is tokenizer
    assert config.quantization_layer_structure is structure
    assert config.weight_quantizer is None and config.activation_quantizer is None


WRONG = {
    "group_size": ({"group_size": 0}, ("gptq", "awq")),
    "num_samples": ({"num_samples": 0}, ("gptq", "awq")),
    "sequence_length": ({"sequence_length": -1}, ("gptq", "awq")),
    "weight_bits": ({"weight_bits": 5}, ("gptq", "awq")),
    "hessian_damping": ({"hessian_damping": 1.5}, ("gptq",)),
    "num_grid_points": ({"num_grid_points": 0}, ("awq",)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers(name):
    arguments, modes = WRONG[name]
    for mode in modes:
        for k in (keras, lamina):
            with pytest.raises(ValueError, match=f"{name}|AWQ only supports 4-bit"):
                config_of(k, mode, **arguments)


def misuse(name, k):
    model, structure = network(k)
    known = {"quantization_layer_structure": structure, "num_samples": 2, "sequence_length": 8}
    dense = leaves(model, k)["head"]
    cases = {
        "no structure": lambda: model.quantize("gptq", config=config_of(k, "gptq", TEXTS, Tokenizer())),
        "no data": lambda: model.quantize("gptq", config=config_of(k, "gptq", None, Tokenizer(), **known)),
        "no tokenizer": lambda: model.quantize("awq", config=config_of(k, "awq", TEXTS, None, **known)),
        "no config": lambda: model.quantize("gptq"),
        "another mode": lambda: model.quantize("awq", config=config_of(k, "gptq", TEXTS, Tokenizer(), **known)),
        "no blocks": lambda: model.quantize(
            "gptq", config=config_of(k, "gptq", TEXTS, Tokenizer(), quantization_layer_structure={})
        ),
        "empty": lambda: model.quantize("gptq", config=config_of(k, "gptq", [], Tokenizer(), **known)),
        "a string": lambda: model.quantize("gptq", config=config_of(k, "gptq", "text", Tokenizer(), **known)),
        "twice": lambda: [dense.quantize(config=config_of(k, "gptq")) for _ in range(2)],
        "a policy": lambda: setattr(dense, "dtype_policy", "gptq/4/8_from_float32"),
        "lora": lambda: (dense.quantize(config=config_of(k, "gptq")), dense.enable_lora(2)),
        "four axes": lambda: four_axes(k),
    }
    return cases if name is None else cases[name]


def four_axes(k):
    layer = k.layers.EinsumDense("ab,bcde->acde", (2, 3, 4))
    layer.build((None, 5))
    layer.quantize(config=config_of(k, "awq"))


MISUSES = {
    "no structure": (ValueError, "a valid quantization structure"),
    "no data": (ValueError, "requires a dataset and a tokenizer"),
    "no tokenizer": (ValueError, "requires a dataset and"),
    "no config": (ValueError, "you must pass a `GPTQConfig`"),
    "another mode": (ValueError, "Contradictory arguments"),
    "no blocks": (ValueError, "No sequential blocks|a valid quantization structure"),
    "empty": (ValueError, "dataset is empty"),
    "a string": (TypeError, "must be an iterable"),
    "twice": (ValueError, "already quantized"),
    "a policy": (ValueError, "Implicitly enabling GPTQ"),
    "lora": (NotImplementedError, "lora is not currently supported"),
    "four axes": (ValueError, "only supports 2D or 3D"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuses(name):
    kind, words = MISUSES[name]
    for k in (lamina, keras):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(kind, match=words):
                misuse(name, k)()


def test_what_fails_leaves_the_model_as_it_was():
    for name in ("no structure", "no data", "empty", "a string", "four axes"):
        model, structure = network(lamina)
        before = [w.path for w in model.weights]
        config = config_of(lamina, "gptq", [] if name == "empty" else None, Tokenizer(),
                           quantization_layer_structure=None if name == "no structure" else structure)  # fmt: skip
        with pytest.raises(ValueError):
            model.quantize(config=config)
        assert [w.path for w in model.weights] == before
    layer = lamina.layers.EinsumDense("ab,bcde->acde", (2, 3, 4))
    layer.build((None, 5))
    with pytest.raises(ValueError, match="2D or 3D"):
        layer.quantize(config=config_of(lamina, "gptq"))
    assert layer.quantization_mode is None and layer(np.ones((1, 5))).shape == (1, 2, 3, 4)


def test_a_hessian_without_inverse():
    layer = lamina.layers.Dense(3)
    layer.build((None, 6))
    layer.quantize(config=config_of(lamina, "gptq", hessian_damping=0.0))
    work = layer._begin_calibration()
    work.observe(np.ones((4, 6)))
    with pytest.raises(ValueError, match="Raise `hessian_damping`"):
        layer._finish_calibration(work)
    assert not layer.is_gptq_calibrated and np.isfinite(value(layer(np.ones((1, 6))))).all()


def test_shared_layers_are_quantized_once():
    dense = lamina.layers.Dense(8)
    model = lamina.Sequential([lamina.Input((8,), dtype="int32"), lamina.layers.Embedding(VOCABULARY, 8), dense, dense])
    structure = {"pre_block_layers": model.layers[:1], "sequential_blocks": [dense, dense]}
    quantize(model, config_of(lamina, "gptq", TEXTS, Tokenizer(), num_samples=2, sequence_length=8,
                              quantization_layer_structure=structure))  # fmt: skip
    assert dense.is_gptq_calibrated
