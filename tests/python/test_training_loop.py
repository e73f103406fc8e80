"""The loops of fit, evaluate and predict: whose figures they give, where epochs end, and what stops them."""

import os
import signal
import threading
import warnings

import lamina as keras
import numpy as np
import pytest
from lamina import layers

ONES = np.ones((4, 2), "float32")


def scaled_model(rate=0.0, **compiled):
    """Its output for (k, k) is 2k at first, so that its loss against 0 is 4k^2 and its mean absolute error 2k."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(inputs))
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"], **compiled)
    return model


def batches_of(k):
    return k * ONES, np.zeros((4, 1), "float32")


def generated(count):
    for k in range(1, count + 1):
        yield batches_of(k)


class Batches(keras.utils.PyDataset):
    def __init__(self, count):
        super().__init__()
        self.count, self.begun, self.ended, self.read = count, 0, 0, []

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        self.read.append(i)
        return batches_of(i)

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


# ---- whose figures ----
def test_a_batch_alone(engine):
    model = scaled_model()
    for k in (1, 2, 3):
        np.testing.assert_allclose(model.train_on_batch(*batches_of(k)), [4 * k * k, 2 * k])
    for k in (3, 1):
        np.testing.assert_allclose(model.test_on_batch(*batches_of(k)), [4 * k * k, 2 * k])
    x, y = np.concatenate([k * ONES for k in (1, 2, 3)]), np.zeros((12, 1))
    history = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history
    np.testing.assert_allclose([history["loss"][0], history["mae"][0]], [(4 + 16 + 36) / 3, 4])
    assert model.train_on_batch(*batches_of(2), return_dict=True) == {"loss": 16, "mae": 4}


class InnerMean(keras.metrics.Metric):
    """A metric whose state is another one's."""

    def __init__(self, name="inner"):
        super().__init__(name=name)
        self.mean = keras.metrics.Mean()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.mean.update_state(y_pred)

    def result(self):
        return self.mean.result()

    def reset_state(self):
        self.mean.reset_state()


@pytest.mark.parametrize("event", ["on_train_batch_begin", "on_train_batch_end", "on_epoch_end"])
def test_evaluation_within_training_leaves_its_figures(engine, event):
    x, y = np.concatenate([k * ONES for k in (1, 2, 3)]), np.zeros((12, 1))

    def trained(callbacks):
        model = scaled_model()
        model.compile(keras.optimizers.SGD(0.001), "mse", metrics=["mae", InnerMean()])
        return model.fit(
            x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_data=(x, y), callbacks=callbacks
        ).history

    class Evaluating(keras.callbacks.Callback):
        pass

    def within(self, index, logs=None):
        seen.append(self.model.evaluate(5 * ONES, np.zeros((4, 1)), verbose=0, return_dict=True)["mae"])
        self.model.test_on_batch(*batches_of(7))
        self.model.predict(ONES, verbose=0)

    seen = []
    setattr(Evaluating, event, within)
    plain, disturbed = trained([]), trained([Evaluating()])
    assert seen and all(value > 8 for value in seen)
    assert plain.keys() == disturbed.keys()
    for key in plain:
        np.testing.assert_allclose(disturbed[key], plain[key], rtol=1e-6)


def test_one_weight_a_sample_of_masked_sequences(engine):
    rng = np.random.default_rng(0)
    for steps in (5, 3):  # as many as samples, too: a weight is a sample's all the same
        x = rng.normal(size=(3, steps, 2)).astype("float32")
        x[0, steps - 2 :] = 0
        y = rng.normal(size=(3, steps, 2)).astype("float32")
        for masking in (True, False):
            inputs = keras.Input((steps, 2))
            model = keras.Model(
                inputs, layers.Dense(2, use_bias=False)(layers.Masking()(inputs) if masking else inputs)
            )
            model.compile("sgd", "mse", weighted_metrics=["mse"])
            kept = np.any(x != 0, -1) if masking else np.ones((3, steps), bool)
            weights = np.array([1, 2, 0.5], "float32")
            each = np.repeat(weights[:, None], steps, 1)
            errors = ((model.predict(x, verbose=0) - y) ** 2).mean(-1)
            want = [(errors * each)[kept].sum() / kept.sum(), (errors * each)[kept].sum() / each[kept].sum()]
            for given in (weights, weights[:, None], each):
                got = model.evaluate(x, y, sample_weight=given, verbose=0)
                assert got == pytest.approx(want, rel=1e-5)


# ---- where epochs end ----
def losses_of(data, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = scaled_model().fit(data, shuffle=False, verbose=0, **options).history
    return history["loss"], sum("ran out of data" in str(w.message) for w in caught)


def mean_loss(*ks):
    return pytest.approx(np.mean([4 * k * k for k in ks]))


def test_epochs_are_parts_of_passes():
    data = Batches(4)  # 0, 1, 2, 3
    losses, warned = losses_of(data, steps_per_epoch=2, epochs=3)
    assert losses == [mean_loss(0, 1), mean_loss(2, 3), mean_loss(0, 1)] and warned == 0
    assert data.begun == data.ended == 3


def test_a_pass_that_ends_within_an_epoch_ends_it():
    losses, warned = losses_of(Batches(4), steps_per_epoch=3, epochs=3)
    assert losses == [mean_loss(0, 1, 2), mean_loss(3), mean_loss(0, 1, 2)] and warned == 1
    losses, warned = losses_of(Batches(4), steps_per_epoch=6, epochs=2)
    assert losses == [mean_loss(0, 1, 2, 3)] * 2 and warned == 2
    x, y = np.concatenate([k * ONES for k in range(4)]), np.zeros((16, 1))
    with pytest.warns(UserWarning, match="ran out of data"):
        history = scaled_model().fit(x, y, batch_size=4, shuffle=False, steps_per_epoch=3, epochs=3, verbose=0).history
    assert history["loss"] == [mean_loss(0, 1, 2), mean_loss(3), mean_loss(0, 1, 2)]


def test_a_generator_goes_on_and_ends_training():
    losses, warned = losses_of(generated(4), steps_per_epoch=2, epochs=2)
    assert losses == [mean_loss(1, 2), mean_loss(3, 4)] and warned == 0
    losses, warned = losses_of(generated(3), steps_per_epoch=2, epochs=4)
    assert losses == [mean_loss(1, 2), mean_loss(3)] and warned == 2
    with pytest.warns(UserWarning, match="gave no batch in epoch 2"):
        assert scaled_model().fit(generated(3), epochs=3, verbose=0).history["loss"] == [mean_loss(1, 2, 3)]


def test_evaluation_of_less_than_was_asked_for():
    with pytest.warns(UserWarning, match="ran out of data"):
        assert scaled_model().evaluate(generated(3), steps=5, verbose=0)[0] == mean_loss(1, 2, 3)
    with pytest.warns(UserWarning, match="ran out of data"):
        assert scaled_model().predict(np.ones((8, 2)), batch_size=2, steps=9, verbose=0).shape == (8, 1)


def test_validation_draws_no_more_than_its_steps():
    drawn = []

    def endless():
        while True:
            drawn.append(1)
            yield batches_of(len(drawn))

    history = (
        scaled_model().fit(*batches_of(1), validation_data=endless(), validation_steps=2, epochs=3, verbose=0).history
    )
    assert len(drawn) == 6 and history["val_loss"] == [mean_loss(1, 2), mean_loss(3, 4), mean_loss(5, 6)]
    with pytest.warns(UserWarning, match="validation data gave no batch in epoch 2"):
        history = scaled_model().fit(*batches_of(1), validation_data=generated(2), epochs=3, verbose=0).history
    assert history["val_loss"] == [mean_loss(1, 2)] and len(history["loss"]) == 3


@pytest.mark.parametrize(
    "use",
    [lambda m, d: m.fit(d, verbose=0), lambda m, d: m.evaluate(d, verbose=0), lambda m, d: m.predict(d, verbose=0)],
)
def test_no_batch_at_all_is_an_error(use):
    with pytest.raises(ValueError, match="at least one batch"):
        use(scaled_model(), generated(0))


def test_steps_per_execution_tells_callbacks_once_an_execution():
    told = []

    class Telling(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            told.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            told.append(("end", batch))

        def on_test_batch_end(self, batch, logs=None):
            told.append(("test", batch))

        def on_predict_batch_end(self, batch, logs=None):
            told.append(("predict", batch, len(logs["outputs"])))

    model = scaled_model(steps_per_execution=3)
    x, y = np.ones((16, 2)), np.zeros((16, 1))
    model.fit(x, y, batch_size=2, verbose=0, callbacks=[Telling()])
    assert told == [("begin", 0), ("end", 2), ("begin", 3), ("end", 5), ("begin", 6), ("end", 8)]
    told.clear()
    model.evaluate(x, y, batch_size=2, verbose=0, callbacks=[Telling()])
    assert told == [("test", 2), ("test", 5), ("test", 8)]
    told.clear()
    assert model.predict(x, batch_size=2, verbose=0, callbacks=[Telling()]).shape == (16, 1)
    assert told == [("predict", 2, 6), ("predict", 5, 6), ("predict", 8, 4)]


def test_validation_after_chosen_epochs():
    fit = lambda freq: len(
        scaled_model()
        .fit(*batches_of(1), epochs=4, validation_data=batches_of(1), validation_freq=freq, verbose=0)
        .history["val_loss"]
    )
    assert (fit(1), fit(2), fit([1, 4]), fit((3,))) == (4, 2, 2, 1)
    with pytest.raises(ValueError, match="validation_freq"):
        fit("often")


def test_limits_of_the_configuration():
    keras.config.set_max_epochs(2)
    keras.config.set_max_steps_per_epoch(3)
    try:
        with pytest.warns(UserWarning, match="Limiting epochs to 2"):
            data = Batches(8)
            history = scaled_model().fit(data, epochs=5, shuffle=False, verbose=0)
        assert history.epoch == [0, 1] and data.read == [0, 1, 2, 3, 4, 5]
        with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
            assert scaled_model().predict(np.ones((10, 2)), batch_size=2, verbose=0).shape == (6, 1)
        assert keras.config.max_epochs() == 2 and keras.config.max_steps_per_epoch() == 3
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)
    assert len(scaled_model().fit(*batches_of(1), epochs=3, verbose=0).epoch) == 3
    with pytest.raises(ValueError, match="at least 1"):
        keras.config.set_max_epochs(0)


# ---- what is trained ----
def changed(model, step):
    before = [w.copy() for w in model.get_weights()]
    step()
    return [not np.array_equal(a, b) for a, b in zip(before, model.get_weights())]


@pytest.mark.parametrize("first", [True, False])
def test_compile_settles_what_is_trained(engine, first):
    """`trainable` counts as it is at the first step, for batches of any size, until compile() is called again."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.layers[0].trainable = first
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    want = [first, first, True, True]
    assert changed(model, lambda: model.train_on_batch(x, y)) == want
    model.layers[0].trainable = not first
    assert changed(model, lambda: model.train_on_batch(x, y)) == want
    assert changed(model, lambda: model.fit(x[:3], y[:3], verbose=0)) == want
    model.compile("sgd", "mse")
    assert changed(model, lambda: model.train_on_batch(x, y)) == [not first, not first, True, True]


def test_adversaries_in_turns(engine):
    """One half frozen once, after it was compiled: alone it is trained, within the pair it is not."""
    critic = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    critic.compile("sgd", "mse")
    critic.train_on_batch(ONES, np.zeros((4, 1)))
    maker = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    noise = keras.Input((3,))
    critic.trainable = False
    pair = keras.Model(noise, critic(maker(noise)))
    pair.compile("sgd", "mse")
    for _ in range(2):
        assert all(changed(critic, lambda: critic.train_on_batch(ONES, np.zeros((4, 1)))))
        seen = {}
        seen["critic"] = changed(
            critic,
            lambda: seen.update(maker=changed(maker, lambda: pair.train_on_batch(np.ones((4, 3)), np.ones((4, 1))))),
        )
        assert all(seen["maker"]) and not any(seen["critic"])


# ---- what stops them ----
class Interrupting:
    """Ctrl-C as soon as the loop is under way; the loop would run for minutes."""

    def __enter__(self):
        self.before = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    def __exit__(self, *error):
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, self.before)


@pytest.mark.parametrize("loop", ["fit", "evaluate", "predict"])
def test_ctrl_c(engine, loop):
    model = scaled_model(rate=1e-6)
    x = np.ones((4_000_000, 2), "float32")
    y = x[:, :1]
    use = {
        "fit": lambda: model.fit(x, y, batch_size=2, epochs=1000, verbose=0),
        "evaluate": lambda: model.evaluate(x, y, batch_size=1, verbose=0),
        "predict": lambda: model.predict(x, batch_size=1, verbose=0),
    }[loop]
    with Interrupting(), pytest.raises(KeyboardInterrupt):
        use()
    assert np.isfinite(model.train_on_batch(*batches_of(1))).all()
    assert len(model.fit(*batches_of(1), epochs=2, verbose=0).epoch) == 2


def test_many_trials_are_drawn_at_once(engine):
    counts = np.asarray(keras.random.binomial((2000,), 1e9, 0.25, seed=3))
    deviation = np.sqrt(1e9 * 0.25 * 0.75)
    assert abs(counts.mean() - 2.5e8) < 5 * deviation / np.sqrt(2000) and 0.9 < counts.std() / deviation < 1.1


def test_callbacks_end_evaluation_and_prediction():
    class Ending(keras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = batch == 1

        def on_predict_batch_end(self, batch, logs=None):
            self.model.stop_predicting = batch == 1

    model = scaled_model()
    data = Batches(5)
    assert model.evaluate(data, verbose=0, callbacks=[Ending()])[0] == mean_loss(0, 1)
    assert data.read == [0, 1]
    assert model.predict(np.ones((10, 2)), batch_size=2, verbose=0, callbacks=[Ending()]).shape == (4, 1)


def test_averages_take_the_variables_places_when_training_is_interrupted():
    class Failing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("enough")

    model = scaled_model()
    model.compile(keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.5), "mse")
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(*batches_of(1), epochs=2, verbose=0, callbacks=[Failing()])
    averages = [np.asarray(v) for v in model.optimizer._model_variables_moving_average]
    for average, weight in zip(averages, model.get_weights()):
        np.testing.assert_allclose(average, weight)


# ---- the metrics of compile() as one ----
def test_metrics_of_compile_are_one(engine):
    model = stepped()
    assert model.metrics_names == ["loss", "compile_metrics"]
    loss, rest = model.metrics
    assert rest.metrics == [] and rest.result() == {} and rest.variables == []
    assert isinstance(rest, keras.metrics.Metric)
    x, y = np.ones((8, 4), "float32"), np.zeros((8, 1), "float32")
    history = model.fit(x, y, epochs=2, verbose=0).history
    assert list(history) == ["loss", "mae", "mse"]
    assert [m.name for m in rest.metrics] == ["mae", "mse"] and len(rest.variables) == 4
    assert float(rest.result()["mae"]) == pytest.approx(history["mae"][-1])
    rest.reset_state()
    assert float(rest.result()["mae"]) == 0
    rest.update_state(y, y + 2)
    assert {k: float(v) for k, v in rest.result().items()} == {"mae": 2, "mse": 4}
    with pytest.raises(NotImplementedError, match="get_compile_config"):
        rest.get_config()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(
        list(model.evaluate(x, y, verbose=0, return_dict=True).values())
    )
    assert list(model.train_on_batch(x, y, return_dict=True)) == ["loss", "mae", "mse"]


def stepped():
    """A model with the train_step of Keras' guide."""

    class Stepped(keras.Model):
        def train_step(self, data):
            x, y = data
            with keras.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    inputs = keras.Input((4,))
    model = Stepped(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse", metrics=["mae", "mse"])
    return model


def test_names_of_several_outputs_metrics(engine):
    inputs = keras.Input((4,))
    model = keras.Model(
        inputs, {"a": keras.layers.Dense(1, name="a")(inputs), "b": keras.layers.Dense(2, name="b")(inputs)}
    )
    model.compile("sgd", {"a": "mse", "b": "mse"}, metrics={"a": ["mae"], "b": ["mae"]})
    model.fit(np.ones((8, 4)), {"a": np.ones((8, 1)), "b": np.ones((8, 2))}, verbose=0)
    assert model.metrics_names == ["loss", "compile_metrics", "a_loss", "b_loss"]


# ---- what losses count ----
def two_outputs(library, **compiled):
    inputs = library.Input((2,))
    outputs = [library.layers.Dense(1, kernel_initializer="ones", name=name)(inputs) for name in "ab"]
    model = library.Model(inputs, outputs)
    model.compile("sgd", ["mse", "mae"], **compiled)
    return model


def test_a_variable_weighs_with_its_value_at_each_step(engine):
    """As programs let a weight grow from epoch to epoch."""
    weight = keras.Variable(0.0, trainable=False)
    model = two_outputs(keras, loss_weights={"a": 1.0, "b": weight} if engine == "graph" else [1.0, weight])
    data = ONES, [np.zeros((4, 1))] * 2
    losses = []
    for value in (0.0, 0.5, 2.0):
        weight.assign(value)
        losses.append(model.evaluate(*data, verbose=0))
    assert [loss[0] for loss in losses] == pytest.approx([4, 5, 8])
    assert [loss[2] for loss in losses] == pytest.approx([2, 2, 2])
    weight.assign(0.25)
    assert model.get_compile_config()["loss_weights"] in ([1.0, 0.25], {"a": 1.0, "b": 0.25})
    kernel = np.asarray(model.get_layer("b").kernel)
    weight.assign(0.0)
    model.fit(*data, epochs=2, verbose=0)
    np.testing.assert_array_equal(np.asarray(model.get_layer("b").kernel), kernel)
    weight.assign(1.0)
    model.fit(*data, verbose=0)
    assert not np.array_equal(np.asarray(model.get_layer("b").kernel), kernel)


def test_weights_of_losses_are_numbers_of_any_kind(engine):
    for weight in (np.float32(0.5), np.array([0.5]), keras.ops.array(0.5), 0.5):
        model = two_outputs(keras, loss_weights=[1, weight])
        history = model.fit(ONES, [np.zeros((4, 1))] * 2, epochs=1, verbose=0).history
        assert history["loss"] == pytest.approx([5.0])


def test_a_metric_is_a_function_of_labels_and_outputs(engine):
    """Keras takes whatever can be called as a loss."""
    import keras as real

    for library in (keras, real):
        inputs = library.Input((2,))
        model = library.Model(inputs, library.layers.Dense(1, kernel_initializer="ones")(inputs))
        model.compile("sgd", library.metrics.MeanSquaredError())
        assert model.evaluate(ONES, np.zeros((4, 1)), verbose=0) == pytest.approx(4.0)


def test_metrics_of_deep_outputs(engine):
    """Declared with the structure of the outputs, whose names are those of the layers that make them."""
    import keras as real

    seen = []
    for library in (keras, real):
        inputs = library.Input((2,))
        dense = [library.layers.Dense(1, kernel_initializer="ones", name=name)(inputs) for name in "pqr"]
        model = library.Model(inputs, {"a": dense[0], "b": {"c": dense[1], "d": [dense[2]]}})
        zeros = np.zeros((4, 1), "float32")
        model.compile(
            "sgd", {"a": "mse", "b": {"c": "mse", "d": ["mse"]}}, metrics={"a": "mae", "b": {"c": "mse", "d": ["mae"]}}
        )
        seen.append(model.evaluate(ONES, {"a": zeros, "b": {"c": zeros, "d": [zeros]}}, verbose=0, return_dict=True))
    assert seen[0].keys() == seen[1].keys()
    assert seen[0] == pytest.approx(seen[1])
