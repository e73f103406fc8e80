"""Damaged and hostile files: flipped bits are found out, and a small file cannot ask for much."""

import json
import random
import subprocess
import sys
import warnings
import zipfile

import h5py
import keras
import lamina
import numpy as np
import pytest

X = np.random.default_rng(0).standard_normal((8, 4)).astype("float32")


def read_all(group):
    for item in group.values():
        read_all(item) if isinstance(item, h5py.Group) else item[()]


def model():
    m = lamina.Sequential(
        [
            lamina.Input((4,)),
            lamina.layers.Dense(6, activation="relu"),
            lamina.layers.BatchNormalization(),
            lamina.layers.Dense(2),
        ]
    )
    m.compile("adam", "mse")
    m.optimizer.build(m.trainable_variables)
    return m


def bits(m):
    return [np.asarray(v).tobytes() for v in m.weights + m.optimizer.variables]


@pytest.fixture(params=["m.weights.h5", "m.h5"])
def saved(request, tmp_path):
    m = model()
    m.fit(X, X[:, :2], verbose=0)
    path = tmp_path / request.param
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m.save_weights(path) if "weights" in request.param else m.save(path)
    return path, m


def load(path):
    if path.name.endswith(".weights.h5"):
        m = model()
        m.load_weights(path)
        return m
    return lamina.models.load_model(path)


def test_every_dataset_is_under_a_checksum(saved):
    seen = []

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            seen.append(name)
            assert item.fletcher32 or item.shape == ()

    with h5py.File(saved[0]) as f:
        f.visititems(visit)
    assert len(seen) > 10


def test_flipped_bits_of_values_are_found_out(saved):
    path, m = saved
    raw = path.read_bytes()
    values = [np.asarray(v).tobytes() for v in m.weights if np.asarray(v).size > 1]
    values = [v for v in values if raw.count(v) == 1]
    assert len(values) >= 4
    draw = random.Random(3)
    bad = path.with_name("bad-" + path.name)
    for value in values:
        for _ in range(10):
            at = raw.index(value) * 8 + draw.randrange(len(value) * 8)
            damaged = bytearray(raw)
            damaged[at // 8] ^= 1 << at % 8
            bad.write_bytes(damaged)
            with pytest.raises((ValueError, OSError), match="checksum"):
                load(bad)
            with h5py.File(bad) as f, pytest.raises(OSError):  # every reader of HDF5 sees it
                read_all(f)


def test_flipped_bits_anywhere(saved):
    """Structures as well as values: they are found out, or harmless."""
    path, m = saved
    raw, want = path.read_bytes(), bits(m)
    draw = random.Random(5)
    bad = path.with_name("bad-" + path.name)
    silent = 0
    for _ in range(200):
        at = draw.randrange(len(raw) * 8)
        damaged = bytearray(raw)
        damaged[at // 8] ^= 1 << at % 8
        bad.write_bytes(damaged)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                again = load(bad)
        except Exception:
            continue
        silent += bits(again) != want
    assert silent == 0


def test_flipped_bits_of_configs_are_found_out(tmp_path):
    """HDF5 keeps no checksums of attributes: the text of a config has one beside it, which Keras passes over."""
    m = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3, activation="relu")])
    m.compile("sgd", "mse")
    path = tmp_path / "m.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m.save(path)
        for name, old, new in (("model_config", '"relu"', '"selu"'), ("training_config", '"SGD"', '"SHD"')):
            bad = tmp_path / f"{name}.h5"
            bad.write_bytes(path.read_bytes())
            with h5py.File(bad, "a") as f:
                text = f.attrs[name]
                text = text if isinstance(text, str) else text.decode()
                assert old in text
                f.attrs[name] = text.replace(old, new)
            with pytest.raises(ValueError, match=f"'{name}'.*checksum.*damaged.*{name}_crc32"):
                lamina.models.load_model(bad)
        with h5py.File(bad, "a") as f:  # an edit on purpose
            f.attrs["training_config"] = text
            del f.attrs["training_config_crc32"], f.attrs["model_config_crc32"]
        for loaded in (lamina.models.load_model(bad), keras.models.load_model(path)):
            np.testing.assert_array_equal(np.asarray(loaded.layers[-1].kernel), np.asarray(m.layers[-1].kernel))


@pytest.mark.parametrize(
    "shape", [(), (0,), (0, 3), (1,), (7, 3), (300_000,), (3, 400_001), (1500, 3, 201), (2, 600_000, 1)]
)
def test_chunks_of_all_shapes(tmp_path, shape):
    class Holder(lamina.layers.Layer):
        def build(self, _):
            self.w = self.add_weight(shape=shape, initializer="zeros", name="w")

        def call(self, x):
            return x

    def make():
        m = lamina.Sequential([lamina.Input((2,)), Holder()])
        m.build()
        return m

    m = make()
    m.layers[0].w.assign(np.arange(int(np.prod(shape)), dtype="float32").reshape(shape))
    m.save_weights(tmp_path / "m.weights.h5")
    again = make()
    again.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(np.asarray(again.layers[0].w), np.asarray(m.layers[0].w))
    with h5py.File(tmp_path / "m.weights.h5") as f:
        np.testing.assert_array_equal(f["layers/holder/vars/0"][()], np.asarray(m.layers[0].w))


def test_chunks_that_are_not_where_they_belong(tmp_path):
    """A chunk beyond the end, or missing, is damage: it would be read as zeros."""
    path = tmp_path / "m.weights.h5"
    m = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(5, use_bias=False)])
    m.save_weights(path)
    with h5py.File(path) as f:
        at = f["layers/dense/vars/0"].id.get_chunk_info(0).byte_offset
        tree = path.read_bytes().index(at.to_bytes(8, "little"))
    raw = bytearray(path.read_bytes())
    for back in (8, 16, 24):  # the offsets of the chunk, before its address
        damaged = bytearray(raw)
        damaged[tree - back + 1] ^= 1
        path.write_bytes(damaged)
        with pytest.raises((ValueError, OSError)):
            m.load_weights(path)
    damaged = bytearray(raw)
    node = raw.rindex(b"TREE", 0, tree)
    damaged[node + 6] = 0  # how many chunks there are
    path.write_bytes(damaged)
    with pytest.raises((ValueError, OSError)):
        m.load_weights(path)


def changed(path, change):
    with zipfile.ZipFile(path) as a:
        parts = {n: a.read(n) for n in a.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as b:
        for name, data in parts.items():
            b.writestr(name, data)


LOAD = """
import resource, sys
import lamina
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    lamina.models.load_model(sys.argv[1])
    print("loaded")
except ValueError as e:
    print(str(e)[:300])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def in_child(path):
    """What a load says, and the MiB that it took."""
    lines = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD, str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return "\n".join(lines[:-1]), int(lines[-1])


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_a_config_cannot_ask_for_more_weights_than_the_file_holds(tmp_path, kind):
    m = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3)])
    path = tmp_path / f"m.{kind}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m.save(path)
    if kind == "keras":
        changed(
            path,
            lambda parts: parts.update(
                {"config.json": parts["config.json"].replace(b'"units": 3', b'"units": 50000000')}
            ),
        )
    else:
        with h5py.File(path, "a") as f:
            text = f.attrs["model_config"]
            text = text if isinstance(text, str) else text.decode()
            f.attrs["model_config"] = text.replace('"units": 3', '"units": 50000000')
            del f.attrs["model_config_crc32"]
    said, megabytes = in_child(path)
    assert "describes weights of more than" in said and "the file holds" in said
    assert megabytes < 256


def test_a_large_model_of_the_users_is_loaded(tmp_path):
    """More than what is free of a look into the file, and of another width."""
    m = lamina.Sequential([lamina.Input((4,)), lamina.layers.Embedding(600_000, 32, dtype="float16")])
    m.build()
    m.save(tmp_path / "m.keras")
    assert lamina.models.load_model(tmp_path / "m.keras").count_params() == m.count_params()


def test_many_empty_assets(tmp_path):
    path = tmp_path / "m.keras"
    lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(3)]).save(path)
    changed(path, lambda parts: parts.update({f"assets/a{i}/f.txt": b"" for i in range(2000)}))
    said, megabytes = in_child(path)
    assert said == "loaded" and megabytes < 256


def test_many_layers(tmp_path):
    path = tmp_path / "m.keras"
    lamina.Sequential([lamina.Input((4,)), lamina.layers.Activation("relu"), lamina.layers.Dense(3)]).save(path)

    def repeat(parts):
        config = json.loads(parts["config.json"])
        layers = config["config"]["layers"]
        layers[1:2] = [{**layers[1], "config": {**layers[1]["config"], "name": f"n{i}"}} for i in range(5000)]
        parts["config.json"] = json.dumps(config).encode()

    changed(path, repeat)
    said, megabytes = in_child(path)
    assert said == "loaded" and megabytes < 256
