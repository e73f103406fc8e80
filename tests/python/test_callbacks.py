"""Callbacks: what they leave in logs, and their state, which reads and writes."""

import copy
import pickle

import lamina as keras
import numpy as np
import pytest
from lamina import layers, ops
from lamina.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)

X, Y = np.ones((8, 2), "float32"), np.ones((8, 1), "float32")


class Put(Callback):
    """Writes a foretold value into the logs at each epoch's end, and remembers the weights."""

    def __init__(self, values):
        super().__init__()
        self.values, self.weights = values, []

    def on_epoch_end(self, epoch, logs=None):
        logs["m"] = self.values[epoch]
        self.weights.append([w.copy() for w in self.model.get_weights()])


def run(values, *callbacks):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    put = Put(values)
    history = model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[put, *callbacks])
    return model, put, history


# ---- logs ----
def test_a_log_put_in_place_is_seen_by_later_callbacks(engine):
    seen = []

    class See(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(dict(logs))

    marker = object()
    values = [1.5, np.float32(2.5), np.float64(3.5), np.int64(4), "text", marker, np.ones(3), ops.ones(()), None, True]
    _, _, history = run(values, See())
    got = [s["m"] for s in seen]
    assert got[:5] == [1.5, 2.5, 3.5, 4, "text"] and all(type(v) is float for v in got[:3]) and type(got[3]) is int
    assert got[5] is marker and got[6] is values[6] and got[7:] == [1.0, None, True]
    assert history.history["m"][:5] == got[:5] and history.history["m"][5] is marker
    assert list(history.history) == ["loss", "m"]


def test_logs_changed_and_taken_out(engine):
    class Change(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["doubled"] = 2 * logs.pop("m")
            logs["loss"] = -1.0

    _, _, history = run([1.0, 2.0], Change())
    assert history.history == {"loss": [-1.0, -1.0], "doubled": [2.0, 4.0]}


def test_logs_of_a_batch_stay_in_the_batch():
    seen = []

    class Put(Callback):
        def on_train_batch_end(self, batch, logs=None):
            logs["batch log"] = batch

    class See(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["batch log"])

    model = run([1.0])[0]
    history = model.fit(X, Y, batch_size=4, verbose=0, callbacks=[Put(), See()]).history
    assert seen == [0, 1] and list(history) == ["loss"]


def test_old_names_of_batch_events():
    seen = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(batch)

        def on_batch_end(self, batch, logs=None):
            logs["seen"] = True
            seen.append(sorted(logs))

    run([1.0])[0].fit(X, Y, verbose=0, callbacks=[Old()])
    assert seen == [0, ["loss", "seen"]]


# ---- history ----
def test_history_is_a_dict_that_keeps_what_is_written():
    model, _, history = run([1.0, 2.0])
    assert model.history is history and isinstance(history, History) and history.epoch == [0, 1]
    history.history["mine"] = [3]
    history.history["loss"].append(4.0)
    history.extra = 5
    assert history.history["mine"] == [3] and len(history.history["loss"]) == 3 and history.extra == 5
    history.history = {}
    again = model.fit(X, Y, verbose=0, callbacks=[history])
    assert again is history and list(history.history) == ["loss"] and history.epoch == [0]
    for kept in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert kept.history == history.history and kept.epoch == [0]


def test_the_model_has_its_history_during_training():
    seen = []

    class See(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(self.model.history.history.get("loss", [])))

    run([1.0, 2.0, 3.0], See())
    assert seen == [0, 1, 2]


# ---- what has no number is never the best ----
NAN = float("nan")


def test_early_stopping_with_nan():
    stop = EarlyStopping("m", patience=2, mode="min", restore_best_weights=True)
    model, put, _ = run([NAN, 3.0, 1.0, NAN, 2.0, 0.0], stop)
    assert stop.best == 1.0 and stop.best_epoch == 2 and stop.stopped_epoch == 4 and len(put.weights) == 5
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), put.weights[2]))
    stop = EarlyStopping("m", patience=1, mode="min", restore_best_weights=True)
    assert len(run([NAN] * 4, stop)[1].weights) == 2 and stop.best is None


def test_checkpoint_with_nan(tmp_path):
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}.keras"), monitor="m", mode="max", save_best_only=True)
    run([NAN, 1.0, NAN, 2.0], checkpoint)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2.keras", "4.keras"] and checkpoint.best == 2.0


def test_plateau_with_nan():
    plateau = ReduceLROnPlateau("m", patience=1, mode="min", factor=0.5)
    _, _, history = run([NAN, 1.0, 2.0, 0.5], plateau)
    assert plateau.best == 0.5
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.05, 0.025])


# ---- state that reads and writes ----
def test_early_stopping_state():
    stop = EarlyStopping("m", patience=5, mode="min")
    assert (
        stop.wait,
        stop.stopped_epoch,
        stop.best,
        stop.best_weights,
        stop.monitor_op,
        stop.patience,
        stop.monitor,
        stop.baseline,
    ) == (0, 0, None, None, None, 5, "m", None)
    seen = []

    class Sub(EarlyStopping):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((self.wait, self.best))
            if epoch == 1:
                self.wait = 4
            if epoch == 2:
                self.patience, self.best = 3, -10.0

    run([3.0, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0], sub := Sub("m", patience=5, mode="min"))
    assert seen == [(0, 3.0), (1, 3.0), (0, 2.0), (1, -10.0), (2, -10.0), (3, -10.0)]
    assert sub.stopped_epoch == 5 and sub.monitor_op is ops.less
    stop.best_weights = [np.ones(2)]
    assert isinstance(stop.best_weights[0], np.ndarray)
    with pytest.raises((TypeError, ValueError), match="wait"):
        stop.wait = "long"


def test_best_set_before_training_holds(tmp_path):
    class From(ModelCheckpoint):
        def __init__(self, best, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.best = best

    run([3.0, 2.0], From(1.0, str(tmp_path / "a.keras"), monitor="m", mode="min", save_best_only=True))
    assert not any(tmp_path.iterdir())
    checkpoint = ModelCheckpoint(str(tmp_path / "a.keras"), monitor="m", mode="min", save_best_only=True)
    checkpoint.filepath = str(tmp_path / "b.keras")
    run([3.0, 2.0], checkpoint)
    assert [p.name for p in tmp_path.iterdir()] == ["b.keras"] and checkpoint.best == 2.0


def test_plateau_state():
    seen = []

    class Sub(ReduceLROnPlateau):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            seen.append((self.wait, self.cooldown_counter, self.in_cooldown()))

    plateau = Sub("m", patience=1, cooldown=2, mode="min", factor=0.5)
    plateau.factor = 0.1
    _, _, history = run([1.0, 2.0, 2.0, 2.0], plateau)
    assert seen == [(0, 0, False), (0, 2, True), (0, 1, True), (0, 2, True)]
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.1, 0.01, 0.01])


def test_methods_that_subclasses_override():
    class Scaled(EarlyStopping):
        def get_monitor_value(self, logs):
            return -super().get_monitor_value(logs)

    stop = Scaled("m", patience=1, mode="min")
    run([1.0, 2.0, 3.0, 2.0, 1.0], stop)
    assert stop.best == -3.0 and stop.stopped_epoch == 3

    class Always(ReduceLROnPlateau):
        def in_cooldown(self):
            return True

    assert run([1.0, 2.0, 2.0], Always("m", patience=1, mode="min"))[2].history["learning_rate"] == pytest.approx(
        [0.1] * 3
    )


def test_comparison_of_ones_own():
    stop = EarlyStopping("m", patience=1, mode="min")
    stop.monitor_op = lambda value, best: value > best + 0.5
    run([1.0, 2.0, 2.2, 3.0], stop)
    assert stop.best == 2.0 and stop.stopped_epoch == 2
    stop.monitor_op = np.greater
    assert stop.monitor_op is ops.greater


def test_schedule_can_be_replaced():
    scheduler = LearningRateScheduler(lambda epoch: 0.5)
    assert scheduler.schedule(3) == 0.5
    scheduler.schedule = lambda epoch, rate: rate / 2
    assert run([1.0, 2.0], scheduler)[2].history["learning_rate"] == pytest.approx([0.05, 0.025])


def test_csv_columns(tmp_path):
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"), separator=";")
    assert logger.sep == ";" and logger.keys == []
    run([1.0, 2.0], logger)
    assert logger.keys[:2] == ["loss", "m"] and (tmp_path / "log.csv").read_text().startswith("epoch;loss;m")


# ---- several as one ----
def test_callback_list():
    seen = []

    class See(Callback):
        def on_train_batch_end(self, batch, logs=None):
            logs["n"] = logs.get("n", 0) + 1
            seen.append((batch, dict(logs), self.params, self.model))

    model = run([1.0])[0]
    several = CallbackList([See(), [See()]], add_history=True, model=model, epochs=2)
    assert len(several.callbacks) == 3 and model.history is several.callbacks[-1]
    several.on_train_begin()
    several.on_epoch_begin(0)
    several.on_train_batch_end(4, logs={"loss": ops.ones(())})
    several.on_epoch_end(0, {"loss": 2.0})
    assert seen == [(4, {"loss": 1.0, "n": 1}, {"epochs": 2}, model), (4, {"loss": 1.0, "n": 2}, {"epochs": 2}, model)]
    assert model.history.history == {"loss": [2.0]}
    assert list(model.fit(X, Y, verbose=0, callbacks=CallbackList([Put([1.0])])).history) == ["loss", "m"]
    assert list(model.fit(X, Y, verbose=0, callbacks=[[Put([1.0])]]).history) == ["loss", "m"]
    assert list(model.fit(X, Y, verbose=0, callbacks=Put([1.0])).history) == ["loss", "m"]
    with pytest.raises(TypeError, match="Callback instances"):
        model.fit(X, Y, verbose=0, callbacks=[3])


# ---- other objects ----
def fitted_loss(change, engine_model=None):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    optimizer, loss = keras.optimizers.SGD(0.1, momentum=0.5), keras.losses.Huber(delta=1.0)
    model.compile(optimizer, loss)
    model.train_on_batch(X, 0 * Y)
    change(model, optimizer, loss)
    model.train_on_batch(X, 0 * Y)
    return model.get_weights()[0]


def test_arguments_of_losses_and_optimizers_have_their_effect_after_a_step(engine):
    plain = fitted_loss(lambda m, o, l: None)

    def assert_changes(change):
        assert not np.allclose(fitted_loss(change), plain)

    assert_changes(lambda m, o, l: setattr(o, "momentum", 0.9))
    assert_changes(lambda m, o, l: setattr(o, "nesterov", True))
    assert_changes(lambda m, o, l: setattr(o, "weight_decay", 0.1))
    assert_changes(lambda m, o, l: setattr(l, "delta", 0.1))
    assert_changes(lambda m, o, l: setattr(l, "reduction", "sum"))
    assert_changes(lambda m, o, l: setattr(m, "optimizer", keras.optimizers.SGD(0.01)))
    loss = keras.losses.Huber()
    loss.name = "mine"
    assert loss.name == "mine" and loss.get_config()["name"] == "mine" and loss.delta == 1.0
    loss.reduction = None
    assert loss.reduction is None and loss(np.ones((2, 3)), np.zeros((2, 3))).shape == (2,)
    with pytest.raises(ValueError, match="reduction"):
        loss.reduction = "most"
    optimizer = keras.optimizers.Adam()
    optimizer.name = "mine"
    optimizer.beta_1 = 0.5
    assert (optimizer.name, optimizer.beta_1, optimizer.get_config()["beta_1"]) == ("mine", 0.5, 0.5)


@pytest.mark.parametrize(
    "make, name, value",
    [
        (lambda: keras.optimizers.SGD(), "momentum", 0.9),
        (lambda: keras.optimizers.RMSprop(), "centered", True),
        (lambda: keras.optimizers.Adam(), "amsgrad", True),
    ],
)
def test_what_decides_slots_is_settled_by_build(make, name, value):
    early = make()
    setattr(early, name, value)
    v = keras.Variable(np.ones(3, "float32"))
    early.build([v])
    early.apply([ops.ones(3)], [v])
    late = make()
    late.build([v])
    with pytest.raises(ValueError, match=name):
        setattr(late, name, value)
    late.apply([ops.ones(3)], [v])


def test_model_attributes(engine):
    model = run([1.0])[0]
    model.steps_per_execution = 2
    model.run_eagerly = True
    model.jit_compile = False
    assert (model.steps_per_execution, model.run_eagerly, model.jit_compile, model.loss) == (2, True, False, "mse")
    ends = []
    model.fit(
        X,
        Y,
        batch_size=2,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(batch))],
    )
    assert ends == [1, 3]
    with pytest.raises(ValueError, match="steps_per_execution"):
        model.steps_per_execution = 0
    assert model.train_function is None
    model.make_train_function()
    model.make_predict_function()
    assert model.train_function(iter([(X, Y)])).keys() == {"loss"} and model.predict_function(iter([(X,)])).shape == (
        8,
        1,
    )
    model.train_function = None
    assert model.train_function is None
    with pytest.raises(ValueError, match="train_step"):
        model.train_function = print


def test_what_metrics_and_losses_have():
    m = keras.metrics
    assert (
        m.Precision().thresholds,
        m.Precision().init_thresholds,
        m.Recall(thresholds=[0.1, 0.2]).thresholds,
        m.TruePositives(thresholds=0.3).thresholds,
    ) == ([0.5], None, [0.1, 0.2], [0.3])
    at = m.PrecisionAtRecall(0.7, num_thresholds=5)
    assert at.value == 0.7 and at.thresholds == [0, 0.25, 0.5, 0.75, 1]
    iou = m.OneHotMeanIoU(3)
    assert (iou.target_class_ids, iou.sparse_y_true, iou.sparse_y_pred, tuple(iou.total_cm.shape)) == (
        [0, 1, 2],
        False,
        False,
        (3, 3),
    )
    assert (m.BinaryIoU().num_classes, m.BinaryIoU().axis, m.F1Score().beta, m.FBetaScore(beta=2.0).beta) == (
        2,
        -1,
        1.0,
        2.0,
    )
    assert (
        keras.losses.MeanSquaredError().fn is keras.losses.mean_squared_error
        and keras.losses.KLDivergence().fn is keras.losses.kl_divergence
    )


def test_arguments_of_metrics_have_their_effect_or_are_settled(engine):
    metric = keras.metrics.TopKCategoricalAccuracy(k=1)
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile("sgd", "mse", metrics=[metric])
    scores, labels = np.array([[0.1, 0.7, 0.2]], "float32"), np.array([[0, 0, 1.0]])
    assert model.test_on_batch(scores, labels)[1] == 0
    metric.k = 2
    assert metric.k == 2 and model.test_on_batch(scores, labels)[1] == 1
    with pytest.raises(AttributeError, match="settled when the metric is made"):
        keras.metrics.Precision().thresholds = 0.7
    with pytest.raises(AttributeError, match="settled when the metric is made"):
        keras.metrics.AUC().num_thresholds = 7
    metric.name = "best two"
    assert model.test_on_batch(scores, labels, return_dict=True).keys() == {"loss", "best two"}


def test_checkpoints_in_the_older_format(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 2), "float32")
    saved = keras.callbacks.ModelCheckpoint(str(tmp_path / "at_{epoch}.h5"))
    model.fit(x, x[:, 0], epochs=2, verbose=0, callbacks=[saved])
    again = keras.models.load_model(tmp_path / "at_2.h5")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match="must end in `.keras`"):
        keras.callbacks.ModelCheckpoint("model.hdf5")


def test_set_model_of_a_subclass():
    """It may keep the model itself, by Keras' own name for it."""

    class Keeps(keras.callbacks.Callback):
        def set_model(self, model):
            self._model = model

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = self._model is self.model

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[Keeps()]).epoch == [0]
    assert keras.callbacks.EarlyStopping()._model is None
