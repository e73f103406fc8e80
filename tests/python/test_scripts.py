"""What public scripts do with Keras beside layers and training: small programs of their kinds, and Keras' results."""

import keras as real_keras
import lamina as keras
import numpy as np
import pytest
from keras.legacy import saving as real_legacy
from lamina import layers, ops


@pytest.mark.parametrize(
    "first",
    [layers.StringLookup(vocabulary=["a", "b"]), layers.TextVectorization(vocabulary=["a", "b"]), layers.Hashing(3)],
)
def test_stacks_that_begin_with_strings(first, tmp_path):
    words = np.array(["b", "a", "c"], dtype=object)
    expected = first(words).numpy() * 2.0
    for nested in (False, True):
        model = keras.Sequential([first, layers.Rescaling(2.0)])
        model = keras.Sequential([model]) if nested else model
        given = keras.Input((), dtype="string")
        np.testing.assert_array_equal(keras.Model(given, model(given)).predict(words, verbose=0), expected)
        assert model.inputs[0].dtype == "string"
        fresh = keras.Sequential([first, layers.Rescaling(2.0)])
        np.testing.assert_array_equal(fresh(words), expected)
        fresh.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.predict(words, verbose=0), expected)


def running_statistics(library):
    class RunningMean(library.layers.Layer):
        def build(self, shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
            self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False, name="mean")
            self.start = self.add_weight(shape=(), initializer="zeros", trainable=False, name="start")
            self.start.assign(5.0)

        def call(self, x):
            self.calls.assign_add(1.0)
            self.mean.assign(0.5 * self.mean + 0.5 * library.ops.mean(x, axis=0))
            return x - self.mean

    return RunningMean


@pytest.mark.parametrize("library", [keras, real_keras])
@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_a_layer_that_updates_itself_in_a_functional_model(library, engine):
    given = library.Input((2,))
    layer = running_statistics(library)()
    model = library.Model(given, layer(given))
    assert [float(np.asarray(v)) for v in (layer.calls, layer.start)] == [0.0, 5.0]
    np.testing.assert_array_equal(np.asarray(layer.mean), 0)
    model.compile("sgd", "mse", run_eagerly=engine == "eager")
    x = np.arange(8, dtype="float32").reshape(4, 2)
    out = model.predict(x, batch_size=2, verbose=0)
    assert float(np.asarray(layer.calls)) == 2.0
    np.testing.assert_allclose(np.asarray(layer.mean), layer_mean(x))
    np.testing.assert_allclose(out[:2], x[:2] - 0.5 * x[:2].mean(0))


def layer_mean(x):
    first = 0.5 * x[:2].mean(0)
    return 0.5 * first + 0.5 * x[2:].mean(0)


def test_a_metric_within_a_layer():
    class Endpoint(layers.Layer):
        def __init__(self):
            super().__init__()
            self.accuracy = keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)

        def call(self, logits, targets):
            self.add_loss(keras.losses.binary_crossentropy(targets, logits, from_logits=True))
            self.accuracy.update_state(targets, logits)
            return ops.sigmoid(logits)

    x, y = keras.Input((1,), name="x"), keras.Input((1,), name="y")
    end = Endpoint()
    model = keras.Model([x, y], end(x, y))
    assert float(end.accuracy.count) == 0
    model({"x": np.array([[1.0], [-1.0]]), "y": np.array([[1.0], [1.0]])})
    assert float(end.accuracy.result()) == 0.5


def test_a_models_loss_is_what_compile_was_given():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    for loss in (keras.losses.mean_absolute_error, keras.losses.Huber(), "mse", None):
        model.compile("sgd", loss)
        assert model.loss is loss

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, kernel_initializer="zeros")

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with keras.GradientTape() as tape:
                loss = ops.mean(self.loss(y, self(x)))
            variables = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
            return {"loss": loss}

    net = Net()
    net.compile("sgd", keras.losses.mean_absolute_error)
    history = net.fit(np.ones((4, 2)), np.full((4, 1), 3.0), verbose=0).history
    assert history["loss"] == [3.0]


def test_a_sequence_has_the_length_of_its_class():
    class Batches(keras.utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return np.ones((2, 1)), np.ones((2, 1))

    assert Batches().num_batches == 3


class Thing:
    def __init__(self, size=1, inner=None):
        self.size, self.inner = size, inner

    def get_config(self):
        return {"size": self.size, "inner": self.inner}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_configs_of_keras_2():
    ours, theirs = keras.legacy.saving, real_legacy
    things = {"Thing": Thing}
    for thing in (Thing(3), Thing(2, Thing(4))):
        config = ours.serialize_keras_object(thing)
        assert config == theirs.serialize_keras_object(thing)
        custom = things if thing.inner else None
        back = ours.deserialize_keras_object(config, module_objects=things, custom_objects=custom)
        assert back.size == thing.size and type(back.inner) is type(thing.inner)
    for module in (ours, theirs):
        assert module.serialize_keras_object(None) is None and module.deserialize_keras_object(None) is None
        assert module.serialize_keras_object(layer_mean) == "layer_mean"
        assert isinstance(module.deserialize_keras_object("Thing", custom_objects=things), Thing)
        with pytest.raises(ValueError, match="Unknown thing: '?Other"):
            other = {"class_name": "Other", "config": {}}
            module.deserialize_keras_object(other, module_objects={}, printable_module_name="thing")
        with pytest.raises(ValueError, match="Improper config format"):
            module.deserialize_keras_object({"class_name": "Thing"}, module_objects=things)
        with pytest.raises(ValueError, match="Cannot serialize 5"):
            module.serialize_keras_object(5)
    assert ours.deserialize_keras_object("f", module_objects={"f": layer_mean}) is layer_mean  # Keras' fails there
    assert keras.utils.legacy.serialize_keras_object is ours.serialize_keras_object
