"""Tensors of strings: NumPy in and out, what ops take them, models with string inputs."""

import pickle

import lamina
import numpy as np
import pytest

ops = lamina.ops
WORDS = np.array([["a", "bcd"], ["", "äß€"]], dtype=object)


@pytest.mark.parametrize(
    "array",
    [
        WORDS,
        WORDS.astype(str),
        np.char.encode(WORDS.astype(str), "utf-8"),
        np.array([[b"a", "bcd"], ["", "äß€".encode()]], dtype=object),
        WORDS.T.T[:, ::1],
    ],
    ids=["object", "unicode", "bytes", "mixed", "strided"],
)
def test_arrays_in_and_out(array):
    t = ops.convert_to_tensor(array)
    assert t.dtype == "string" and t.shape == (2, 2)
    out = t.numpy()
    assert out.dtype == object and out.tolist() == WORDS.tolist()
    assert np.asarray(t).tolist() == WORDS.tolist()
    assert ops.convert_to_numpy(t).tolist() == WORDS.tolist()


def test_other_forms():
    assert ops.convert_to_tensor(["x", "y"]).numpy().tolist() == ["x", "y"]
    assert ops.convert_to_tensor([["x"], ["y"]], dtype="string").shape == (2, 1)
    scalar = ops.convert_to_tensor(np.array("word"))
    assert scalar.shape == () and scalar.item() == "word" and str(scalar.numpy()) == "word"
    assert ops.convert_to_tensor(np.array([], dtype=str)).shape == (0,)
    t = ops.convert_to_tensor(["x", "y"])
    assert "x" in repr(t) and "dtype=string" in repr(t)
    assert pickle.loads(pickle.dumps(t)).numpy().tolist() == ["x", "y"]
    assert [str(row.numpy()) for row in t] == ["x", "y"] and len(t) == 2 and t.tolist() == ["x", "y"]


def test_bytes_that_are_no_utf8_come_back():
    t = ops.convert_to_tensor(np.array([b"\xff\xfea", b"ok"], dtype=object))
    back = ops.convert_to_tensor(t.numpy())
    assert ops.equal(t, back).numpy().all()
    assert t.numpy()[0].encode("utf-8", "surrogateescape") == b"\xff\xfea"


@pytest.mark.parametrize(
    "bad", [[None, "a"], [1, "a"], [object()], [["a"], "b"]], ids=["None", "number", "object", "list"]
)
def test_other_objects_are_refused(bad):
    array = np.empty(len(bad), dtype=object)
    array[:] = bad
    with pytest.raises(TypeError, match="neither str nor bytes"):
        ops.convert_to_tensor(array)


def test_what_moves_strings(engine):
    x = np.array([["a", "b", "c"], ["d", "e", "f"]])
    same = lambda got, want: np.testing.assert_array_equal(np.asarray(got), np.asarray(want, dtype=object))
    same(ops.reshape(x, (3, 2)), x.reshape(3, 2))
    same(ops.transpose(x), x.T)
    same(ops.concatenate([x, x], axis=1), np.concatenate([x, x], 1))
    same(ops.stack([x, x]), np.stack([x, x]))
    same(ops.expand_dims(x, 0), x[None])
    same(ops.squeeze(ops.expand_dims(x, 0), 0), x)
    same(ops.take(x, [1, 0, 1], axis=1), x[:, [1, 0, 1]])
    same(ops.flip(x, axis=1), x[:, ::-1])
    same(ops.broadcast_to(x, (2, 2, 3)), np.broadcast_to(x, (2, 2, 3)))
    same(ops.tile(x, (2, 1)), np.tile(x, (2, 1)))
    same(ops.repeat(x, 2, axis=0), np.repeat(x, 2, 0))
    same(ops.ravel(x), x.ravel())
    same(ops.split(x, 3, axis=1)[1], x[:, 1:2])
    same(ops.unstack(x)[1], x[1])
    t = ops.convert_to_tensor(x)
    same(t[1], x[1])
    same(t[:, ::2], x[:, ::2])
    same(t[np.array([1, 0])], x[[1, 0]])
    assert ops.shape(t) == (2, 3) and ops.size(t) == 6 and ops.ndim(t) == 2
    assert ops.equal(t, [["a"], ["e"]]).numpy().tolist() == [[True, False, False], [False, True, False]]
    assert (t == x).numpy().all() and not ops.not_equal(t, x).numpy().any()


@pytest.mark.parametrize(
    "call",
    [
        lambda t: ops.add(t, 1),
        lambda t: t + t,
        lambda t: ops.sum(t),
        lambda t: ops.cast(t, "float32"),
        lambda t: ops.matmul(t, t),
        lambda t: ops.relu(t),
        lambda t: ops.one_hot(t, 3),
        lambda t: t < t,
        lambda t: ops.sort(t),
        lambda t: ops.concatenate([t, [1.0]]),
        lambda t: ops.zeros((2,), dtype="string"),
        lambda t: lamina.Variable(t),
        lambda t: lamina.layers.Dense(2)(ops.reshape(t, (1, 2))),
        lambda t: float(t[0]),
    ],
)
def test_nothing_is_computed_of_strings(call, engine):
    with pytest.raises((TypeError, ValueError), match=r"keras\.layers\.(StringLookup|TextVectorization)"):
        call(ops.convert_to_tensor(["1", "2"]))


def test_no_buffer_and_no_dlpack():
    t = ops.convert_to_tensor(["1", "2"])
    with pytest.raises(BufferError):
        memoryview(t)
    with pytest.raises(BufferError):
        t.__dlpack__()


def movement_model():
    a, b = (lamina.Input((2,), dtype="string", name=n) for n in "ab")
    return lamina.Model([a, b], [lamina.ops.concatenate([a, b[:, ::-1]], axis=1), lamina.ops.equal(a, b)])


def test_models_that_move_strings(engine, tmp_path):
    model = movement_model()
    x = [np.array([["a", "b"], ["c", "d"], ["e", "f"]]), np.array([["a", "x"], ["y", "d"], ["", ""]])]
    for each in (model, lamina.models.model_from_json(model.to_json())):
        moved, same = each.predict(x, batch_size=2, verbose=0)
        assert moved.tolist() == [["a", "b", "x", "a"], ["c", "d", "d", "y"], ["e", "f", "", ""]]
        assert moved.dtype == object and same.tolist() == [[True, False], [False, True], [False, False]]
        assert each(x)[0].numpy().tolist() == moved.tolist()
    model.save(tmp_path / "m.keras")
    assert lamina.models.load_model(tmp_path / "m.keras").predict(x, verbose=0)[0].tolist() == moved.tolist()


def test_inputs():
    for dtype in ("string", str):
        i = lamina.Input((1,), dtype=dtype)
        assert i.dtype == "string" and i.shape == (None, 1)
    config = lamina.layers.InputLayer(shape=(1,), dtype="string").get_config()
    assert config["dtype"] == "string"
    model = lamina.Model(i, ops.expand_dims(i, 1))
    with pytest.raises((TypeError, ValueError)):
        model.predict(np.ones((2, 1)), verbose=0)


def test_datasets():
    words = ["a", "b", "c", "d", "e"]
    data = lamina.data.Dataset.from_tensor_slices((words, [0, 1, 2, 3, 4]))
    assert [(x.item(), y.item()) for x, y in data] == [(w, i) for i, w in enumerate(words)]
    batches = list(data.shuffle(5, seed=1).batch(2).prefetch(1))
    assert sorted(w for x, _ in batches for w in x.tolist()) == words
    assert [x.tolist() for x, _ in batches] != [["a", "b"], ["c", "d"], ["e"]]
    upper = data.map(lambda x, y: str(x.item()).upper()).batch(5)
    assert next(iter(upper)).tolist() == ["A", "B", "C", "D", "E"]
    ragged = lamina.data.Dataset.from_generator(lambda: (w[:n] for n, w in [(1, ["a", "b"]), (2, ["c", "d"])]))
    assert next(iter(ragged.padded_batch(2))).tolist() == [["a", ""], ["c", "d"]]
    assert [x.item() for x in data.batch(2).unbatch().cache().map(lambda x, y: x)] == words
    with pytest.raises(ValueError, match="numbers and strings"):
        lamina.data.Dataset.from_tensor_slices(np.array([object()]))


def test_batches_keep_their_strings():
    """Shuffled batches are copied from arrays that are gone when they are used."""

    def source():
        return np.array([f"word {i} of a length that no small buffer holds" for i in range(100)])[:, None]

    i = lamina.Input((1,), dtype="string")
    model = lamina.Model(i, ops.concatenate([i, i], axis=1))
    out = model.predict(source(), batch_size=7, verbose=0)
    assert out.shape == (100, 2) and out[99, 1].startswith("word 99 of")
    data = lamina.data.Dataset.from_tensor_slices(source()).shuffle(10, seed=3).batch(9)
    assert sorted(model.predict(data, verbose=0)[:, 0].tolist()) == sorted(source()[:, 0].tolist())


def test_columns_of_tables():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["z", "w"], "n": [1.0, 2.0]})
    i = lamina.Input((2,), dtype="string")
    model = lamina.Model(i, ops.flip(i, axis=1))
    assert model.predict(frame[["a", "b"]], verbose=0).tolist() == [["z", "x"], ["w", "y"]]
    with pytest.raises(ValueError, match="'a'"):
        model.predict(frame, verbose=0)
