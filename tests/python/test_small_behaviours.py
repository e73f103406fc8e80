"""Ops, layers and operators at the edges: signs of zero, kinds of errors, large integers, logical operators."""

import keras
import lamina
import numpy as np
import pytest

ZEROS = np.array([-0.0, 0.0, -1e-30, 1e-30, -1e-8], "float32")


@pytest.mark.parametrize(
    "name", ["tanh", "elu", "selu", "relu", "leaky_relu", "gelu", "silu", "softsign", "tanh_shrink", "hard_tanh"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_signs_of_zero_of_activations(engine, name, dtype):
    x = ZEROS.astype(dtype)
    expected = np.asarray(getattr(keras.activations, name)(ZEROS))
    found = np.asarray(getattr(lamina.activations, name)(lamina.ops.convert_to_tensor(x)))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize(
    "name",
    [
        "tanh",
        "expm1",
        "sin",
        "tan",
        "sinh",
        "arcsin",
        "arctan",
        "arcsinh",
        "arctanh",
        "log1p",
        "sqrt",
        "cbrt",
        "erf",
        "floor",
        "ceil",
        "round",
        "trunc",
        "sign",
        "negative",
    ],
)
def test_signs_of_zero_of_ops(engine, name):
    expected, found = np.asarray(getattr(keras.ops, name)(ZEROS)), np.asarray(getattr(lamina.ops, name)(ZEROS))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize(
    "equation, output, bias, shape",
    [
        ("...a,ab->...b", (4, 4, 5), None, (2, 4, 4, 3)),
        ("...a,ab->...b", (4, 5), None, (2, 4, 4, 3)),
        ("...a,ab->...b", 5, "b", (2, 3)),
        ("...a,ab->...b", (9, 9, 9, 5), "b", (2, 3)),
        ("ab...,bc->ac...", (5,), None, (2, 3, 4)),
        ("ab...,bc->ac...", (5, 9), "c", (2, 3, 4)),
        ("abc,cd->abd", (None, 7), "d", (2, 3, 4)),
        ("abc,cd->abd", (3, 7), "bd", (2, 3, 4)),
        ("...ab,bc->...ac", (None, 5), None, (2, 3, 4)),
        ("ab,b->a", (), None, (2, 3)),
        ("abc,cde->abde", (None, 2, 3), "de", (2, 3, 4)),
        ("...x,xy->...y", 64, "y", (None, 3, 12)),
    ],
)
def test_weights_of_einsum_dense(equation, output, bias, shape):
    layers = [k.layers.EinsumDense(equation, output, bias_axes=bias) for k in (keras, lamina)]
    for layer in layers:
        layer.build(shape)
    assert [tuple(w.shape) for w in layers[1].weights] == [tuple(w.shape) for w in layers[0].weights]


@pytest.mark.parametrize(
    "equation, output, shape, words",
    [
        ("...a,ab->b...", (5,), (2, 3, 4), "Invalid einsum equation"),
        ("a...,ab->b...", (5,), (2, 3, 4), "Invalid einsum equation"),
        ("...ab,bc->...ac", (5,), (2, 3, 4), "shared dimension 'a'"),
        ("ab,bc->a", (), (2, 3), "must be fully specified"),
        ("ab,bc->ad", 3, (2, 3), "no corresponding dim"),
    ],
)
def test_wrong_equations(equation, output, shape, words):
    for k in (keras, lamina):
        with pytest.raises(ValueError, match=words):
            k.layers.EinsumDense(equation, output).build(shape)


def test_equal_initializers_of_einsum_dense():
    """One initializer for two layers of the same shape: the same values, though no seed was given."""
    first = lamina.initializers.GlorotUniform()
    a, b = (lamina.layers.EinsumDense("ab,bc->ac", 3, kernel_initializer=first) for _ in range(2))
    a.build((2, 4)), b.build((2, 4))
    np.testing.assert_array_equal(np.asarray(a.kernel), np.asarray(b.kernel))
    assert isinstance(first.seed, int) and first.get_config()["seed"] is None


@pytest.mark.parametrize("repeats, axis", [(-1, None), (-2, 1), ([1, -1], 0)])
def test_negative_repeats(engine, repeats, axis):
    x = np.ones((2, 3), "float32")
    for value in (x, lamina.KerasTensor((2, 3))):
        with pytest.raises(ValueError, match="cannot be negative"):
            lamina.ops.repeat(value, repeats, axis=axis)
    if not isinstance(repeats, list):
        with pytest.raises(ValueError):
            keras.ops.repeat(keras.KerasTensor((2, 3)), repeats, axis=axis)


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_merging_a_scalar(name):
    for k in (keras, lamina):
        with pytest.raises(IndexError):
            getattr(k.layers, name)()([np.float32(2), k.Input((3,))])
        with pytest.raises(ValueError):
            getattr(k.layers, name)()([np.float32(2), np.ones((2, 3), "float32")])
    with pytest.raises(IndexError, match="cannot merge a scalar with inputs that have axes"):
        getattr(lamina.layers, name)()([np.float32(2), lamina.Input((3,))])


@pytest.mark.parametrize(
    "make, kind",
    [
        (lambda k: k.layers.PReLU(), TypeError),
        (lambda k: k.layers.BatchNormalization(), TypeError),
        (lambda k: k.layers.LayerNormalization(), TypeError),
        (lambda k: k.layers.Dense(2), ValueError),
        (lambda k: k.layers.Flatten(), ValueError),
        (lambda k: k.layers.Conv1D(2, 2), ValueError),
    ],
)
def test_empty_lists_of_inputs(make, kind):
    for k in (keras, lamina):
        with pytest.raises(kind):
            make(k)([])


@pytest.mark.parametrize(
    "call",
    [
        lambda k, x: k.ops.add(x, 2**70),
        lambda k, x: k.ops.multiply(-(2**70), x),
        lambda k, x: x + 2**70,
        lambda k, x: 2**70 - x,
        lambda k, x: k.ops.where(x > 0, x, 2**70),
        lambda k, x: k.ops.convert_to_tensor(2**70),
        lambda k, x: k.ops.add(np.ones(2, "int32"), 2**70),
    ],
)
def test_integers_beyond_64_bits(engine, call):
    """As an operand they would silently become floats; Keras on JAX raises as well."""
    for k in (keras, lamina):
        with pytest.raises(OverflowError):
            call(k, k.ops.ones((2,)))
    assert float(lamina.ops.convert_to_tensor(2**70, "float32")) == 2.0**70 == float(lamina.ops.add(1.0, float(2**70)))


@pytest.mark.parametrize("dtype", ["int32", "bool"])
@pytest.mark.parametrize(
    "operator",
    [lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a ^ b, lambda a, b: ~a],
    ids=["and", "or", "xor", "not"],
)
def test_operators_of_symbolic_tensors_are_logical(operator, dtype):
    made = [operator(k.KerasTensor((2, 3), dtype=dtype), k.KerasTensor((2, 3), dtype=dtype)) for k in (keras, lamina)]
    assert made[1].dtype == made[0].dtype == "bool" and made[1].shape == made[0].shape
    inputs = [operator(k.Input((3,), dtype=dtype), k.Input((3,), dtype=dtype)) for k in (keras, lamina)]
    assert inputs[1].dtype == inputs[0].dtype == "bool"


def test_operators_on_shapes_alone_are_the_arrays():
    """As inside a layer's call(), where Keras has JAX's arrays."""

    class Bits(lamina.layers.Layer):
        def call(self, x):
            return x & 3

    i = lamina.Input((3,), dtype="int32")
    assert Bits()(i).dtype == "int32"
    assert np.asarray(lamina.Model(i, Bits()(i))(np.array([[6, 5, 4]], "int32"))).tolist() == [[2, 1, 0]]


def test_training_and_mask_by_position():
    """call() of a built-in layer from a subclass: some of Keras' have `training` before `mask`."""
    x = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    results = []
    for k in (keras, lamina):

        class Normal(k.layers.BatchNormalization):
            def call(self, inputs, training=False):
                return super().call(inputs, training)

        class Product(k.layers.Dense):
            def call(self, inputs, training=False):
                return super().call(inputs, training)

        results.append(
            [
                np.asarray(Normal()(x, training=True)),
                np.asarray(Product(2, kernel_initializer="ones")(x, training=True)),
            ]
        )
    for a, b in zip(*results):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)


def test_layers_that_build_late():
    """An Embedding makes its table when it is built, as other layers do; given weights are there at once."""
    for k in (keras, lamina):
        for name in ("Embedding", "ReversibleEmbedding"):
            layer = getattr(k.layers, name)(5, 3)
            assert not layer.built and not layer.weights
            layer(np.ones((1, 2), "int32"))
            assert layer.built and len(layer.weights) == 1
        assert k.layers.Embedding(5, 3, weights=np.ones((5, 3))).built


def test_function_of_a_lambda():
    def twice(x):
        return x * 2

    layer = lamina.layers.Lambda(twice)
    assert layer.function is twice and float(layer(np.float32(3))) == 6
    assert lamina.layers.Lambda(lamina.ops.relu).function is lamina.ops.relu


def test_lambda_callbacks_take_further_functions():
    for k in (keras, lamina):
        seen = []
        callback = k.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: seen.append(epoch), own=lambda: "own", monitor=3
        )
        assert callback.own() == "own" and callback.monitor == 3
        model = k.Sequential([k.Input((2,)), k.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[callback])
        assert seen == [0, 1]


def test_callbacks_without_a_model():
    callback = lamina.callbacks.EarlyStopping(monitor="loss", restore_best_weights=True)
    with pytest.raises(RuntimeError, match="EarlyStopping has no model"):
        callback.on_epoch_end(0, {"loss": 1.0})


def test_confusion_matrices_can_be_set():
    for k in (keras, lamina):
        metric = k.metrics.MeanIoU(2)
        metric.update_state([0, 1], [0, 0])
        metric.total_cm.assign(np.array([[1, 0], [0, 1]]))
        assert float(metric.result()) == pytest.approx(1)
    metric.total_cm = np.array([[1, 1], [0, 0]])
    assert np.asarray(metric.total_cm).tolist() == [[1, 1], [0, 0]]


def test_area_under_precision_and_recall():
    results = []
    for k in (keras, lamina):
        metric = k.metrics.AUC(num_thresholds=5, curve="PR")
        metric.update_state([0, 1, 1, 0, 1], [0.1, 0.9, 0.4, 0.6, 0.7])
        results.append((float(metric.interpolate_pr_auc()), float(metric.result())))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)


def test_models_with_a_compile_of_their_own(tmp_path):
    """Loading does not compile them: what their compile() takes is not known."""
    for k in (keras, lamina):

        @k.saving.register_keras_serializable("small_behaviours")
        class Own(k.Sequential):
            def compile(self, *args, **kwargs):
                super().compile(*args, **kwargs)

        model = Own([k.Input((2,)), k.layers.Dense(1)])
        model.compile("sgd", "mse")
        model.save(tmp_path / f"{k.__name__}.keras")
        with pytest.warns(UserWarning, match="`compile\\(\\)` was not called as part of model loading"):
            loaded = k.models.load_model(tmp_path / f"{k.__name__}.keras")
        assert getattr(loaded, "optimizer", None) is None


@pytest.mark.parametrize(
    "config",
    [
        {
            "class_name": "Dense",
            "module": "keras.layers",
            "registered_name": "my_package>Dense",
            "config": {"units": 1},
        },
        {"class_name": "Dense", "module": "keras.layers", "registered_name": "builtins.eval", "config": {"units": 1}},
        {"class_name": "function", "module": "builtins", "registered_name": "some_other_name", "config": "relu"},
    ],
)
def test_registered_names_of_built_in_objects(config):
    for k in (keras, lamina):
        with pytest.raises(ValueError, match="resolved to a Keras built-in"):
            k.saving.deserialize_keras_object(config)
    for name in (None, "", config["class_name"]):
        assert lamina.saving.deserialize_keras_object({**config, "registered_name": name}) is not None


@pytest.mark.parametrize(
    "config, words",
    [
        ({"class_name": "function", "config": ["not", "a", "string"]}, "Expected 'config' to be a non-null str"),
        ({"class_name": "Dense", "module": "keras.layers", "config": [1, 2, 3]}, "Expected 'config' to be a dict"),
    ],
)
def test_wrong_configs(config, words):
    for k in (keras, lamina):
        with pytest.raises(TypeError, match=words):
            k.saving.deserialize_keras_object(config)


def test_dtypes_in_configs_of_subclasses():
    """Constructors get the name of a plain policy, as from Keras."""
    for k in (keras, lamina):

        class Noting(k.layers.Dense):
            def __init__(self, units, dtype=None, **kwargs):
                super().__init__(units, dtype=dtype, **kwargs)
                self.noted = dtype

        assert Noting.from_config(k.layers.Dense(2, dtype="mixed_float16").get_config()).noted == "mixed_float16"


def test_a_mask_in_the_config_of_a_lambda():
    import json

    layer = lamina.layers.Lambda(lamina.ops.square, mask=lamina.ops.ones((2, 3)))
    copy = lamina.layers.Lambda.from_config(json.loads(json.dumps(layer.get_config())))
    np.testing.assert_array_equal(np.asarray(copy.compute_mask(np.ones((2, 3, 4)))), np.ones((2, 3)))


def test_signatures():
    import inspect

    class Own(lamina.layers.Dense):
        def __init__(self, first, second=2):
            super().__init__(first)

    assert list(inspect.signature(Own).parameters) == ["first", "second"]
    assert list(inspect.signature(lamina.layers.Dense).parameters)[:3] == ["units", "activation", "use_bias"]
    assert list(inspect.signature(lamina.initializers.Zeros()).parameters)[:2] == ["shape", "dtype"]  # that of a call


def test_arguments_by_keras_names():
    for k in (keras, lamina):
        x = k.ops.convert_to_tensor([[[0.0, 0.0], [1.0, 2.0]]])
        mask = k.ops.convert_to_tensor([[True, False]])
        assert np.asarray(k.layers.Add().compute_mask([x, x], mask=[mask, mask])).tolist() == [[True, False]]
        optimizer = k.optimizers.Adam()
        optimizer.build(var_list=[k.Variable(np.ones(2, "float32"))])
        assert optimizer.built
        inner = k.layers.Dense(2)
        config = k.layers.SpectralNormalization(inner).get_config()
        assert type(k.layers.SpectralNormalization.from_config(config, custom_objects={}).layer) is type(inner)


def test_name_scopes():
    path = lamina._lamina.current_path
    with lamina.name_scope("outer"):
        with lamina.name_scope("middle", override_parent="/absolute/path"):
            assert path() == "absolute/path/middle"
            with lamina.name_scope("inner"):
                assert lamina.Variable(1.0, name="v").path == "absolute/path/middle/inner/v"
        assert path() == "outer"
    for caller, deduplicate, expected in ((1, True, "n"), (1, False, "n/n"), (None, True, "n/n")):
        scope = lamina.name_scope("n", caller=caller, deduplicate=deduplicate)
        with scope, scope:
            assert path() == expected
    assert path() == ""


@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_rescaling_by_arrays(library):
    layer = library.layers.Rescaling(np.array(0.5), offset=np.array([1.0, 2.0]))
    config = layer.get_config()
    assert config["scale"] == 0.5 and config["offset"]["class_name"] == "__numpy__"
    x = np.ones((2, 2), "float32")
    for made in (layer, library.layers.Rescaling.from_config(config)):
        np.testing.assert_allclose(np.asarray(made(x)), [[1.5, 2.5]] * 2)
    before = library.config.image_data_format()
    library.config.set_image_data_format("channels_first")
    try:
        images = np.ones((1, 3, 2, 2), "float32")
        found = np.asarray(library.layers.Rescaling([1.0, 2.0, 3.0])(images))
        np.testing.assert_allclose(found[0, :, 0, 0], [1, 2, 3])
    finally:
        library.config.set_image_data_format(before)
