"""Optimizers that wrap others, Muon, schedule-free AdamW, users' subclasses and pickles, against real Keras 3.15 on
JAX."""

import copy
import pickle

import keras
import lamina
import numpy as np
import pytest

RNG = np.random.default_rng(1)
X = RNG.standard_normal((16, 4)).astype("float32")
Y = RNG.standard_normal((16, 2)).astype("float32")


def model(k, dtype=None):
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(5, activation="tanh", name="first", dtype=dtype),
            k.layers.Dense(2, name="last", dtype=dtype),
        ]
    )


def by_layer(k):
    return k.optimizers.MultiOptimizer(
        k.optimizers.OptimizerMap(k.optimizers.Adam(0.01), {".*first/kernel": k.optimizers.SGD(0.1, momentum=0.9)})
    )


OPTIMIZERS = {
    "muon": lambda k: k.optimizers.Muon(0.02, exclude_layers=["last"]),
    "muon_bare": lambda k: k.optimizers.Muon(0.02, nesterov=False, rms_rate=None, weight_decay=None, clipnorm=1.0),
    "schedule_free": lambda k: k.optimizers.ScheduleFreeAdamW(0.02, warmup_steps=3),
    "loss_scale": lambda k: k.optimizers.LossScaleOptimizer(
        k.optimizers.Adam(0.01), initial_scale=4.0, dynamic_growth_steps=2
    ),
    "multi": by_layer,
    "multi_scaled": lambda k: k.optimizers.LossScaleOptimizer(by_layer(k), dynamic_growth_steps=3),
    "function": lambda k: k.optimizers.MultiOptimizer(_choose(k)),
}


def _choose(k):
    sgd, adam = k.optimizers.SGD(0.1), k.optimizers.Adam(0.01)
    return lambda variable: sgd if "last" in variable.path else adam


def pair(dtype=None):
    keras.utils.set_random_seed(5)  # a scale near float16's limit would be a matter of rounding
    theirs, mine = model(keras, dtype), model(lamina, dtype)
    mine.set_weights(theirs.get_weights())
    return theirs, mine


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_gives_keras_numbers(engine, name):
    theirs, mine = pair()
    for k, m in ((keras, theirs), (lamina, mine)):
        m.compile(OPTIMIZERS[name](k), "mse")
    a = theirs.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    b = mine.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(a, b, rtol=1e-4)
    for v, w in zip(theirs.get_weights(), mine.get_weights()):
        np.testing.assert_allclose(v, w, rtol=2e-3, atol=2e-5)
    assert [tuple(v.shape) for v in theirs.optimizer.variables] == [tuple(v.shape) for v in mine.optimizer.variables]
    assert int(theirs.optimizer.iterations) == int(mine.optimizer.iterations)


def test_mixed_float16_scales_the_loss(engine):
    scales = []
    for k, m in zip((keras, lamina), pair("mixed_float16")):
        k.config.set_dtype_policy("mixed_float16")
        try:
            whole = k.Sequential(m.layers)
        finally:
            k.config.set_dtype_policy("float32")
        whole.compile("sgd", "mse", auto_scale_loss=False)
        assert type(whole.optimizer).__name__ == "SGD"
        whole.compile("sgd", "mse")
        assert type(whole.optimizer).__name__ == "LossScaleOptimizer"
        whole.fit(X * 100, Y * 100, batch_size=8, epochs=4, shuffle=False, verbose=0)
        scales.append((float(whole.optimizer.dynamic_scale.numpy()), int(whole.optimizer.iterations)))
    assert scales[0] == scales[1]
    assert scales[0][0] < 2**15  # some steps were skipped, and counted alike


@pytest.mark.parametrize("name", ["loss_scale", "multi", "multi_scaled"])
def test_files_carry_the_state(tmp_path, name):
    theirs, mine = pair()
    theirs.compile(OPTIMIZERS[name](keras), "mse")
    theirs.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    theirs.save(tmp_path / "theirs.keras")
    mine = lamina.models.load_model(tmp_path / "theirs.keras")
    for v, w in zip(theirs.optimizer.variables, mine.optimizer.variables):
        np.testing.assert_allclose(np.asarray(v), w.numpy(), rtol=1e-6, err_msg=w.path)
    mine.fit(X, Y, batch_size=4, shuffle=False, verbose=0)
    mine.save(tmp_path / "mine.keras")
    back = keras.models.load_model(tmp_path / "mine.keras")
    for v, w in zip(back.optimizer.variables, mine.optimizer.variables):
        np.testing.assert_allclose(np.asarray(v), w.numpy(), rtol=1e-6, err_msg=w.path)


class Halved(lamina.optimizers.SGD):
    """A built-in optimizer whose steps are half as long."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * 0.5)


class Heavy(lamina.optimizers.Optimizer):
    """Gradient descent with momentum, by the methods that Keras' guide names."""

    def build(self, variables):
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, m * 0.9 - gradient * learning_rate)
        self.assign_add(variable, m)


@pytest.mark.parametrize(
    "own, like",
    [
        (lambda: Halved(0.1), lambda: lamina.optimizers.SGD(0.05)),
        (lambda: Heavy(0.1), lambda: lamina.optimizers.SGD(0.1, momentum=0.9)),
        (lambda: lamina.optimizers.LossScaleOptimizer(Heavy(0.1)), lambda: lamina.optimizers.SGD(0.1, momentum=0.9)),
    ],
)
def test_subclasses(engine, own, like):
    first, second = model(lamina), model(lamina)
    second.set_weights(first.get_weights())
    for m, optimizer in ((first, own()), (second, like())):
        m.compile(optimizer, "mse")
        m.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for v, w in zip(first.get_weights(), second.get_weights()):
        np.testing.assert_allclose(v, w, rtol=1e-5, atol=1e-6)


def test_loss_with_a_call_of_its_own(engine):
    class SumLoss(lamina.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return lamina.ops.sum(y_true - y_pred)

    m = model(lamina)
    m.compile("sgd", SumLoss())
    assert m.test_on_batch(X, Y) == pytest.approx(float(np.sum(Y - m.predict(X, verbose=0))), rel=1e-4, abs=1e-5)


def test_arguments_can_be_set():
    optimizer = lamina.optimizers.SGD(1.0)
    optimizer.clipvalue = 0.5
    optimizer.weight_decay = 0.25
    w = lamina.Variable([2.0])
    optimizer.apply([np.array([3.0], "float32")], [w])
    assert w.numpy() == pytest.approx(2.0 * 0.75 - 0.5)
    assert optimizer.get_config()["clipvalue"] == 0.5
    with pytest.raises(ValueError, match="clipnorm"):
        optimizer.clipnorm = 1.0
    optimizer.learning_rate.assign(0.125)
    assert optimizer.get_config()["learning_rate"] == 0.125


def test_stateless_apply_changes_no_variable():
    w = lamina.Variable([1.0, 2.0])
    optimizer = lamina.optimizers.Adam(0.1)
    gradient = np.array([1.0, -1.0], "float32")
    with pytest.raises(ValueError, match="must be built"):
        optimizer.stateless_apply([], [gradient], [w.value])
    optimizer.build([w])
    values = [v.numpy() for v in optimizer.variables]
    (moved,), after = optimizer.stateless_apply(values, [gradient], [w.value])
    np.testing.assert_allclose(np.asarray(moved), [0.9, 2.1], rtol=1e-5)
    assert [float(w.numpy()[0]), int(optimizer.iterations), int(after[0])] == [1.0, 0, 1]
    with pytest.raises(ValueError, match="optimizer_variables"):
        optimizer.stateless_apply(values[1:], [gradient], [w.value])


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.optimizers.AdamW(0.01),
        lambda k: by_layer(k),
        lambda k: k.losses.Tversky(0.3),
        lambda k: k.metrics.Precision(thresholds=0.3),
        lambda k: k.initializers.GlorotUniform(seed=3),
        lambda k: k.regularizers.L1(0.1),
        lambda k: k.optimizers.schedules.CosineDecay(0.1, 10),
    ],
)
def test_pickles_and_copies(make):
    original = make(lamina)
    for again in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert type(again) is type(original)
        assert again.get_config() == original.get_config()


def test_pickled_metric_keeps_its_state():
    metric = lamina.metrics.Mean()
    metric.update_state([1.0, 2.0, 6.0])
    assert float(pickle.loads(pickle.dumps(metric)).result()) == 3.0


def test_pickled_loss_keeps_what_its_config_leaves_out():
    t, p = np.zeros((2, 3), "float32"), np.full((2, 3), 4.0, "float32")
    original = lamina.losses.Huber(delta=0.5)
    assert "delta" not in original.get_config()  # as in Keras
    assert float(copy.deepcopy(original)(t, p)) == float(original(t, p)) != float(lamina.losses.Huber()(t, p))


def test_functions_are_one_object_each():
    assert lamina.losses.mse is lamina.losses.get("mean_squared_error") is lamina.losses.mean_squared_error
    assert pickle.loads(pickle.dumps(lamina.losses.mse)) is lamina.losses.mse


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), clipnorm=1.0), "does not support `clipnorm`"),
        (
            lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), dynamic=False),
            "set `loss_scale_factor` directly",
        ),
        (lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.SGD(), foo=1, bar=2), "arguments: `foo`, `bar`"),
        (lambda k: k.optimizers.Adam().set_weights([np.zeros(())]), "has not yet been built"),
        (lambda k: k.optimizers.get("adm"), "Could not interpret optimizer identifier: adm"),
        (lambda k: k.metrics.get("acc"), "Could not interpret metric identifier: acc"),
        (lambda k: k.losses.get({"class_name": "none", "config": {}}), "Could not interpret loss identifier"),
        (lambda k: k.metrics.FBetaScore(average="mean"), "Received: average=mean"),
        (lambda k: k.metrics.TruePositives(thresholds=[-1, 0.5, 2]), r"Received: \[-1, 2\]"),
    ],
)
def test_messages_are_keras(call, words):
    for k in (keras, lamina):
        with pytest.raises(ValueError, match=words):
            call(k)
