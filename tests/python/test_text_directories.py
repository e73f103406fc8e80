"""text_dataset_from_directory."""

import lamina
import pytest


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cats", 7), ("dogs", 5)):
        (tmp_path / name).mkdir()
        for i in range(count):
            (tmp_path / name / f"{i}.txt").write_text(f"{name} number {i}")
    (tmp_path / "cats" / "deeper").mkdir()
    (tmp_path / "cats" / "deeper" / "x.txt").write_bytes(b"\xff\xfe not utf-8")
    (tmp_path / "dogs" / "no.csv").write_text("not a text")
    return tmp_path


def read(folder, **arguments):
    return lamina.utils.text_dataset_from_directory(folder, verbose=False, **arguments)


def all_of(dataset):
    texts, labels = zip(*[(t.tolist(), y.numpy().tolist()) for t, y in dataset])
    return [t for batch in texts for t in batch], [y for batch in labels for y in batch]


def test_classes_of_folders(folder, capsys):
    data = lamina.utils.text_dataset_from_directory(folder, batch_size=4, shuffle=False)
    assert capsys.readouterr().out == "Found 13 files belonging to 2 classes.\n"
    assert data.class_names == ["cats", "dogs"]
    texts, labels = all_of(data)
    assert texts[:7] == [f"cats number {i}" for i in range(7)] and texts[8:] == [f"dogs number {i}" for i in range(5)]
    assert texts[7].encode("utf-8", "surrogateescape") == b"\xff\xfe not utf-8"
    assert labels == [0] * 8 + [1] * 5
    batch = next(iter(data))
    assert batch[0].dtype == "string" and batch[0].shape == (4,) and batch[1].dtype == "int32"
    assert len(data) == 4


def test_shuffling_is_by_seed(folder):
    first, again, other = (all_of(read(folder, seed=s)) for s in (1, 1, 2))
    assert first == again != other and sorted(first[0]) == sorted(other[0])
    data = read(folder, seed=3)
    assert all_of(data)[0] != all_of(data)[0]  # each pass another order
    assert all((" cats" in f" {t}") == (y == 0) for t, y in zip(*first) if "number" in t)


def test_labels(folder):
    data = read(folder, label_mode="binary", batch_size=13)
    assert next(iter(data))[1].shape == (13, 1) and next(iter(data))[1].dtype == "float32"
    data = read(folder, label_mode="categorical", class_names=["dogs", "cats"], shuffle=False)
    assert next(iter(data))[1].numpy().argmax(1).tolist() == [0] * 5 + [1] * 8
    for arguments in ({"label_mode": None}, {"labels": None}):
        texts = next(iter(read(folder, **arguments)))
        assert texts.dtype == "string" and texts.shape == (13,)
    own = read(folder, labels=list(range(13)), shuffle=False)
    assert next(iter(own))[1].numpy().tolist() == list(range(13))
    single = read(folder, batch_size=None, shuffle=False, max_length=6)
    text, label = next(iter(single))
    assert text.shape == () and text.item() == "cats n" and label.shape == ()


def test_splits(folder):
    train, val = read(folder, validation_split=0.3, subset="both", seed=5)
    a, b = all_of(train)[0], all_of(val)[0]
    assert len(b) == 3 and sorted(a + b) == sorted(all_of(read(folder))[0])
    assert all_of(read(folder, validation_split=0.3, subset="validation", seed=5, shuffle=True))[0] != []
    assert sorted(all_of(read(folder, validation_split=0.3, subset="training", seed=5))[0]) == sorted(a)


def test_training(folder):
    data = read(folder, batch_size=4, seed=1)
    vectorize = lamina.layers.TextVectorization(output_mode="multi_hot")
    vectorize.adapt(data.map(lambda x, y: x))
    model = lamina.Sequential([lamina.Input((1,), dtype="string"), vectorize, lamina.layers.Dense(1)])
    model.compile(lamina.optimizers.Adam(0.1), lamina.losses.BinaryCrossentropy(from_logits=True))
    losses = model.fit(data, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "all"}, "`labels`"),
        ({"labels": [1, 2]}, "len\\(labels\\) is 2"),
        ({"label_mode": "x"}, "label_mode"),
        ({"format": "torch"}, "format"),
        ({"max_length": -1}, "max_length"),
        ({"validation_split": 2, "subset": "training", "seed": 1}, "between 0 and 1"),
        ({"validation_split": 0.5, "subset": "training"}, "seed"),
        ({"validation_split": 0.5}, "subset"),
        ({"class_names": ["birds"]}, "class_names"),
        ({"labels": [0] * 13, "class_names": ["cats"]}, "class_names"),
        ({"label_mode": "binary", "class_names": ["cats"]}, "exactly 2"),
    ],
)
def test_misuse(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(folder, **arguments)


def test_files_that_are_gone(folder):
    with pytest.raises(FileNotFoundError):
        read(folder / "none")
    with pytest.raises(ValueError, match="No text files"):
        read(folder / "dogs", labels=None, batch_size=2) and read(folder / "dogs" / "..", class_names=[])
    data = read(folder, shuffle=False)
    (folder / "cats" / "0.txt").unlink()
    with pytest.raises(OSError, match="0.txt"):
        list(data)


def test_the_other_name():
    assert lamina.preprocessing.text_dataset_from_directory is lamina.utils.text_dataset_from_directory
