"""NumPy's scalars as arguments are plain numbers in configs, so that Keras can read the files."""

import json

import keras
import lamina
import numpy as np
import pytest

F, I, T = np.float64(0.5), np.int64(3), np.bool_(True)

LAYERS = {
    "dense": lambda k: k.layers.Dense(I, use_bias=np.bool_(False), kernel_regularizer=k.regularizers.L2(F)),
    "conv": lambda k: k.layers.Conv2D(I, (I, np.int32(2)), strides=(np.int64(1), np.int64(1))),
    "pool": lambda k: k.layers.MaxPooling2D((np.int64(2), np.int64(2))),
    "pad": lambda k: k.layers.ZeroPadding2D(((I, I), (I, np.int64(1)))),
    "dropout": lambda k: k.layers.Dropout(F, noise_shape=(I, np.int64(1)), seed=np.int64(1)),
    "norm": lambda k: k.layers.BatchNormalization(axis=np.int64(-1), momentum=F, epsilon=F, center=T),
    "group": lambda k: k.layers.GroupNormalization(I, epsilon=F),
    "embedding": lambda k: k.layers.Embedding(I, I, mask_zero=T),
    "attention": lambda k: k.layers.MultiHeadAttention(I, I, dropout=F, use_bias=T),
    "lstm": lambda k: k.layers.LSTM(I, dropout=F, return_sequences=T),
    "reshape": lambda k: k.layers.Reshape((I, np.int64(2))),
    "repeat": lambda k: k.layers.RepeatVector(I),
    "rescale": lambda k: k.layers.Rescaling(F, np.float64(1)),
    "softmax": lambda k: k.layers.Softmax(axis=(np.int64(-1), np.int64(-2))),
    "dot": lambda k: k.layers.Dot(axes=(np.int64(1), np.int64(1)), normalize=T),
    "initializers": lambda k: k.layers.Dense(
        2,
        kernel_initializer=k.initializers.RandomNormal(F, F, seed=np.int64(3)),
        bias_initializer=k.initializers.Constant(F),
    ),
    "constraint": lambda k: k.layers.Dense(2, kernel_constraint=k.constraints.MaxNorm(F, axis=[np.int64(0)])),
    "untrainable": lambda k: k.layers.Dense(2, trainable=np.bool_(False)),
}
OPTIMIZERS = {
    "adam": lambda k: k.optimizers.Adam(
        np.float64(1e-3),
        beta_1=np.float64(0.8),
        amsgrad=T,
        clipnorm=np.float64(1),
        weight_decay=np.float64(0.1),
        use_ema=T,
    ),
    "float32": lambda k: k.optimizers.SGD(np.float32(0.5), momentum=F, nesterov=T, gradient_accumulation_steps=I),
    "exponential": lambda k: k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(F, I, F, T)),
    "cosine": lambda k: k.optimizers.Adam(k.optimizers.schedules.CosineDecay(F, I, F)),
    "polynomial": lambda k: k.optimizers.Adam(k.optimizers.schedules.PolynomialDecay(F, I, F, F, T)),
    "pieces": lambda k: k.optimizers.Adam(k.optimizers.schedules.PiecewiseConstantDecay([I, np.int64(5)], [F, F, F])),
}


def assert_plain(config):
    text = json.dumps(config)
    assert "__tensor__" not in text and "__numpy__" not in text, text


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers(make):
    config = lamina.saving.serialize_keras_object(make(lamina))
    assert_plain(config)
    keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_optimizers(make):
    config = lamina.saving.serialize_keras_object(make(lamina))
    assert_plain(config)
    keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.losses.Huber(F),
        lambda k: k.losses.CategoricalCrossentropy(from_logits=T, label_smoothing=F, axis=np.int64(-1)),
        lambda k: k.losses.BinaryFocalCrossentropy(alpha=F, gamma=F),
        lambda k: k.metrics.Precision(thresholds=[F, np.float32(0.25)], top_k=I),
        lambda k: k.metrics.AUC(num_thresholds=I, multi_label=T),
        lambda k: k.metrics.IoU(I, [np.int64(0), 1]),
        lambda k: k.metrics.FBetaScore(beta=np.float64(1), threshold=F),
    ],
)
def test_losses_and_metrics(make):
    config = lamina.saving.serialize_keras_object(make(lamina))
    assert_plain(config)
    keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))


def test_a_users_config():
    class Mine(lamina.layers.Layer):
        def __init__(self, a, **kwargs):
            super().__init__(**kwargs)
            self.a = a

        def get_config(self):
            return {**super().get_config(), "a": self.a}

    config = lamina.saving.serialize_keras_object(Mine({"x": [I, (T,)], "y": F}))
    assert_plain(config)
    assert config["config"]["a"] == {"x": [3, (True,)], "y": 0.5}


def test_a_whole_model_is_read_by_keras(tmp_path, engine):
    model = lamina.Sequential([lamina.Input((I,)), lamina.layers.Dense(I, use_bias=T), lamina.layers.Dropout(F)])
    model.compile(
        lamina.optimizers.Adam(lamina.optimizers.schedules.ExponentialDecay(F, I, F)),
        "mse",
        loss_weights=[F],
        metrics=[lamina.metrics.BinaryAccuracy(threshold=F)],
    )
    x = np.ones((4, 3), "float32")
    model.fit(x, x, verbose=0)
    model.save(tmp_path / "m.keras")
    theirs = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(theirs.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)


def test_arguments_set_later():
    optimizer = lamina.optimizers.Adam()
    optimizer.clipnorm = np.float64(2)
    assert_plain(lamina.saving.serialize_keras_object(optimizer))
    assert type(optimizer.clipnorm) is float
