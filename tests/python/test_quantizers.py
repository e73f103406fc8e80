"""keras.quantizers and quantized dtype policies beside Keras."""

import json

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(5)


def array(x):
    return np.asarray(keras.ops.convert_to_numpy(x) if not isinstance(x, lamina.Tensor) else x.numpy())


def same(theirs, mine, **tolerance):
    for a, b in zip(theirs, mine, strict=True):
        a, b = array(a), array(b)
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(np.float64(b), np.float64(a), **tolerance)


def stored(x):
    """As a file holds it."""
    return json.loads(json.dumps(x))


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
@pytest.mark.parametrize("value_range", [(-127, 127), (-8, 7), (-5, 5)])
def test_abs_max_quantize(engine, axis, value_range):
    x = RNG.normal(size=(3, 5, 4)).astype("float32")
    x[0] = 0
    theirs = keras.quantizers.abs_max_quantize(x, axis, value_range, to_numpy=True)
    same(theirs, lamina.quantizers.abs_max_quantize(x, axis, value_range), rtol=1e-6)


@pytest.mark.parametrize("shape", [(8, 3), (7, 2), (4, 5), (130, 4)])
@pytest.mark.parametrize("block_size", [4, 3, 128])
def test_grouped(engine, shape, block_size):
    x = (RNG.normal(size=shape) + 0.7).astype("float32")
    name = "abs_max_quantize_grouped_with_zero_point"
    theirs = getattr(keras.quantizers, name)(x, block_size, to_numpy=True)
    same(theirs, getattr(lamina.quantizers, name)(x, block_size), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("shape,axis", [((5, 8), 0), ((8, 7), 1), ((8, 6), -1), ((2, 5, 4, 3), 1), ((3,), 0)])
def test_packing(engine, dtype, shape, axis):
    x = RNG.integers(*((-8, 8) if dtype == "int8" else (0, 16)), size=shape).astype(dtype)
    theirs, their_shape, their_length = keras.quantizers.pack_int4(keras.ops.convert_to_tensor(x), axis, dtype)
    mine, shape, length = lamina.quantizers.pack_int4(x, axis, dtype)
    same([theirs], [mine])
    assert (shape, length) == (tuple(their_shape), their_length)
    np.testing.assert_array_equal(lamina.quantizers.unpack_int4(mine, length, axis, dtype).numpy(), x)


def test_packing_errors():
    for k, error, dtype, given in (
        (keras, ValueError, "int16", "int8"),
        (lamina, ValueError, "int16", "int8"),
        (keras, TypeError, "int8", "int32"),
        (lamina, TypeError, "int8", "int32"),
    ):
        with pytest.raises(error):
            k.quantizers.pack_int4(k.ops.ones((2, 2), given), 0, dtype)


@pytest.mark.parametrize("axis,low,high", [(None, -1.3, 0.9), (1, [-1.0, -0.5, 0.0], [1.0, 0.2, 2.0])])
@pytest.mark.parametrize("bits,narrow", [(8, False), (4, True), (2, False)])
def test_fake_quant_and_its_gradient(engine, axis, low, high, bits, narrow):
    import jax

    x = RNG.normal(size=(4, 3)).astype("float32")
    low, high, weight = np.float32(low), np.float32(high), RNG.normal(size=(4, 3)).astype("float32")

    def loss(k, x, low, high):
        y = k.quantizers.fake_quant_with_min_max_vars(x, low, high, bits, narrow, axis)
        return k.ops.sum(y * weight)

    theirs, their_gradients = jax.value_and_grad(lambda *a: loss(keras, *a), argnums=(0, 1, 2))(x, low, high)
    variables = [lamina.Variable(v) for v in (x, low, high)]
    with lamina.GradientTape() as tape:
        mine = loss(lamina, *variables)
    same([theirs, *their_gradients], [mine, *tape.gradient(mine, variables)], rtol=1e-5, atol=1e-6)


def test_fake_quant_of_symbolic_tensors():
    y = lamina.quantizers.fake_quant_with_min_max_vars(lamina.KerasTensor((2, 3)), -3.0, 3.0, axis=-1)
    assert isinstance(y, lamina.KerasTensor) and y.shape == (2, 3)


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8(engine, dtype):
    x = np.concatenate([RNG.normal(size=300) * 10.0 ** RNG.integers(-6, 6, 300), [0, -0.0, 448, 1e9, -1e9]])
    x = x.astype("float32")
    for scale in (1.0, 0.03):
        theirs = keras.quantizers.quantize_and_dequantize(x, scale, dtype, "float32")
        same([theirs], [lamina.quantizers.quantize_and_dequantize(x, scale, dtype, "float32")], rtol=1e-6)


def test_float8_scales(engine):
    history = RNG.uniform(size=6).astype("float32")
    x = RNG.normal(size=(3, 2)).astype("float32")
    for amax in (3.0, 0.0, np.inf, np.float32([1.0, 0.0])):
        theirs = keras.quantizers.compute_float8_scale(keras.ops.convert_to_tensor(amax, "float32"), 4.0, 448.0)
        mine = lamina.quantizers.compute_float8_scale(lamina.ops.convert_to_tensor(amax, "float32"), 4.0, 448.0)
        same([theirs], [mine], rtol=1e-6)
    theirs = keras.quantizers.compute_float8_amax_history(x, keras.ops.convert_to_tensor(history))
    same([theirs], [lamina.quantizers.compute_float8_amax_history(x, history)])


def test_quantizer_objects(engine):
    x = RNG.normal(size=(3, 4)).astype("float32")
    for arguments in ({}, {"axis": 0}, {"axis": (0, 1), "value_range": (-8, 7)}, {"epsilon": 0.1}):
        theirs, mine = keras.quantizers.AbsMaxQuantizer(**arguments), lamina.quantizers.AbsMaxQuantizer(**arguments)
        same(theirs(x), mine(x), rtol=1e-6)
        same(theirs(x, axis=-1), mine(x, axis=-1), rtol=1e-6)
        assert (mine.axis, mine.value_range) == (theirs.axis, theirs.value_range)
        assert stored(mine.get_config()) == stored(theirs.get_config())
        assert stored(lamina.quantizers.serialize(mine)) == stored(keras.quantizers.serialize(theirs))
        again = lamina.quantizers.deserialize(stored(lamina.quantizers.serialize(mine)))
        same(theirs(x), again(x), rtol=1e-6)
    for k in (keras, lamina):
        with pytest.raises(ValueError, match="value_range"):
            k.quantizers.AbsMaxQuantizer(value_range=(-200, 127))
        assert k.quantizers.get(None) is None
        assert isinstance(k.quantizers.get("abs_max_quantizer"), k.quantizers.AbsMaxQuantizer)
        with pytest.raises(ValueError, match="Could not interpret quantizer identifier"):
            k.quantizers.get("typo")
        assert k.Quantizer is k.quantizers.Quantizer
        assert k.Quantizer()(3) == 3
        with pytest.raises(NotImplementedError):
            k.Quantizer().get_config()


@pytest.mark.parametrize(
    "name,arguments",
    [
        ("Int8QuantizationConfig", {}),
        ("Int8QuantizationConfig", {"activation_quantizer": None}),
        ("Int8QuantizationConfig", {"weight_quantizer": 0}),
        ("Int4QuantizationConfig", {}),
        ("Int4QuantizationConfig", {"block_size": None}),
        ("Int4QuantizationConfig", {"block_size": -1, "activation_quantizer": -1}),
        ("Float8QuantizationConfig", {}),
    ],
)
def test_configs(name, arguments):
    def made(k):
        given = {
            key: k.quantizers.AbsMaxQuantizer(axis=v) if key.endswith("quantizer") and v is not None else v
            for key, v in arguments.items()
        }
        return getattr(k.quantizers, name)(**given)

    theirs, mine = made(keras), made(lamina)
    assert mine.mode == theirs.mode
    assert stored(mine.get_config()) == stored(theirs.get_config())
    in_file = stored(lamina.saving.serialize_keras_object(mine))
    assert in_file == stored(keras.saving.serialize_keras_object(theirs))
    again = lamina.saving.deserialize_keras_object(in_file)
    assert type(again) is type(mine) and stored(again.get_config()) == stored(mine.get_config())
    assert type(mine).from_config(mine.get_config()).get_config() == mine.get_config()


def test_config_errors():
    for k in (keras, lamina):
        q = k.quantizers
        for make in (
            lambda: q.Int4QuantizationConfig(block_size=0),
            lambda: q.Int4QuantizationConfig(weight_quantizer=q.AbsMaxQuantizer(axis=0)),
            lambda: q.Int4QuantizationConfig(weight_quantizer=q.AbsMaxQuantizer(axis=0), block_size=None),
            lambda: q.Int8QuantizationConfig(weight_quantizer=q.AbsMaxQuantizer(output_dtype="int16")),
        ):
            with pytest.raises(ValueError):
                make()
        with pytest.raises(NotImplementedError):
            _ = q.QuantizationConfig().mode


POLICIES = (
    "int8_from_float32",
    "int8_from_mixed_bfloat16",
    "int4_from_float32",
    "int4/64_from_bfloat16",
    "int4/-1_from_float32",
    "float8_from_mixed_float16",
    "gptq/4/128_from_float32",
    "awq/4/-1_from_float32",
)


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name):
    theirs, mine = keras.dtype_policies.get(name), lamina.dtype_policies.get(name)
    assert type(mine).__name__ == type(theirs).__name__
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode", "_source_name"):
        assert getattr(mine, attribute) == getattr(theirs, attribute)
    for attribute in ("block_size", "weight_bits", "group_size", "amax_history_length", "mode"):
        assert getattr(mine, attribute, None) == getattr(theirs, attribute, None)
    assert repr(mine) == repr(theirs)
    in_file = lamina.dtype_policies.serialize(mine)
    assert in_file == keras.dtype_policies.serialize(theirs)
    assert lamina.dtype_policies.deserialize(in_file) == mine == lamina.dtype_policies.get(in_file)
    assert mine != lamina.dtype_policies.get("float32")
    assert type(mine).from_config(mine.get_config()) == mine


@pytest.mark.parametrize(
    "name",
    ["int8", "int8_from_float16", "int7_from_float32", "int8_from_x", "int4/0_from_float32", "int4/a_from_float32",
     "gptq_from_float32", "gptq/5/8_from_float32", "awq/8/8_from_float32", "int8_from_float32_from_float32"],
)  # fmt: skip
def test_refused_policies(name):
    for k in (keras, lamina):
        with pytest.raises(ValueError):
            k.dtype_policies.get(name)


def test_policies_of_other_identifiers():
    for k in (keras, lamina):
        assert k.dtype_policies.get(np.dtype("float16")).name == "float16"
        assert k.dtype_policies.get(None).name == "float32"
        with pytest.raises(ValueError, match="Cannot interpret"):
            k.dtype_policies.get([1])


def filled(k):
    policies = k.dtype_policies.DTypePolicyMap(default_policy="mixed_bfloat16")
    policies["layer/dense_0"] = k.dtype_policies.DTypePolicy("mixed_bfloat16")
    policies["layer/.*/query"] = k.dtype_policies.QuantizedDTypePolicy("int8", "mixed_bfloat16")
    return policies


def test_policy_maps():
    theirs, mine = filled(keras), filled(lamina)
    assert mine.get_config() == theirs.get_config()
    assert lamina.dtype_policies.serialize(mine) == keras.dtype_policies.serialize(theirs)
    assert mine.name == theirs.name
    assert list(mine) == list(theirs) and len(mine) == 2
    for key in ("layer/dense_0", "layer/a/query", "layer/query", "x"):
        assert mine[key].name == theirs[key].name
        assert (key in mine) == (key in theirs)
    again = lamina.dtype_policies.deserialize(lamina.dtype_policies.serialize(mine))
    assert dict(again.items()) == dict(mine.items()) and again.default_policy == mine.default_policy
    for k, policies in ((keras, theirs), (lamina, mine)):
        with pytest.raises(ValueError, match="already exist"):
            policies["layer/dense_0"] = "float32"
        with pytest.raises(ValueError, match="Cannot interpret the assigned value"):
            policies["other"] = 123
        with pytest.raises(TypeError, match="must be a dict"):
            k.dtype_policies.DTypePolicyMap(policy_map=123)
        with pytest.raises(ValueError, match="cannot be a"):
            k.dtype_policies.DTypePolicyMap(default_policy=policies)
        policies["layer/b/.*"] = "float32"
        with pytest.raises(ValueError, match="matches multiple dtype policy"):
            _ = policies["layer/b/query"]
        assert policies.pop("layer/dense_0").name == "mixed_bfloat16"
        with pytest.raises(KeyError):
            policies.pop("layer/dense_0")
        del policies["layer/b/.*"]
        assert len(policies) == 1


def test_a_map_without_a_default_defers_to_the_global_policy():
    for k in (keras, lamina):
        k.config.set_dtype_policy("bfloat16")
        try:
            policies = k.dtype_policies.DTypePolicyMap()
            policies["a"] = k.dtype_policies.QuantizedDTypePolicy("int8", "mixed_bfloat16")
            config = policies.get_config()
            assert config["default_policy"] is None
            assert config["policy_map"]["a"]["config"] == {"mode": "int8", "source_name": None}
            assert k.dtype_policies.DTypePolicy().name == "bfloat16"
            assert k.dtype_policies.DTypePolicyMap.from_config(config)["a"].name == "int8_from_bfloat16"
        finally:
            k.config.set_dtype_policy("float32")
