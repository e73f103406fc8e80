"""get_file and the datasets, against a local HTTP server with small stand-ins for the files."""

import functools
import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import tarfile
import threading
import warnings
import zipfile
from pathlib import Path

import lamina
import numpy as np
import pytest
from lamina import datasets
from lamina.datasets._pickles import ArrayUnpickler
from lamina.utils import downloads


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder with ranges; `broken` cuts the first answer for these names in half."""

    broken, asked = set(), []

    def do_GET(self):
        path = self.translate_path(self.path)
        self.asked.append((self.path, self.headers.get("Range")))
        if not os.path.isfile(path):
            self.send_error(404)
            return
        data = Path(path).read_bytes()
        begin = 0
        if self.headers.get("Range"):
            begin = int(self.headers["Range"].split("=")[1].split("-")[0])
            if begin >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        name = os.path.basename(path)
        if name in self.broken:
            self.broken.discard(name)
            self.wfile.write(data[begin : begin + (len(data) - begin) // 2])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(data[begin:])

    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """(the folder that is served, its address, the cache)"""
    root, cache = tmp_path / "site", tmp_path / "cache"
    root.mkdir()
    Handler.broken, Handler.asked = set(), []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("KERAS_HOME", str(cache))
    monkeypatch.setenv("LAMINA_DATASETS_ORIGIN", f"http://127.0.0.1:{server.server_port}/")
    yield root, f"http://127.0.0.1:{server.server_port}/", cache
    server.shutdown()
    server.server_close()


def put(root, name, data):
    (root / name).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_downloaded_once_and_verified(site):
    root, address, cache = site
    digest = put(root, "a.bin", b"x" * 200_000)
    path = lamina.utils.get_file("a.bin", address + "a.bin", file_hash=digest)
    assert path == str(cache / "datasets" / "a.bin")
    assert Path(path).read_bytes() == b"x" * 200_000
    assert lamina.utils.get_file("a.bin", address + "a.bin", file_hash=digest) == path
    assert len(Handler.asked) == 1
    assert lamina.utils.get_file(origin=address + "a.bin?x=1", cache_subdir="models") == str(cache / "models" / "a.bin")


def test_what_is_wrong_in_the_cache_is_fetched_again(site):
    root, address, cache = site
    data = b"right" * 1000
    put(root, "a.bin", data)
    (cache / "datasets").mkdir(parents=True)
    (cache / "datasets" / "a.bin").write_bytes(b"wrong")
    path = lamina.utils.get_file("a.bin", address + "a.bin", md5_hash=hashlib.md5(data).hexdigest())
    assert Path(path).read_bytes() == data


def test_a_wrong_hash_leaves_nothing(site):
    root, address, cache = site
    put(root, "a.bin", b"data")
    with pytest.raises(ValueError, match="Incomplete or corrupted file detected"):
        lamina.utils.get_file("a.bin", address + "a.bin", file_hash="0" * 64)
    assert [f for f in os.listdir(cache / "datasets") if not f.endswith(".lock")] == []


def test_a_broken_download_is_resumed(site):
    root, address, cache = site
    data = np.random.default_rng(0).bytes(300_000)
    digest = put(root, "a.bin", data)
    Handler.broken.add("a.bin")
    path = lamina.utils.get_file("a.bin", address + "a.bin", file_hash=digest)
    assert Path(path).read_bytes() == data
    ranges = [r for _, r in Handler.asked]
    assert ranges[0] is None and ranges[1].startswith("bytes=") and int(ranges[1][6:-1]) > 0


def test_a_part_that_is_too_long_is_dropped(site):
    root, address, cache = site
    digest = put(root, "a.bin", b"short")
    (cache / "datasets").mkdir(parents=True)
    (cache / "datasets" / "a.bin.part").write_bytes(b"much longer than that")
    path = lamina.utils.get_file("a.bin", address + "a.bin", file_hash=digest)
    assert Path(path).read_bytes() == b"short"


def test_without_a_network_the_error_says_where_to_put_the_file(site, monkeypatch):
    _, _, cache = site
    with pytest.raises(
        Exception, match="URL fetch failure on http://127.0.0.1:9/a.bin.*put the file at .*datasets/a.bin"
    ):
        lamina.utils.get_file("a.bin", "http://127.0.0.1:9/a.bin")
    with pytest.raises(Exception, match="404"):
        lamina.utils.get_file("b.bin", site[1] + "b.bin")


def test_arguments_are_checked(site):
    with pytest.raises(ValueError, match="origin"):
        lamina.utils.get_file("a")
    with pytest.raises(ValueError, match="Paths are no longer accepted"):
        lamina.utils.get_file("a/b", site[1] + "a")
    with pytest.raises(ValueError, match="Can't parse the file name"):
        lamina.utils.get_file(origin=site[1])


def tar_of(files, links=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return out.getvalue()


@pytest.mark.parametrize("name, kind", [("flowers", "tar"), ("flowers.tgz", "tar"), (None, "tar"), ("flowers", "zip")])
def test_archives_are_unpacked_where_keras_unpacks_them(site, name, kind):
    root, address, cache = site
    data = tar_of({"inner/a.txt": b"hello"})
    if kind == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            z.writestr("inner/a.txt", "hello")
        data = out.getvalue()
    put(root, "f.tgz", data)
    folder = lamina.utils.get_file(name, address + "f.tgz", extract=True)
    want = {"flowers": "flowers", "flowers.tgz": "flowers_extracted", None: "f.tgz"}[name]
    assert folder == str(cache / "datasets" / want)
    assert Path(os.path.join(folder, "inner", "a.txt")).read_text() == "hello"
    os.remove(os.path.join(folder, "inner", "a.txt"))
    assert lamina.utils.get_file(name, address + "f.tgz", extract=True) == folder
    assert Path(os.path.join(folder, "inner", "a.txt")).read_text() == "hello"
    assert len(Handler.asked) == 1


def test_archives_cannot_leave_their_folder(site, tmp_path):
    root, address, cache = site
    outside = tmp_path / "outside"
    data = tar_of({"../../../outside": b"bad", "ok.txt": b"ok"}, [("link", "/etc"), ("inner", ".")])
    put(root, "bad.tgz", data)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        folder = lamina.utils.get_file("bad", address + "bad.tgz", extract=True)
    assert sorted(os.listdir(folder)) == ["inner", "ok.txt"]
    assert not outside.exists()
    assert sum("Skipping invalid path" in str(w.message) for w in seen) == 2
    through_a_link = tar_of({}, [("a", "..")])  # then a/x would stand outside
    put(root, "link.tgz", through_a_link)
    with pytest.warns(UserWarning, match="Skipping invalid path"):
        assert os.listdir(lamina.utils.get_file("linked", address + "link.tgz", extract=True)) == []


def test_what_is_no_archive_is_a_warning(site):
    root, address, _ = site
    put(root, "plain.txt", b"text")
    with pytest.warns(UserWarning, match="Could not extract archive"):
        lamina.utils.get_file("plain", address + "plain.txt", extract=True)


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.fixture
def any_hash(monkeypatch):
    """The stand-ins have other hashes than the files for which they stand."""
    monkeypatch.setattr(downloads, "validate_file", lambda *args, **kwargs: True)


def objects(rows):
    out = np.empty(len(rows), dtype=object)
    out[:] = rows
    return out


def keras_datasets():
    import keras.src.datasets as k

    return k


def equal(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    return all(list(x) == list(y) for x, y in zip(a, b)) if a.dtype == object else np.array_equal(a, b)


@pytest.fixture
def against_keras(site, any_hash, monkeypatch):
    """Calls a loader here and in Keras, on the same files."""
    root, address, cache = site

    def compare(module, *args, **kwargs):
        import keras.src.utils.file_utils as files

        ours = getattr(datasets, module).load_data(*args, **kwargs)
        theirs = __import__(f"keras.src.datasets.{module}", fromlist=["x"]).load_data
        monkeypatch.setattr(files, "validate_file", lambda *a, **k: True)
        monkeypatch.setattr(files.config, "keras_home", lambda: str(cache))
        assert equal(ours, theirs(*args, **kwargs))
        return ours

    return root, compare


def test_arrays_of_numbers(against_keras):
    root, compare = against_keras
    rng = np.random.default_rng(0)
    images = lambda n: rng.integers(0, 255, (n, 28, 28), dtype="uint8")  # noqa: E731
    put(
        root,
        "mnist.npz",
        npz(
            x_train=images(6), y_train=np.arange(6, dtype="uint8"), x_test=images(2), y_test=np.arange(2, dtype="uint8")
        ),
    )
    (x, y), _ = compare("mnist")
    assert x.shape == (6, 28, 28) and y.shape == (6,)
    put(root, "boston_housing.npz", npz(x=rng.random((10, 13)), y=rng.random(10)))
    compare("boston_housing", test_split=0.3, seed=1)
    put(root, "california_housing.npz", npz(x=rng.random((700, 8)), y=rng.random(700)))
    compare("california_housing")
    (x, _), (z, _) = compare("california_housing", version="small")
    assert len(x) + len(z) == 600
    for wrong in ({"version": "middle"}, {"test_split": 1}):
        with pytest.raises(ValueError):
            datasets.california_housing.load_data(**wrong)


def test_fashion_mnist(against_keras):
    root, compare = against_keras
    for part, n in (("train", 3), ("t10k", 2)):
        put(root, f"{part}-labels-idx1-ubyte.gz", gzip.compress(bytes(8) + bytes(range(n))))
        put(root, f"{part}-images-idx3-ubyte.gz", gzip.compress(bytes(16) + bytes([7]) * (n * 784)))
    compare("fashion_mnist")


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"num_words": 20, "skip_top": 2},
        {"maxlen": 5},
        {"start_char": None},
        {"oov_char": None, "num_words": 15},
        {"start_char": None, "index_from": 0},
    ],
)
def test_texts(against_keras, kwargs):
    root, compare = against_keras
    rng = np.random.default_rng(1)
    rows = lambda n: objects([rng.integers(1, 30, rng.integers(2, 8)).tolist() for _ in range(n)])  # noqa: E731
    put(root, "imdb.npz", npz(x_train=rows(12), y_train=np.arange(12) % 2, x_test=rows(9), y_test=np.arange(9) % 2))
    compare("imdb", **kwargs)
    put(root, "reuters.npz", npz(x=rows(20), y=np.arange(20)))
    compare("reuters", **kwargs)


def test_word_indices_and_labels(site, any_hash):
    for name in ("imdb", "reuters"):
        put(site[0], f"{name}_word_index.json", json.dumps({"the": 1}).encode())
        assert getattr(datasets, name).get_word_index() == {"the": 1}
    from keras.src.datasets import reuters

    assert datasets.reuters.get_label_names() == reuters.get_label_names()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_cifar(against_keras, data_format):
    import keras

    root, compare = against_keras
    rng = np.random.default_rng(2)

    def batch(**labels):
        n = 10000
        data = np.broadcast_to(rng.integers(0, 255, (1, 3072), dtype="uint8"), (n, 3072)).copy()
        return pickle.dumps({b"data": data, **{k.encode(): [i % 10 for i in range(n)] for k in labels}}, protocol=3)

    files = {f"cifar-10-batches-py/data_batch_{i}": batch(labels=1) for i in range(1, 6)}
    files["cifar-10-batches-py/test_batch"] = batch(labels=1)
    put(root, "cifar-10-python.tar.gz", tar_of(files))
    hundred = batch(fine_labels=1, coarse_labels=1)
    put(root, "cifar-100-python.tar.gz", tar_of({"cifar-100-python/train": hundred, "cifar-100-python/test": hundred}))
    keras.config.set_image_data_format(data_format)
    lamina.config.set_image_data_format(data_format)
    try:
        (x, _), _ = compare("cifar10")
        assert x.shape == ((50000, 32, 32, 3) if data_format == "channels_last" else (50000, 3, 32, 32))
        with pytest.raises(ValueError, match="label_mode"):
            datasets.cifar100.load_data("medium")
        ours = datasets.cifar100.load_data("coarse")
        assert ours[0][1].shape == (10000, 1)
    finally:
        keras.config.set_image_data_format("channels_last")
        lamina.config.set_image_data_format("channels_last")


def test_pickles_run_no_code():
    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    with pytest.raises(pickle.UnpicklingError, match="Refusing to deserialize"):
        ArrayUnpickler(io.BytesIO(pickle.dumps({"data": Evil()}))).load()


def test_progbar(capsys):
    import keras

    for bar in (
        lamina.utils.Progbar(3, verbose=2, unit_name="row"),
        keras.utils.Progbar(3, verbose=2, unit_name="row"),
    ):
        for i in range(1, 4):
            bar.update(i, [("loss", 1.0 / i)])
    ours, theirs = capsys.readouterr().out.splitlines()
    assert ours.split(" - ")[0] == theirs.split(" - ")[0] == "3/3" and ours.split(" - ")[-1] == theirs.split(" - ")[-1]
    bar = lamina.utils.Progbar(None, interval=0)
    bar.add(5, [("loss", 2.0)])
    bar.add(5, [("loss", 4.0)])
    assert "10/Unknown" in (out := capsys.readouterr().out) and "loss: 3.0000" in out
    with pytest.raises(ValueError):
        lamina.utils.Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])
