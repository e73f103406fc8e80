"""Several threads at once, and the process's own state: nothing that one thread or one call does reaches another."""

import os
import subprocess
import sys
import threading

import lamina as keras
import numpy as np
import pytest


def at_once(count, work):
    """Runs work(0) ... work(count - 1) in threads; raises what one of them raised."""
    errors = []
    together = threading.Barrier(count)

    def run(i):
        try:
            together.wait(30)
            work(i)
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


class Plus(keras.layers.Dense):
    """An override that goes on to the built-in call()."""

    def call(self, x):
        return super().call(x) + 1000.0


def test_overrides_hold_in_every_thread(engine):
    model = keras.Sequential([keras.Input((4,)), Plus(3), Plus(3), Plus(3)])
    x = np.ones((2, 4), "float32")
    want = model.predict_on_batch(x)

    def work(i):
        for _ in range(200):
            got = model.predict_on_batch(x) if i % 2 else np.asarray(model(x))
            np.testing.assert_allclose(got, want, rtol=1e-6)

    at_once(4, work)


def test_threads_that_call_a_new_model_at_once_build_it_once(engine):
    class Slow(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 2), name="w")
            threading.Event().wait(0.02)

        def call(self, x):
            return x @ self.w

    for _ in range(5):
        model = keras.Sequential([keras.layers.Dense(3), Slow(), keras.layers.Dense(2)])
        results = {}
        at_once(4, lambda i: results.__setitem__(i, np.asarray(model(np.ones((2, 4), "float32")))))
        assert [tuple(w.shape) for w in model.weights] == [(4, 3), (3,), (3, 2), (2, 2), (2,)]
        for i in range(1, 4):
            np.testing.assert_allclose(results[i], results[0], rtol=1e-6)


def test_losses_added_in_a_call_are_the_calling_threads(engine):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, activity_regularizer="l2", kernel_initializer="ones")]
    )
    model(np.ones((1, 4), "float32"), training=True)
    expected = [float(v) for v in model.losses]

    def work(i):
        for _ in range(50):
            model(np.full((1, 4), i + 1, "float32"), training=True)
            (loss,) = model.losses
            assert float(loss) == pytest.approx(expected[0] * (i + 1) ** 2, rel=1e-5)

    at_once(4, work)
    assert [float(v) for v in model.losses] == expected


def test_a_stateless_call_leaves_other_threads_alone(engine):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="ones", use_bias=False)])
    x = np.ones((1, 4), "float32")

    def work(i):
        for _ in range(100):
            if i == 0:
                out, _ = model.stateless_call([np.full((4, 3), 7, "float32")], [], x)
                np.testing.assert_array_equal(out, np.full((1, 3), 28, "float32"))
            else:
                np.testing.assert_array_equal(model.predict_on_batch(x), np.full((1, 3), 4, "float32"))

    at_once(3, work)


def test_a_device_scope_is_its_threads():
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def work():
        with keras.device("cpu:0"):
            seen["inside"] = keras.config.device()
            inside.set()
            done.wait(30)
        seen["after"] = keras.config.device()

    before = keras.config.device()
    t = threading.Thread(target=work)
    t.start()
    inside.wait(30)
    seen["outside"] = keras.config.device()
    done.set()
    t.join()
    assert seen == {"inside": "cpu", "outside": before, "after": before}


def child(code, preexec=None, **environment):
    env = {k: v for k, v in os.environ.items() if k not in ("LAMINA_CONFIG", "LAMINA_THREADS", "OMP_NUM_THREADS")}
    env["PYTHONPATH"] = os.path.dirname(os.path.dirname(keras.__file__))
    env.update(environment)
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, preexec_fn=preexec, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


CORES = len(os.sched_getaffinity(0))
SHOW = "import lamina; print(lamina.config.threads())"


@pytest.mark.parametrize(
    "environment, threads",
    [
        ({"LAMINA_THREADS": "3"}, 3),
        ({"LAMINA_THREADS": "0"}, CORES),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": "1,4"}, 1),
        ({"LAMINA_THREADS": "5", "OMP_NUM_THREADS": "1"}, 5),
    ],
)
def test_threads_from_the_environment(environment, threads):
    (shown,) = child(SHOW, **environment)
    assert (
        int(shown) <= threads if threads == CORES else int(shown) == threads
    )  # a container may grant less than the cores


def test_threads_follow_the_affinity():
    assert child("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + SHOW) == ["1"]


@pytest.mark.parametrize("value", ["-1", "1025", "many", "2.5"])
def test_bad_threads_in_the_environment_are_named(value):
    code = "import lamina\ntry: lamina.config.threads()\nexcept ValueError as e: print(e)"
    assert "LAMINA_THREADS" in child(code, LAMINA_THREADS=value)[0]


def test_set_threads():
    before = keras.config.threads()
    try:
        keras.config.set_threads(3)
        assert keras.config.threads() == 3
        with pytest.raises(ValueError, match="number of threads"):
            keras.config.set_threads(-1)
        with pytest.raises(ValueError, match="number of threads"):
            keras.config.set_threads(5000)
        assert keras.config.threads() == 3
    finally:
        keras.config.set_threads(0)
    assert keras.config.threads() == before


def test_no_thread_can_be_started():
    """Ops go on with the threads that there are."""
    import resource

    def without_stacks():  # for further threads: each would want more than the process may have
        resource.setrlimit(resource.RLIMIT_STACK, (64 << 30, 64 << 30))
        resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))

    code = """
import threading, numpy as np, lamina
lamina.config.set_threads(4)
a = np.ones((600, 600), "float32")
print(float(lamina.ops.sum(lamina.ops.matmul(a, a))))
try: threading.Thread(target=print).start()
except RuntimeError: print("none")
"""
    assert child(code, preexec=without_stacks, OPENBLAS_NUM_THREADS="1") == [str(600.0**3), "none"]


def test_a_forked_child_computes():
    code = """
import os, numpy as np, lamina as keras
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(512, activation="relu"), keras.layers.Dense(1)])
model.compile("adam", "mse")
x = np.ones((256, 64), "float32")
model.fit(x, x[:, :1], verbose=0)
want = model.predict(x, verbose=0)
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        same = np.array_equal(model.predict(x, verbose=0), want)
        model.fit(x, x[:, :1], verbose=0)
        os._exit(0 if same else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert child(code) == ["0"] * 5
