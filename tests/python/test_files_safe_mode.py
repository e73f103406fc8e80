"""Safe mode belongs to one call in one thread: neither another thread, nor a load before, nor one around it can open
it."""

import contextlib
import copy
import inspect
import pickle
import threading

import lamina as keras
import numpy as np
import pytest

REFUSED = "arbitrary code execution"


def stored_lambda():
    return keras.saving.serialize_keras_object(lambda v: v + 1)


@keras.saving.register_keras_serializable("safe_mode")
class Calls(keras.layers.Layer):
    """A layer that calls `inside` while it is made from its config."""

    inside = None

    @classmethod
    def from_config(cls, config):
        if Calls.inside is not None:
            Calls.inside()
        return cls(**config)


@pytest.fixture
def inside():
    def set_inside(f):
        Calls.inside = f

    yield set_inside
    Calls.inside = None


def calls_config():
    return keras.saving.serialize_keras_object(Calls())


@pytest.fixture
def hostile(tmp_path):
    path = tmp_path / "hostile.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda v: v * 2)]).save(path)
    return path


def open_load(hostile):
    keras.saving.deserialize_keras_object(calls_config(), safe_mode=False)


def open_unpickle(hostile):
    inside, Calls.inside = Calls.inside, None
    data = pickle.dumps(Calls())
    Calls.inside = inside
    pickle.loads(data)


@pytest.mark.parametrize("opened", [open_load, open_unpickle], ids=["load", "unpickle"])
def test_another_thread_is_not_opened(inside, hostile, opened):
    entered, go_on = threading.Event(), threading.Event()

    def wait():
        entered.set()
        go_on.wait(30)

    inside(wait)
    t = threading.Thread(target=opened, args=(hostile,))
    t.start()
    try:
        assert entered.wait(30)
        with pytest.raises(ValueError, match=REFUSED):
            keras.saving.deserialize_keras_object(stored_lambda())
        with pytest.raises(ValueError, match=REFUSED):
            keras.models.load_model(hostile)
        with pytest.raises(ValueError, match=REFUSED):
            keras.layers.Lambda.from_config(keras.layers.Lambda(lambda v: v).get_config())
    finally:
        go_on.set()
        t.join()


def test_overlapping_loads_leave_nothing_open(inside):
    """One load begins and ends inside another's time, then the first ends: the order that a shared setting does not
    survive."""
    barrier, first_done = threading.Barrier(2), threading.Event()
    order = iter([0, 1])

    def meet():
        mine = next(order)
        barrier.wait(30)
        if mine == 1:
            first_done.wait(30)

    inside(meet)
    threads = [
        threading.Thread(
            target=keras.saving.deserialize_keras_object, args=(calls_config(),), kwargs={"safe_mode": mode}
        )
        for mode in (False, False)
    ]
    for t in threads:
        t.start()
    threads[0].join(1)
    first_done.set()
    for t in threads:
        t.join()
    with pytest.raises(ValueError, match=REFUSED):
        keras.saving.deserialize_keras_object(stored_lambda())


def test_an_inner_safe_mode_wins(inside, hostile):
    def safely():
        with pytest.raises(ValueError, match=REFUSED):
            keras.saving.deserialize_keras_object(stored_lambda(), safe_mode=True)
        with pytest.raises(ValueError, match=REFUSED):
            keras.models.load_model(hostile)  # a file of its own, for which nobody said anything else
        seen.append(keras.saving.deserialize_keras_object(stored_lambda())(1))  # part of the load that was opened

    seen = []
    inside(safely)
    keras.saving.deserialize_keras_object(calls_config(), safe_mode=False)
    assert seen == [2]


def test_an_inner_call_does_not_open_a_safe_load(inside, hostile):
    tried = []

    def openly():
        tried.append(1)
        with pytest.raises(ValueError, match=REFUSED):
            keras.saving.deserialize_keras_object(stored_lambda(), safe_mode=False)
        with pytest.raises(ValueError, match=REFUSED):
            keras.models.load_model(hostile, safe_mode=False)

    inside(openly)
    keras.saving.deserialize_keras_object(calls_config())
    keras.saving.deserialize_keras_object(calls_config(), safe_mode=True)
    assert len(tried) >= 1


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_nothing_stays_open_after_a_load(inside, ends):
    def fail():
        raise RuntimeError("no")

    if ends == "badly":
        inside(fail)
    with contextlib.suppress(RuntimeError):
        keras.saving.deserialize_keras_object(calls_config(), safe_mode=False)
    with pytest.raises(ValueError, match=REFUSED):
        keras.saving.deserialize_keras_object(stored_lambda())


def test_own_models_are_copied_and_pickled_with_their_lambdas():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda v: v * 2)])
    x = np.ones((1, 2), "float32")
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.predict(x, verbose=0), 2 * x)
    with pytest.raises(ValueError, match=REFUSED):
        keras.saving.deserialize_keras_object(stored_lambda())


def test_the_default_reads_as_keras_does():
    default = inspect.signature(keras.saving.deserialize_keras_object).parameters["safe_mode"].default
    assert default == True and repr(default) == "True"  # noqa: E712


def test_one_custom_object_scope_in_two_threads():
    """A scope object that another thread leaves later gives each thread its own names back."""
    scope = keras.saving.custom_object_scope({"Known": Calls})
    inner, leave = threading.Event(), threading.Event()
    found = []

    def other():
        with keras.saving.custom_object_scope({"Other": Calls}), scope:
            inner.set()
            leave.wait(30)
        found.append(keras.saving.get_registered_object("Other"))
        found.append(keras.saving.get_registered_object("Known"))

    t = threading.Thread(target=other)
    with scope:
        t.start()
        assert inner.wait(30)
    assert keras.saving.get_registered_object("Other") is None
    leave.set()
    t.join()
    assert found == [None, None] and keras.saving.get_registered_object("Known") is None
