"""Attributes that Keras' layers have besides their arguments, as subclasses read them."""

import keras
import lamina
import numpy as np
import pytest


@pytest.mark.parametrize("n", [1, 2, 3])
def test_of_convolutions_and_pooling(n):
    for name in (f"Conv{n}D", f"Conv{n}DTranspose") + ((f"SeparableConv{n}D",) if n < 3 else ()):
        a, b = (getattr(k.layers, name)(4, 2) for k in (lamina, keras))
        for attribute in ("rank", "kernel_size", "strides", "dilation_rate", "data_format", "filters"):
            assert getattr(a, attribute) == getattr(b, attribute), (name, attribute)
    for name in (f"MaxPooling{n}D", f"AveragePooling{n}D"):
        assert getattr(lamina.layers, name)(2).pool_mode == getattr(keras.layers, name)(2).pool_mode


@pytest.mark.parametrize(
    "name, shape, config",
    [
        ("Conv1D", (2, 9, 4), {"kernel_size": 3, "padding": "causal", "dilation_rate": 2}),
        ("Conv1D", (2, 9, 4), {"kernel_size": 3, "strides": 2, "groups": 2}),
        ("Conv2D", (2, 6, 7, 4), {"kernel_size": (3, 2), "padding": "same", "strides": (2, 1)}),
        ("Conv2D", (2, 6, 7, 4), {"kernel_size": 2, "dilation_rate": 2}),
        ("Conv3D", (2, 4, 5, 4, 4), {"kernel_size": 2}),
    ],
)
def test_convolution_op(name, shape, config, engine):
    """The way to a convolution with a changed kernel: weight standardisation, for one."""

    class Standardised(getattr(lamina.layers, name)):
        def call(self, x):
            return self.convolution_op(x, self.kernel - lamina.ops.mean(self.kernel))

    x = np.random.default_rng(0).standard_normal(shape).astype("float32")
    a, b = Standardised(6, **config), getattr(keras.layers, name)(6, **config)
    a.build(shape), b.build(shape)
    a.set_weights(b.get_weights())
    b.set_weights([b.get_weights()[0] - b.get_weights()[0].mean(), b.get_weights()[1]])
    want = np.asarray(b(x))
    np.testing.assert_allclose(np.asarray(a(x)), want, rtol=1e-4, atol=1e-5)
    i = lamina.Input(shape[1:])
    np.testing.assert_allclose(lamina.Model(i, a(i)).predict(x, verbose=0), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_of_normalization(axis):
    x = np.random.default_rng(1).standard_normal((8, 3, 4)).astype("float32")
    a, b = lamina.layers.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    assert a.mean is None and a.adapt_mean is None
    a.adapt(x), b.adapt(x)
    for attribute in ("mean", "variance", "adapt_mean", "adapt_variance"):
        got, want = np.asarray(getattr(a, attribute)), np.asarray(getattr(b, attribute))
        assert got.shape == want.shape, attribute
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "axis, mean, shape",
    [
        (-1, 5.0, (3, 7)),
        (2, [1.0, 2.0, 3.0, 4.0, 5.0], (2, 4, 5, 3)),
        ((1, 2), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], (None, 2, 3, 3)),
        ((1, 2), [1.0, 2.0, 3.0, 4.0, 5.0], (2, 7, 5, 3)),
        (None, 2.0, (None, 4)),
    ],
)
def test_given_statistics_of_normalization_have_the_shape_that_broadcasts(axis, mean, shape):
    arguments = {"axis": axis, "mean": mean, "variance": np.abs(np.asarray(mean)) + 1.0}
    a, b = lamina.layers.Normalization(**arguments), keras.layers.Normalization(**arguments)
    assert a.mean is None and b.mean is None
    a.build(shape), b.build(shape)
    for attribute in ("mean", "variance"):
        got, want = np.asarray(getattr(a, attribute)), np.asarray(getattr(b, attribute))
        assert got.shape == want.shape, attribute
        np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("mean, variance", [([1.0, 2.0], 1.0), ([[1.0, 2.0]], [[1.0, 2.0]])])
def test_given_statistics_of_normalization_are_checked_where_they_are_given(mean, variance):
    for library in (lamina, keras):
        with pytest.raises(ValueError, match="mean shape"):
            library.layers.Normalization(mean=mean, variance=variance)


def test_statistics_of_normalization_are_kept_in_full_precision(engine):
    x = np.random.default_rng(2).standard_normal((64, 3)).astype("float32") * 100
    a, b = (library.layers.Normalization(dtype="mixed_float16") for library in (lamina, keras))
    a.adapt(x), b.adapt(x)
    assert [str(w.dtype) for w in a.weights] == [str(w.dtype) for w in b.weights] == ["float32", "float32", "int32"]
    np.testing.assert_allclose(np.asarray(a.adapt_variance), np.asarray(b.adapt_variance), rtol=1e-5)
    assert str(a.mean.dtype) == str(b.mean.dtype) == "float16"
    assert str(a(x).dtype) == "float16"


@pytest.mark.parametrize("name", ["Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "SpatialDropout1D"])
def test_seed_generators(name, engine):
    layer = getattr(lamina.layers, name)(0.5)
    assert isinstance(layer.seed_generator, lamina.random.SeedGenerator)
    assert layer.seed_generator is layer.seed_generator
    before = np.asarray(layer.seed_generator.state)
    layer(np.ones((2, 3, 4), "float32"), training=True)
    assert (np.asarray(layer.seed_generator.state) != before).any()


def test_a_subclass_sets_its_own():
    class Noisy(lamina.layers.Dropout):
        def __init__(self):
            super().__init__(0.5)
            self.seed_generator = lamina.random.SeedGenerator(7)

        def call(self, x, training=False):
            return x + lamina.random.normal(lamina.ops.shape(x), seed=self.seed_generator)

    layer = Noisy()
    assert layer.seed_generator.seed == 7
    assert layer(np.zeros((2, 3), "float32")).shape == (2, 3)


class NamedType:
    """As TensorFlow's dtypes look."""

    def __init__(self, name):
        self.name, self.as_numpy_dtype = name, np.dtype(name).type


@pytest.mark.parametrize("dtype", [NamedType("int32"), np.dtype("int32"), np.int32, "int32"])
def test_dtypes_of_inputs(dtype):
    i = lamina.Input((3,), dtype=dtype)
    assert i.dtype == "int32"
    assert lamina.Model(i, lamina.layers.Embedding(4, 2)(i)).predict(np.ones((1, 3), "int32"), verbose=0).shape == (
        1,
        3,
        2,
    )


@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_layers_in_containers_in_containers(library, tmp_path):
    class Net(library.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.blocks = [[library.layers.Dense(2)], {"more": []}]
            self.blocks[1]["more"].append(library.layers.Dense(3))
            self.around = []
            self.around.append(self.around)  # a list that holds itself
            self.around.append(library.layers.Dense(4))
            self.pair = ([], "text")
            self.pair[0].append(library.layers.Dense(5))

        def call(self, x):
            return self.pair[0][0](self.around[1](self.blocks[1]["more"][0](self.blocks[0][0](x))))

    model, other = Net(), Net()
    x = np.ones((2, 4), "float32")
    assert model(x).shape == (2, 5) and len(model.layers) == 4 and len(model.weights) == 8
    other(x)
    model.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(np.asarray(other(x)), np.asarray(model(x)))


def test_containers_of_a_built_layer_are_locked():
    class Block(lamina.layers.Layer):
        def __init__(self):
            super().__init__()
            self.parts = [[]]

        def call(self, x):
            return x

    block = Block()
    block(np.ones((1, 2)))
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        block.parts[0].append(lamina.layers.Dense(1))


def test_weights_without_names_get_different_ones():
    names = []
    for library in (lamina, keras):

        class Own(library.layers.Layer):
            def build(self, shape):
                self.a, self.b = self.add_weight(shape=(2,)), self.add_weight(shape=(2,), trainable=False)
                self.c = self.add_variable((), "zeros")

        library.utils.clear_session()
        layer = Own(name="own")
        layer.build((None, 2))
        names.append([v.path for v in layer.variables])
    assert names[0] == names[1]
