"""A script on another device: the emulated one, whose memory the host cannot read. What is computed is what the CPU
computes."""

import lamina
import numpy as np
import pytest

layers = lamina.layers


@pytest.fixture
def emulated():
    before = lamina.config.device()
    lamina.config.set_device("emulated")
    yield
    lamina.config.set_device(before)


def trained(folder, name):
    lamina.utils.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(40, 8, 8, 3)).astype("float32")
    y = (x.mean((1, 2)) @ np.array([1.0, -2.0, 0.5], "float32") > 0).astype("int32")
    model = lamina.Sequential(
        [
            lamina.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(2),
        ]
    )
    model.compile("adam", lamina.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = model.fit(x, y, epochs=3, batch_size=16, validation_split=0.2, verbose=0).history
    model.save(folder / f"{name}.keras")
    return (
        history,
        model.predict(x, verbose=0),
        lamina.saving.load_model(folder / f"{name}.keras").predict(x, verbose=0),
    )


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_training_is_the_same(tmp_path, engine):
    lamina.config.set_engine(engine)
    try:
        on_cpu = trained(tmp_path, "cpu")
        with lamina.device("emulated"):
            assert lamina.config.device() == "emulated"
            elsewhere = trained(tmp_path, "emulated")
        assert lamina.config.device() == "cpu"
    finally:
        lamina.config.set_engine("graph")
    for key, values in on_cpu[0].items():
        np.testing.assert_allclose(elsewhere[0][key], values, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(elsewhere[1], on_cpu[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(elsewhere[2], elsewhere[1], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_the_same(engine, policy):
    """Halves through products, epilogues, losses and dynamic loss scaling, with a step whose gradients are not
    finite."""
    x = np.random.default_rng(1).normal(size=(96, 12)).astype("float32")
    y = x[:, :3].argmax(1).astype("int32")
    x[40] = 1e6  # beyond float16
    seen = []
    for device in ("cpu", "emulated"):
        lamina.utils.set_random_seed(5)
        lamina.config.set_dtype_policy(policy)
        try:
            with lamina.device(device):
                model = lamina.Sequential(
                    [lamina.Input((12,)), layers.Dense(32, activation="relu"), layers.Dropout(0.1), layers.Dense(3)]
                )
                model.compile(
                    lamina.optimizers.Adam(0.01),
                    lamina.losses.SparseCategoricalCrossentropy(from_logits=True),
                    metrics=["accuracy"],
                )
                model.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0)
                finite = np.delete(x, np.s_[32:48], 0), np.delete(y, np.s_[32:48], 0)
                history = model.fit(*finite, batch_size=16, epochs=2, shuffle=False, verbose=0).history
                scale = float(np.asarray(model.optimizer.dynamic_scale)) if policy == "mixed_float16" else None
                seen.append((history, scale, [np.asarray(w) for w in model.get_weights()]))
        finally:
            lamina.config.set_dtype_policy("float32")
    (history, scale, weights), (other_history, other_scale, other_weights) = seen
    assert scale == other_scale and (scale is None or scale < 32768)
    for key in history:
        np.testing.assert_allclose(history[key], other_history[key], rtol=1e-3)
        assert np.isfinite(history[key]).all() or policy == "mixed_bfloat16"
    for w, other in zip(weights, other_weights):
        np.testing.assert_allclose(w, other, rtol=1e-2, atol=1e-3)


def test_one_model_on_two_devices():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    model = lamina.Sequential([lamina.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(2)])
    model.compile("sgd", "mse")
    before = model.predict(x, verbose=0)
    with lamina.device("emulated"):
        np.testing.assert_allclose(model.predict(x, verbose=0), before, rtol=1e-6)
        model.fit(x, np.zeros((4, 2), "float32"), verbose=0)
        after = model.predict(x, verbose=0)
    assert abs(after - before).max() > 1e-4
    np.testing.assert_allclose(model.predict(x, verbose=0), after, rtol=1e-6)
    model.fit(x, np.zeros((4, 2), "float32"), verbose=0)
    assert abs(model.predict(x, verbose=0) - after).max() > 1e-4


def test_one_model_on_several_devices(engine):
    """As on several GPUs: none can read another's memory, values go where they are needed and variables are where they
    were last written."""
    x = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
    y = np.random.default_rng(1).normal(size=(8, 2)).astype("float32")

    def run(*devices):
        lamina.utils.set_random_seed(4)
        model = lamina.Sequential(
            [lamina.Input((6,)), layers.Dense(5, activation="tanh"), layers.BatchNormalization(), layers.Dense(2)]
        )
        model.compile("adam", "mse")
        seen = []
        for device in devices:
            with lamina.device(device):
                seen += model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
                seen.append(float(lamina.ops.sum(model(x) * y)))
        return seen, model.get_weights()

    (losses, weights), (others, other_weights) = run(*["cpu"] * 4), run("emulated", "emulated:1", "cpu", "emulated:1")
    np.testing.assert_allclose(others, losses, rtol=1e-4)
    for w, other in zip(weights, other_weights):
        np.testing.assert_allclose(other, w, rtol=1e-4, atol=1e-6)


def test_values_of_several_devices_meet(engine):
    with lamina.device("emulated"):
        a = lamina.ops.add(np.ones((2, 3), "float32"), 1.0)
        with lamina.device("emulated:1"):
            b = lamina.ops.multiply(a, 3.0)
            np.testing.assert_array_equal(
                np.asarray(lamina.ops.matmul(a, lamina.ops.transpose(b))), np.full((2, 2), 36.0)
            )
        np.testing.assert_array_equal(np.asarray(a + b), np.full((2, 3), 8.0))
    assert lamina.config.device() == "cpu"
    np.testing.assert_array_equal(np.asarray(a - b), np.full((2, 3), -4.0))


def test_arrays_that_change_under_way(emulated):
    """A NumPy array is read when an op runs, not when it was first seen."""
    x = np.ones((2, 3), "float32")
    assert float(lamina.ops.sum(x)) == 6
    x[:] = 2
    assert float(lamina.ops.sum(x)) == 12
    variable = lamina.Variable(x)
    x[:] = 3
    variable.assign_add(x)
    np.testing.assert_array_equal(variable.numpy(), 5 * np.ones((2, 3)))
    np.testing.assert_array_equal(np.asarray(lamina.ops.nonzero(x)[0]), [0, 0, 0, 1, 1, 1])


def test_devices_that_are_not_there():
    with pytest.raises(ValueError, match="Unknown device 'cuda:x'"):
        lamina.config.set_device("cuda:x")
    with pytest.raises(
        NotImplementedError, match="The device 'cuda:99' cannot be used: (this build|this machine|CUDA)"
    ):
        lamina.config.set_device("cuda:99")
    assert lamina.config.device() == "cpu"
