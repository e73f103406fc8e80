"""Weights in shards under a .weights.json index, in both directions with Keras."""

import json
import os

import h5py
import keras
import lamina
import numpy as np
import pytest

X = np.random.default_rng(3).standard_normal((4, 3)).astype("float32")
KILOBYTE = 1 / 1024**2  # of the gigabytes that max_shard_size counts


def build(k):
    return k.Sequential(
        [
            k.Input((3,)),
            k.layers.Dense(40, name="a"),
            k.layers.BatchNormalization(name="bn"),
            k.layers.Dropout(0.1, name="dr"),
            k.layers.Dense(20, name="b"),
            k.layers.Dense(1, name="c"),
        ]
    )


def sizes(k, folder):
    """All files of a save, with what they hold."""
    out = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            out[name] = json.loads((folder / name).read_text())
        else:
            with h5py.File(folder / name) as f:
                f.visititems(
                    lambda path, o: out.update(
                        {f"{name}:{path}": o.shape if isinstance(o, h5py.Dataset) else o.attrs.get("name")}
                    )
                )
    return out


def without_seeds(files):
    """A save here holds the states of seed generators too, 8 bytes each, where Keras has a place that it passes
    over."""
    index = next(v for v in files.values() if isinstance(v, dict))
    seeds = [p for p in index["weight_map"] if "_seed_generators" in p]
    for p in seeds:
        del index["weight_map"][p]
    index["metadata"]["total_size"] -= 8 * len(seeds)
    return {p: v for p, v in files.items() if "_seed_generators" not in p}


@pytest.mark.parametrize("limit", [3.2, 3.5, 4, 1000])
def test_files_are_keras_own(tmp_path, limit):
    for k in (keras, lamina):
        os.mkdir(tmp_path / k.__name__)
        model = build(k)
        model.build()
        model.save_weights(tmp_path / k.__name__ / "w.weights.json", max_shard_size=limit * KILOBYTE)
    theirs, mine = sizes(keras, tmp_path / "keras"), without_seeds(sizes(lamina, tmp_path / "lamina"))
    names = {p for p in theirs if p.endswith("vars")}  # the model's own name counts up
    assert theirs.keys() == mine.keys()
    assert {p: v for p, v in theirs.items() if p not in names} == {p: v for p, v in mine.items() if p not in names}
    assert limit == 1000 or len([p for p in os.listdir(tmp_path / "lamina") if p.endswith(".h5")]) > 1


@pytest.mark.parametrize("source,target", [(keras, lamina), (lamina, keras), (lamina, lamina)])
def test_weights_move(tmp_path, source, target):
    model, other = build(source), build(target)
    model.set_weights(
        [np.random.default_rng(i).uniform(0.5, 1.5, w.shape).astype(w.dtype) for i, w in enumerate(model.get_weights())]
    )
    model.save_weights(tmp_path / "w.weights.json", max_shard_size=3.5 * KILOBYTE)
    other.load_weights(tmp_path / "w.weights.json")
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_object_over_several_shards(tmp_path):
    def deep(k):
        class Many(k.layers.Layer):
            def build(self, shape):
                self.all = [self.add_weight(shape=(100,), initializer="ones", name=f"w{i}") for i in range(12)]

            def call(self, x):
                return x

        return k.Sequential([k.Input((3,)), Many(name="many")])

    mine, theirs = deep(lamina), deep(keras)
    mine.set_weights([np.full(100, i, "float32") for i in range(12)])
    mine.save_weights(tmp_path / "w.weights.json", max_shard_size=KILOBYTE)
    index = json.loads((tmp_path / "w.weights.json").read_text())["weight_map"]
    assert len(index["/layers/many/vars"]) == 6
    theirs.load_weights(tmp_path / "w.weights.json")
    again = deep(lamina)
    again.load_weights(tmp_path / "w.weights.json")
    for i in range(12):
        assert np.all(theirs.get_weights()[i] == i) and np.all(again.get_weights()[i] == i)


def test_messages(tmp_path):
    model = build(lamina)
    with pytest.raises(
        ValueError,
        match=(
            r"The size of 0 .*is 3.12 KB which exceeds the maximum shard size 1.00 KB. You can increase the "
            r"`max_shard_size` parameter"
        ),
    ):
        model.save_weights(tmp_path / "w.weights.json", max_shard_size=KILOBYTE)
    assert os.listdir(tmp_path) == []  # nothing is left of it
    with pytest.raises(
        ValueError,
        match=r"The filename must end in `.weights.json` when `max_shard_size` is specified. Received: filepath=x.h5",
    ):
        model.save_weights("x.h5", max_shard_size=1)
    with pytest.raises(ValueError, match="`max_shard_size` must be a positive number of gigabytes"):
        model.save_weights(tmp_path / "w.weights.json", max_shard_size=0)
    with pytest.warns(
        UserWarning,
        match=(
            r"requires `\*.json` as the extension. The original path: .*w.weights.h5 will be renamed to "
            r".*w.weights.json"
        ),
    ):
        model.save_weights(tmp_path / "w.weights.h5", max_shard_size=1)
    assert sorted(os.listdir(tmp_path)) == ["w.weights.json", "w_00000.weights.h5"]
    with pytest.raises(FileNotFoundError, match="missing.weights.json"):
        model.load_weights(tmp_path / "missing.weights.json")


@pytest.mark.parametrize(
    "text,error,message",
    [
        ("[]", ValueError, 'expected a JSON object with a "weight_map"; received list'),
        ('{"metadata": {}}', ValueError, "received one without it"),
        ("{", ValueError, "w.weights.json"),
        (
            '{"weight_map": {"/vars": "../other.h5"}}',
            ValueError,
            "expected names of files beside it; received '../other.h5'",
        ),
        ('{"weight_map": {"/vars": ["/etc/passwd"]}}', ValueError, "not to be trusted"),
        ('{"weight_map": {"/vars": []}}', ValueError, "expected a file name for '/vars'"),
        ('{"weight_map": {"/layers/dense/vars": "gone.weights.h5"}}', OSError, "gone.weights.h5"),
        (
            '{"weight_map": {}}',
            ValueError,
            r"Layer 'a' expected 2 variables, but received 0 variables during loading. Expected: \['kernel', 'bias'\]",
        ),
    ],
)
def test_indexes_that_are_wrong(tmp_path, text, error, message):
    (tmp_path / "w.weights.json").write_text(text)
    with pytest.raises(error, match=message):
        build(lamina).load_weights(tmp_path / "w.weights.json")
