"""lamina.data.Dataset: what each method gives, in which order, on how many threads; and training from it."""

import threading
import time

import lamina
import numpy as np
import pytest
from lamina.data import AUTOTUNE, Dataset


def values(dataset):
    return [lamina.tree.map_structure(lambda t: np.asarray(t).tolist(), e) for e in dataset]


def test_sources():
    assert values(Dataset.from_tensor_slices([1, 2, 3])) == [1, 2, 3]
    x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])
    assert values(Dataset.from_tensor_slices((x, y))) == [([0.0, 1.0], 0), ([2.0, 3.0], 1), ([4.0, 5.0], 0)]
    assert values(Dataset.from_tensor_slices({"a": x, "b": y}))[1] == {"a": [2.0, 3.0], "b": 1}
    assert values(Dataset.from_tensors((x, y))) == [(x.tolist(), y.tolist())]
    assert values(Dataset.range(3)) == [0, 1, 2] and values(Dataset.range(7, 1, -3)) == [7, 4]
    assert values(Dataset.zip((Dataset.range(3), Dataset.range(10, 15)))) == [(0, 10), (1, 11), (2, 12)]
    made = Dataset.from_generator(lambda: ((i, [i, i]) for i in range(3)), output_types=("float32", "int64"))
    assert values(made) == [(0.0, [0, 0]), (1.0, [1, 1]), (2.0, [2, 2])]
    assert values(made) == values(made)  # anew for each pass
    for wrong in ((np.arange(3), np.arange(4)), np.float32(1)):
        with pytest.raises(ValueError):
            Dataset.from_tensor_slices(wrong)
    with pytest.raises(TypeError):
        Dataset.from_generator([1, 2])
    assert values(Dataset.from_tensor_slices(np.array(["a", "b"]))) == ["a", "b"]
    with pytest.raises(ValueError, match="numbers"):
        Dataset.from_tensor_slices(np.array([object()]))


def test_one_element_at_a_time():
    d = Dataset.range(10)
    assert values(d.map(lambda x: x * 2)) == list(range(0, 20, 2))
    assert values(Dataset.zip(d, d).map(lambda a, b: a + b).take(3)) == [0, 2, 4]
    assert values(d.map(lambda x: {"n": np.float32(x), "s": [1, 2]}).take(1)) == [{"n": 0.0, "s": [1, 2]}]
    assert values(d.filter(lambda x: x % 3 == 0)) == [0, 3, 6, 9]
    assert values(d.take(3)) == [0, 1, 2] and values(d.take(-1)) == values(d)
    assert values(d.skip(8)) == [8, 9] and values(d.skip(11)) == [] and values(d.skip(-1)) == []
    assert values(d.skip(2).take(3)) == [2, 3, 4] and values(d.take(3).skip(2)) == [2]
    assert values(d.shard(4, 1)) == [1, 5, 9] and len(d.shard(4, 1)) == 3 and len(d.shard(4, 3)) == 2
    assert values(d.take(2).enumerate(5)) == [(5, 0), (6, 1)]
    assert values(d.take(2).concatenate(d.skip(9))) == [0, 1, 9]
    assert values(d.take(2).repeat(3)) == [0, 1] * 3 and values(d.repeat().take(12)) == [*range(10), 0, 1]
    assert values(d.take(0).repeat()) == []
    assert values(Dataset.range(1, 4).flat_map(lambda n: Dataset.range(n))) == [0, 0, 1, 0, 1, 2]
    two = Dataset.range(3).interleave(lambda n: Dataset.from_tensors(n).repeat(3), cycle_length=2, block_length=2)
    assert values(two) == [0, 0, 1, 1, 0, 2, 2, 1, 2] or sorted(values(two)) == [0] * 3 + [1] * 3 + [2] * 3
    assert int(d.reduce(0, lambda s, x: s + x)) == 45
    assert int(Dataset.from_tensors(3).get_single_element()) == 3
    with pytest.raises(ValueError):
        d.get_single_element()


def test_batches():
    d = Dataset.range(7)
    assert values(d.batch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert values(d.batch(3, drop_remainder=True)) == [[0, 1, 2], [3, 4, 5]]
    assert values(d.batch(3).unbatch()) == list(range(7)) and values(d.batch(3).rebatch(4)) == [[0, 1, 2, 3], [4, 5, 6]]
    ragged = Dataset.range(1, 4).map(lambda n: np.ones((int(n), 2), "float32"))
    assert [np.asarray(b).shape for b in ragged.padded_batch(2)] == [(2, 2, 2), (1, 3, 2)]
    assert values(ragged.padded_batch(3, padding_values=-1.0))[0][0] == [[1, 1], [-1, -1], [-1, -1]]
    with pytest.raises(ValueError, match="padded_batch"):
        values(ragged.batch(2))
    with pytest.raises(ValueError, match="batch_size"):
        d.batch(0)
    x = np.arange(12.0).reshape(6, 2)
    assert values(Dataset.from_tensor_slices(x).batch(4)) == [x[:4].tolist(), x[4:].tolist()]
    assert values(Dataset.from_tensor_slices(x).skip(1).take(4).batch(3)) == [x[1:4].tolist(), x[4:5].tolist()]


def test_cardinality():
    d = Dataset.range(10)
    sized = (d, d.batch(3), d.batch(3, True), d.take(4), d.skip(4), d.repeat(2), d.map(lambda x: x))
    assert [len(x) for x in sized] == [10, 4, 3, 4, 6, 20, 10]
    assert d.repeat().cardinality() == -1 and d.filter(bool).cardinality() == -2
    assert d.concatenate(d.repeat()).cardinality() == -1 and Dataset.zip(d.repeat(), d).cardinality() == 10
    for unsized in (d.repeat(), d.filter(bool)):
        with pytest.raises(TypeError):
            len(unsized)
    spec = Dataset.from_tensor_slices((np.zeros((3, 2), "float32"), np.zeros(3, "int32"))).batch(2).element_spec
    assert spec[0].shape == (2, 2) and spec[0].dtype == "float32" and spec[1].dtype == "int32"


def test_shuffle_is_a_matter_of_seed_and_pass():
    d = Dataset.range(100).shuffle(100, seed=3)
    first, second = values(d), values(d)
    assert sorted(first) == list(range(100)) and first != second and first != list(range(100))
    again = Dataset.range(100).shuffle(100, seed=3)
    assert values(again) == first and values(again) == second
    fixed = Dataset.range(100).shuffle(100, seed=3, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed)
    assert values(Dataset.range(100).shuffle(100, seed=4)) != first
    near = values(Dataset.range(100).shuffle(10, seed=0))
    assert sorted(near) == list(range(100)) and all(v <= i + 9 for i, v in enumerate(near))
    passes = values(Dataset.range(20).shuffle(20, seed=1).repeat(2))
    assert sorted(passes[:20]) == sorted(passes[20:]) and passes[:20] != passes[20:]
    lamina.utils.set_random_seed(5)
    one = values(Dataset.range(50).shuffle(50))
    lamina.utils.set_random_seed(5)
    assert values(Dataset.range(50).shuffle(50)) == one


@pytest.mark.parametrize("workers", [None, 1, 4, AUTOTUNE])
def test_order_does_not_depend_on_workers(workers):
    def slow(x):
        time.sleep(0.002 * (int(x) % 3))
        return x * x

    d = Dataset.range(30).shuffle(30, seed=1).map(slow, num_parallel_calls=workers).batch(4).prefetch(2)
    want = Dataset.range(30).shuffle(30, seed=1).map(lambda x: x * x).batch(4)
    assert values(d) == values(want)


def test_workers_work_at_the_same_time():
    seen, together = set(), threading.Barrier(3, timeout=20)

    def meet(x):
        seen.add(threading.get_ident())
        together.wait()
        return x

    assert values(Dataset.range(6).map(meet, num_parallel_calls=3)) == list(range(6))
    assert len(seen) == 3


@pytest.mark.parametrize("build", [lambda d: d, lambda d: d.prefetch(2), lambda d: d.batch(2).prefetch(1)])
@pytest.mark.parametrize("workers", [1, 3])
def test_errors_come_out_where_their_element_would(build, workers):
    def fails(x):
        if int(x) == 4:
            raise ZeroDivisionError("at four")
        return x

    got = []
    with pytest.raises(ZeroDivisionError, match="at four"):
        for e in build(Dataset.range(8).map(fails, num_parallel_calls=workers)):
            got.append(e)
    assert len(got) in (4, 2)


def test_a_pass_may_end_early():
    begun = threading.active_count()
    for _ in range(20):
        iterator = iter(Dataset.range(10**9).map(lambda x: x + 1, num_parallel_calls=2).prefetch(4))
        next(iterator)
        del iterator
    assert threading.active_count() == begun


def test_cache():
    calls = []
    d = Dataset.range(3).map(lambda x: calls.append(int(x)) or x).cache()
    next(iter(d))  # an incomplete pass keeps nothing
    assert values(d) == values(d) == [0, 1, 2]
    assert calls == [0, 0, 1, 2]
    with pytest.raises(NotImplementedError):
        d.cache("file")


def test_position_of_an_iterator():
    d = Dataset.range(20).shuffle(20, seed=2).batch(3)
    it = d._core.iterate_pass(5)
    head = [np.asarray(next(it)).tolist() for _ in range(3)]
    again = d._core.iterate_pass(5)
    assert it.position == 3 and again.skip(3) == 3
    assert [np.asarray(b).tolist() for b in again] == [np.asarray(b).tolist() for b in it]
    assert head == [np.asarray(b).tolist() for b in d._core.iterate_pass(5)][:3]


def net():
    lamina.utils.set_random_seed(0)
    model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(8, activation="relu"), lamina.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_fit_evaluate_predict(engine):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 4)).astype("float32")
    y, w = x.sum(1, keepdims=True), rng.random(70).astype("float32")
    data = Dataset.from_tensor_slices((x, y, w)).batch(16).prefetch(2)
    a, b = net(), net()
    one = a.fit(x, y, sample_weight=w, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    two = b.fit(data, epochs=3, verbose=0).history
    assert one == two
    assert a.evaluate(x, y, sample_weight=w, batch_size=16, verbose=0) == b.evaluate(data, verbose=0)
    np.testing.assert_array_equal(a.predict(x, batch_size=16, verbose=0), b.predict(data, verbose=0))
    np.testing.assert_array_equal(
        b.predict(Dataset.from_tensor_slices(x).batch(16), verbose=0), a.predict(x, batch_size=16, verbose=0)
    )
    h = b.fit(data.repeat(), steps_per_epoch=2, epochs=2, validation_data=data, verbose=0).history
    assert len(h["val_loss"]) == 2
    norm = lamina.layers.Normalization()
    norm.adapt(Dataset.from_tensor_slices(x).batch(16))
    np.testing.assert_allclose(np.asarray(norm.mean).ravel(), x.mean(0), atol=1e-5)


def test_training_goes_on_with_the_order_of_its_epoch():
    x = np.arange(40, dtype="float32").reshape(10, 4)
    data = Dataset.from_tensor_slices((x, x[:, :1])).shuffle(10, seed=3).batch(2)
    fresh = Dataset.from_tensor_slices((x, x[:, :1])).shuffle(10, seed=3).batch(2)
    a, b = net(), net()
    a.fit(data, epochs=3, verbose=0)
    b.fit(fresh, epochs=2, verbose=0)
    again = Dataset.from_tensor_slices((x, x[:, :1])).shuffle(10, seed=3).batch(2)
    b.fit(again, initial_epoch=2, epochs=3, verbose=0)
    for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)


SERIES = [
    {},
    {"sequence_stride": 3},
    {"sampling_rate": 2},
    {"start_index": 4, "end_index": 17},
    {"batch_size": None},
    {"batch_size": 5, "sequence_stride": 2, "sampling_rate": 3},
]


@pytest.mark.parametrize("kwargs", SERIES)
@pytest.mark.parametrize("with_targets", [True, False])
def test_timeseries(kwargs, with_targets):
    data, targets = np.arange(25.0), np.arange(100, 125) if with_targets else None
    got = values(lamina.utils.timeseries_dataset_from_array(data, targets, 4, **kwargs))
    start, stop = kwargs.get("start_index", 0), kwargs.get("end_index", 25)
    rate, stride = kwargs.get("sampling_rate", 1), kwargs.get("sequence_stride", 1)
    windows = [data[start:stop][i : i + 4 * rate : rate].tolist() for i in range(0, stop - start - 3 * rate, stride)]
    labels = [int(targets[start + i]) for i in range(0, stop - start - 3 * rate, stride)] if with_targets else None
    size = kwargs.get("batch_size", 128)
    if size is None:
        assert got == (list(zip(windows, labels, strict=True)) if with_targets else windows)
    else:
        flat = [row for batch in got for row in (batch[0] if with_targets else batch)]
        assert flat == windows and len(got) == -(-len(windows) // size)
        if with_targets:
            assert [y for batch in got for y in batch[1]] == labels


def test_timeseries_shuffled_and_wrong():
    make = lamina.utils.timeseries_dataset_from_array
    mixed = [row for b in values(make(np.arange(50), None, 3, shuffle=True, seed=1, batch_size=8)) for row in b]
    assert sorted(mixed) == [[i, i + 1, i + 2] for i in range(48)] and mixed != sorted(mixed)
    for wrong in (
        {"sampling_rate": 0},
        {"sequence_stride": 60},
        {"start_index": -1},
        {"end_index": 70},
        {"format": "csv"},
    ):
        with pytest.raises(ValueError):
            make(np.arange(50), None, 3, **wrong)


def test_split_dataset():
    import keras

    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    for data in (x, (x, y), [x, y], {"a": x}, Dataset.from_tensor_slices((x, y))):
        left, right = lamina.utils.split_dataset(data, left_size=0.7)
        assert (len(left), len(right)) == (7, 3)
    left, right = lamina.utils.split_dataset((x, y), left_size=6, right_size=2, shuffle=True, seed=3)
    assert len(left) == 6 and len(right) == 2
    assert {int(t) for _, t in left}.isdisjoint({int(t) for _, t in right})
    assert all(np.array_equal(np.asarray(a), x[int(t)]) for a, t in left)
    for wrong in (
        {},
        {"left_size": 11},
        {"left_size": 1.5},
        {"left_size": 0.8, "right_size": 0.4},
        {"left_size": "half"},
    ):
        with pytest.raises((ValueError, TypeError)):
            lamina.utils.split_dataset(x, **wrong)
        with pytest.raises((ValueError, TypeError, ImportError)):
            keras.utils.split_dataset(x, **wrong)


def test_parts_of_torchs_datasets_are_torchs():
    torch = pytest.importorskip("torch")
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    whole = torch.utils.data.TensorDataset(torch.as_tensor(x), torch.as_tensor(y))
    for data, chosen in ((whole, None), ((x, y), "torch")):
        left, right = lamina.utils.split_dataset(data, left_size=0.7, preferred_backend=chosen)
        assert isinstance(left, torch.utils.data.Dataset) and (len(left), len(right)) == (7, 3)
        batch = next(iter(torch.utils.data.DataLoader(right, batch_size=3)))
        np.testing.assert_array_equal(batch[0], x[7:])
        with pytest.raises(IndexError, match="no sample 3"):
            right[3]


def values_of(dataset):
    return [[x.numpy().tolist() for x in window] for window in dataset]


def test_windows():
    numbers = Dataset.range(7)
    assert values_of(numbers.window(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert values_of(numbers.window(3, shift=1, drop_remainder=True)) == [[i, i + 1, i + 2] for i in range(5)]
    assert values_of(numbers.window(2, shift=4, stride=2)) == [[0, 2], [4, 6]]
    assert values_of(numbers.window(3, shift=2, stride=2)) == [[0, 2, 4], [2, 4, 6], [4, 6], [6]]
    batches = numbers.window(3, shift=2, drop_remainder=True).flat_map(lambda w: w.batch(3))
    assert [b.numpy().tolist() for b in batches] == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    pairs = Dataset.zip(numbers, numbers.map(lambda x: x * 10)).window(2)
    x, y = next(iter(pairs))
    assert [values_of([x]), values_of([y])] == [[[0, 1]], [[0, 10]]]
    both = pairs.flat_map(lambda x, y: Dataset.zip(x.batch(2), y.batch(2)))
    assert [b.numpy().tolist() for b in list(both)[1]] == [[2, 3], [20, 30]]
    assert len(list(both)) == len(list(both)) == 4  # each pass begins anew
    with pytest.raises(ValueError, match="at least 1"):
        numbers.window(0)


def test_what_ends_and_what_is_carried_on():
    numbers = Dataset.from_tensor_slices([3, 1, 3, 5, 1])
    taken = numbers.take_while(lambda x: x < 5)
    assert [int(x) for x in taken] == [int(x) for x in taken] == [3, 1, 3]
    assert [int(x) for x in numbers.unique()] == [3, 1, 5]
    assert [x.numpy() for x in Dataset.from_tensor_slices(["b", "a", "b"]).unique()] == ["b", "a"]
    assert [int(x) for x in numbers.scan(0, lambda total, x: (total + x, total + x))] == [3, 4, 7, 12, 13]


def test_list_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.png"):
        (tmp_path / name).write_text("")
    files = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert [x.item() for x in files] == [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    found = Dataset.list_files([str(tmp_path / "*.txt"), str(tmp_path / "*.png")], seed=1)
    assert sorted(x.item() for x in found)[2].endswith("c.png") and found.cardinality().numpy() == 3
    with pytest.raises(ValueError, match="no files"):
        Dataset.list_files(str(tmp_path / "none*"))


def test_arrays_of_scalars():
    element = next(Dataset.from_tensor_slices((["ab"], [3], [[1.0, 2.0]])).as_numpy_iterator())
    assert element[0] == b"ab" and isinstance(element[1], np.int32) and element[2].tolist() == [1.0, 2.0]
