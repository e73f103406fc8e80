"""Writes the small files that the C++ tests of serialization/ read: models as real Keras saves them, plain HDF5 files,
and files that a reader must refuse. Run it in this folder with Keras 3.15 on JAX and h5py; golden.json gets what is in
them.

    KERAS_BACKEND=jax python make_golden.py
"""

import json
import os
import random
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)  # else int64 weights shrink to int32

import keras  # noqa: E402
from keras import layers  # noqa: E402

HERE = Path(__file__).parent
HOSTILE = HERE / "hostile"


def sequential():
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(2, activation="relu"), layers.Dropout(0.25), layers.Dense(1)],
        name="tiny",
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    return model, np.linspace(-1, 1, 12).reshape(4, 3), np.ones((4, 1))


def functional():
    x = keras.Input((4,), name="features")
    shared = layers.Dense(4, name="shared")
    y = layers.BatchNormalization(name="norm")(shared(shared(x)))
    y = layers.ReLU(max_value=float("inf"), name="unbounded")(y * 2.0)
    model = keras.Model(x, layers.Dense(2, name="größe")(y), name="branches")
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    return model, np.linspace(-1, 1, 16).reshape(4, 4), np.ones((4, 2))


DTYPES = [
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "bool",
]  # fmt: skip


class AllTypes(layers.Layer):
    def build(self, input_shape):
        for dtype in DTYPES:
            self.add_weight(shape=(2, 2), dtype=dtype, initializer="zeros", trainable=False, name=dtype)
        self.add_weight(shape=(), dtype="float32", initializer="ones", trainable=False, name="scalar")
        self.add_weight(shape=(0, 3), dtype="float32", initializer="zeros", trainable=False, name="empty")

    def call(self, x):
        return x


def dtypes():
    model = keras.Sequential([keras.Input((1,)), AllTypes()])
    for weight in model.weights[: len(DTYPES)]:
        values = {"bool": [1, 0, 1, 1], "u": [0, 1, 100, 255], "i": [-128, -1, 0, 127]}
        key = "bool" if weight.dtype == "bool" else weight.dtype[0]
        weight.assign(np.array(values.get(key, [-1.5, 0.099975586, float("inf"), float("nan")])).reshape(2, 2))
    return model


def plain(path):
    """What Keras 2, other tools and other machines leave in HDF5 files."""
    with h5py.File(path, "w") as f:
        f.attrs["utf8"] = "größe"
        f.attrs.create("ascii", "plain", dtype=h5py.string_dtype("ascii"))
        f.attrs["fixed"] = np.bytes_("padded")
        f.attrs.create("fixed_utf8", "größe".encode(), dtype=h5py.string_dtype("utf-8", 12))
        f.attrs["names"] = ["a", "bé", ""]
        f.attrs["fixed_names"] = np.array([b"one", b"three"])
        f.attrs["no_names"] = []
        f.attrs["null"] = h5py.Empty("f4")
        f.attrs["integer"] = -7
        f.attrs["real"] = 0.5
        f.attrs["flag"] = True
        f.attrs["numbers"] = np.array([1, 2, 3], "int16")
        for part in range(3):
            f.attrs[f"split{part}"] = np.array([f"name_{part}_{i}".encode() for i in range(2)])
        f.attrs["matrix"] = np.zeros((2, 2))
        f.attrs["complex"] = 1 + 2j
        f["big_endian/f2"] = np.array([1.5, -2, 65504], ">f2")
        f["big_endian/f4"] = np.array([1.5, -2, 3e38], ">f4")
        f["big_endian/f8"] = np.array([1.5, -2, 1e300], ">f8")
        f["big_endian/i2"] = np.array([1, -2, 300], ">i2")
        f["big_endian/u8"] = np.array([1, 2, 2**64 - 1], ">u8")
        ramp = np.arange(600, dtype="float32").reshape(20, 30)
        f.create_dataset("packed/gzip", data=ramp, chunks=(7, 30), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset(
            "packed/zeros",
            data=np.zeros((500, 2000), "float32"),
            chunks=(500, 2000),
            compression="gzip",
            compression_opts=9,
        )
        f.create_dataset("packed/chunks", data=ramp, chunks=(20, 7))
        f.create_dataset("packed/growing", data=ramp[:3], maxshape=(None, 30))
        for i in list(range(12)) + ["x", "01"]:
            f[f"order/{i}"] = np.float32(0)
        f["wrong/text"] = "hello"
        f["wrong/complex"] = np.zeros(2, "complex64")
        f["wrong/opaque"] = np.void(b"\x01\x02")
        f["wrong/float8"] = np.void(b"\x01")
        f["wrong/null"] = h5py.Empty("f4")
        f["wrong/deep"] = np.zeros((1,) * 13, "float32")
        f["wrong/colour"] = np.array([0, 1], h5py.enum_dtype({"RED": 0, "BLUE": 1}))


def latest(path):
    """HDF5's newer structures: groups and attributes in fractal heaps, with their indexes."""
    with h5py.File(path, "w", libver="latest") as f:
        for count in (3, 12, 100):
            group = f.create_group(f"links{count}")
            for i in range(count):
                group[str(i)] = np.float32(i)
        f["grö/ße"] = np.arange(3, dtype="int32")
        for i in range(20):
            f["links3"].attrs[f"note{i}"] = f"text {i}"
        f.attrs["names"] = [f"name_{i}" for i in range(100)]


def hostile_hdf5():
    def new(name, **options):
        return h5py.File(HOSTILE / name, "w", **options)

    with new("soft_link.h5") as f:
        f["vars/real"] = np.zeros(2, "float32")
        f["vars/0"] = h5py.SoftLink("/vars/real")
    with new("external_link.h5") as f:
        f["vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")
    with new("virtual.h5") as f:
        layout = h5py.VirtualLayout(shape=(2,), dtype="f4")
        layout[:] = h5py.VirtualSource("soft_link.h5", "/vars/real", shape=(2,))
        f.create_virtual_dataset("vars/0", layout)
    with new("external_storage.h5") as f:
        f.create_dataset("vars/0", shape=(2,), dtype="f4", external=[("/etc/passwd", 0, 8)])
    with new("unknown_filter.h5") as f:
        f.create_dataset("vars/0", data=np.zeros(100, "f4"), compression="lzf")
    with new("huge_shape.h5") as f:
        f.create_dataset("vars/0", shape=(2**40, 1024), dtype="f4")
        f.create_dataset("vars/1", shape=(2**40, 1024), dtype="f4", chunks=(1024, 1024), compression="gzip")
        f.create_dataset("vars/2", shape=(2**60, 2**60), dtype="f4", chunks=(16, 16))
    with new("inflating_chunk.h5") as f:  # a chunk that declares 4 KB and unpacks to 1 MB
        d = f.create_dataset("vars/0", shape=(1024,), dtype="f4", chunks=(1024,), compression="gzip")
        d.id.write_direct_chunk((0,), zlib.compress(bytes(1 << 20), 9))
    for name, change in {  # the layout message of a contiguous dataset: version 3, class 1, address, size
        "empty_compact.h5": lambda address, size: bytes([3, 0]) + bytes(16),
        "long_storage.h5": lambda address, size: struct.pack("<BBQQ", 3, 1, address, size + 1),
        "beyond_end.h5": lambda address, size: struct.pack("<BBQQ", 3, 1, 1 << 40, size),
    }.items():
        with new(name) as f:
            f["vars/0"] = np.ones(2, "float32")
            address = f["vars/0"].id.get_offset()
        raw, old = (HOSTILE / name).read_bytes(), struct.pack("<BBQQ", 3, 1, address, 8)
        assert raw.count(old) == 1
        (HOSTILE / name).write_bytes(raw.replace(old, change(address, 8)))
    with new("cycle.h5") as f:
        f["a/b/c"] = np.float32(1)
        f["a/b/again"] = f["a"]
    with new("doubling.h5", libver="latest") as f:  # 2^20 paths in 20 groups
        group = f
        for _ in range(20):
            group["left"] = group["right"] = below = f.create_group(None)
            group = below
        group["0"] = np.float32(1)
    with new("deep.h5", libver="latest") as f:
        f["/".join(["g"] * 10)] = np.float32(1)


def hostile_zip():
    def write(name, *members, method=zipfile.ZIP_STORED):
        with zipfile.ZipFile(HOSTILE / name, "w", method, compresslevel=9) as z:
            for member, data in members:
                z.writestr(member, data)

    def renamed(name, old, new):
        path = HOSTILE / name
        path.write_bytes(path.read_bytes().replace(old, new))

    write("parent.zip", ("config.json", "{}"), ("assets/../../x", "x"))
    write("absolute.zip", ("/etc/x", "x"))
    write("backslash.zip", ("a|b", "x"))
    renamed("backslash.zip", b"a|b", b"a\\b")
    write("duplicate.zip", ("config.json", "{}"), ("confiG.json", "[]"))
    renamed("duplicate.zip", b"confiG", b"config")
    write("bomb.zip", ("config.json", bytes(4 << 20)), method=zipfile.ZIP_DEFLATED)
    link = zipfile.ZipInfo("config.json")
    link.external_attr = 0o120777 << 16
    write("symlink.zip", (link, "/etc/passwd"))
    write("encrypted.zip", ("config.json", "{}"))  # only its flags say so
    renamed("encrypted.zip", b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00")
    renamed("encrypted.zip", b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    write("damaged.zip", ("config.json", "{'checksum': 1}"))
    renamed("damaged.zip", b"checksum", b"chicksum")
    write("understated.zip", ("config.json", bytes(4096)), method=zipfile.ZIP_DEFLATED)
    renamed("understated.zip", struct.pack("<I", 4096), struct.pack("<I", 16))


class Streamed:
    """A sink without seek(), which makes zipfile write data descriptors."""

    def __init__(self, path):
        self.file = open(path, "wb")  # noqa: SIM115  (closed by who writes to it)

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def other_zips():
    """The archive of sequential.keras as other tools pack it."""
    with zipfile.ZipFile(HERE / "sequential.keras") as z:
        members = [(name, z.read(name)) for name in z.namelist()]
    with zipfile.ZipFile(HERE / "deflated.keras", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("assets/", "")
        for name, data in members:
            z.writestr(name, data)
    sink = Streamed(HERE / "streamed.keras")
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    sink.file.close()
    with zipfile.ZipFile(HERE / "zip64.keras", "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            with z.open(name, "w", force_zip64=True) as member:
                member.write(data)


def contents(path):
    """{path of a dataset: {shape, dtype, values}}"""
    out = {}

    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        value = item[()]
        dtype = item.attrs.get("dtype", str(value.dtype))
        if dtype == "bfloat16":
            value = np.frombuffer(value.tobytes(), jax.numpy.bfloat16).reshape(item.shape)
        out["/" + name] = {
            "shape": list(item.shape),
            "dtype": dtype,
            "values": np.asarray(value, "float64").ravel().tolist(),
        }

    with h5py.File(path) as f:
        f.visititems(visit)
    return out


def json_cases():
    draw = random.Random(5)
    bits = [struct.unpack("<d", struct.pack("<Q", draw.getrandbits(64)))[0] for _ in range(40)]
    shorts = [draw.randrange(10**6) / 10 ** draw.randrange(12) for _ in range(30)]
    edges = [
        0.0,
        -0.0,
        1.0,
        1e-7,
        1e-5,
        1e-4,
        123456.789,
        1e15,
        1e16,
        1e17,
        9007199254740993.0,
        5e-324,
        1.7976931348623157e308,
        0.1 + 0.2,
    ]
    value = {
        "floats": edges + shorts + bits + [float("inf"), float("-inf"), float("nan")],
        "ints": [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
        "text": 'größe \u2028 \U0001f600 " \\ / \b\f\n\r\t \x00 \x1f \x7f',
        "ключ": None,
        "z": [True, False, [], {}, [[1, [2]], {"a": {"b": []}}]],
        "a": "",
    }
    return {"value": value, "compact": json.dumps(value), "indented": json.dumps(value, indent=2)}


def main():
    shutil.rmtree(HOSTILE, ignore_errors=True)
    HOSTILE.mkdir()
    golden = {"keras": keras.__version__, "json": json_cases(), "files": {}}
    for make in (sequential, functional):
        keras.utils.clear_session()
        keras.utils.set_random_seed(7)
        model, x, y = make()
        model.fit(x, y, epochs=1, verbose=0)
        model.save(HERE / f"{make.__name__}.keras")
        model.save_weights(HERE / f"{make.__name__}.weights.h5")
        model.save(HERE / f"{make.__name__}.h5")
    dtypes().save_weights(HERE / "dtypes.weights.h5")
    plain(HERE / "plain.h5")
    latest(HERE / "latest.h5")
    for name in (
        "sequential.weights.h5",
        "functional.weights.h5",
        "sequential.h5",
        "functional.h5",
        "dtypes.weights.h5",
    ):
        golden["files"][name] = contents(HERE / name)
    other_zips()
    hostile_hdf5()
    hostile_zip()
    (HERE / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
