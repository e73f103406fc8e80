"""Subclassed models and layers: weights before the first call, variables, masks by argument."""

import keras
import lamina
import numpy as np
import pytest

X = np.random.default_rng(3).standard_normal((6, 4)).astype("float32")


def two_layers(k):
    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.norm, self.out = (
                k.layers.Dense(5, activation="relu"),
                k.layers.BatchNormalization(),
                k.layers.Dense(1),
            )

        def call(self, x, training=False):
            return self.out(self.norm(self.hidden(x), training=training))

    return Net()


def test_build_from_a_shape(tmp_path, engine):
    trained = two_layers(lamina)
    trained.compile("adam", "mse")
    trained.fit(X, X[:, :1], verbose=0)
    trained.save_weights(tmp_path / "w.weights.h5")
    fresh = two_layers(lamina)
    fresh.build((None, 4))
    assert fresh.built and len(fresh.weights) == len(trained.weights) == 8
    fresh.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(np.asarray(fresh.predict(X, verbose=0)), np.asarray(trained.predict(X, verbose=0)))


def test_build_from_a_shape_that_does_not_fit():
    class Fails(lamina.Model):
        def call(self, x):
            return lamina.ops.matmul(x, np.ones((7, 2), "float32"))

    model = Fails()
    with pytest.warns(UserWarning, match="could not be built from the shapes .*: its call.. failed on them"):
        model.build((None, 4))


def test_own_build_is_called():
    class Own(lamina.Model):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1],), name="w")
            super().build(input_shape)

        def call(self, x):
            return x * self.w

    model = Own()
    model.build((None, 4))
    assert [tuple(w.shape) for w in model.weights] == [(4,)]


@pytest.mark.parametrize("fitted", [False, True])
def test_variables_are_those_of_keras(fitted):
    counts = []
    for k in (keras, lamina):
        x = k.Input((4,))
        model = k.Model(x, k.layers.Dense(1)(k.layers.Dropout(0.5)(x)))
        model.compile("adam", "mse", metrics=["mae"])
        if fitted:
            model.fit(X, X[:, :1], verbose=0)
        counts.append(
            [
                len(v)
                for v in (
                    model.variables,
                    model.weights,
                    model.trainable_variables,
                    model.non_trainable_variables,
                    model.metrics_variables,
                )
            ]
        )
    assert counts[1] == counts[0]


def test_masks_of_tensors_by_name():
    seen = []

    class Two(lamina.layers.Layer):
        def call(self, x1, x2, x1_mask=None, x2_mask=None):
            seen.append((x1_mask is not None, x2_mask is not None))
            return x1 + x2

    masked = lamina.layers.Masking()(np.ones((2, 3, 4), "float32"))
    plain = np.ones((2, 3, 4), "float32")
    layer = Two()
    layer.supports_masking = True
    layer(masked, plain), layer(x1=masked, x2=plain), layer(plain, x2=masked)
    assert seen == [(True, False), (True, False), (False, True)]


def test_a_stored_lambda_inside_a_users_layer():
    @lamina.saving.register_keras_serializable("test_models")
    class Holds(lamina.layers.Layer):
        def __init__(self, function, **kwargs):
            super().__init__(**kwargs)
            self.function = function

        def call(self, x):
            return self.function(x)

        def get_config(self):
            return {**super().get_config(), "function": lamina.saving.serialize_keras_object(self.function)}

    config = lamina.saving.serialize_keras_object(Holds(lambda x: x * 2))
    with pytest.raises(ValueError, match="arbitrary code execution"):
        lamina.saving.deserialize_keras_object(config)
    again = lamina.saving.deserialize_keras_object(config, safe_mode=False)
    np.testing.assert_array_equal(np.asarray(again(X)), X * 2)


def test_a_function_by_its_own_name():
    @lamina.saving.register_keras_serializable("test_models")
    def twice(x):
        return 2 * x

    for name in ("twice", "test_models>twice"):
        assert (
            lamina.saving.deserialize_keras_object(
                {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
            )
            is twice
        )
