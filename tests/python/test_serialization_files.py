"""h5py and Keras read what the C++ writers of serialization/ write.

The files come from the C++ test program (build/bin/test_serialization, or the path in LAMINA_TEST_SERIALIZATION).
"""

import io
import os
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("LAMINA_TEST_SERIALIZATION", ROOT / "build/bin/test_serialization"))
DTYPES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    folder = tmp_path_factory.mktemp("written")
    command = [PROGRAM, "--gtest_filter=Hdf5Writer.LeavesFilesForPython"]
    subprocess.run(command, check=True, env={**os.environ, "LAMINA_WRITE_TO": str(folder)}, stdout=subprocess.DEVNULL)
    return folder


def test_h5py_reads_all_types(written):
    with h5py.File(written / "everything.h5") as f:
        assert sorted(f) == ["layers", "vars"]
        data = f["layers/all/vars"]
        for i, dtype in enumerate(DTYPES):
            item = data[str(i)]
            assert item.shape == (2, 3) and item.fletcher32 and item.compression is None
            if dtype == "bfloat16":
                assert item.dtype == np.dtype("V2") and item.attrs["dtype"] == "bfloat16"
                values = (np.frombuffer(item[()].tobytes(), "<u2").astype("<u4") << 16).view("<f4")
            else:
                assert item.dtype == np.dtype(dtype) and not item.attrs
                values = item[()].ravel()
            ramp = np.arange(6)
            expected = ramp % 3 == 0 if dtype == "bool" else ramp - 1.5 if "float" in dtype else ramp
            np.testing.assert_array_equal(values.astype("float64"), expected.astype("float64"))
        assert data["13"].shape == () and data["13"][()] == -1.5
        assert data["14"].shape == (0, 3)


def test_h5py_reads_attributes(written):
    with h5py.File(written / "everything.h5") as f:
        assert f.attrs["model_config"] == "{}"
        assert f["layers/input_layer/vars"].attrs["name"] == "größe"
        assert list(f["layers"].attrs["names"]) == ["a", "bé", ""]
        none = f["layers"].attrs["none"]
        assert none.shape == (0,) and none.dtype == np.float64
        tags = [f.attrs.get_id("model_config").get_type(), f["layers/input_layer/vars"].attrs.get_id("name").get_type()]
        assert [tag.get_cset() for tag in tags] == [h5py.h5t.CSET_ASCII, h5py.h5t.CSET_UTF8]


def test_keras_joins_split_lists(written):
    pytest.importorskip("keras")
    from keras.src.legacy.saving.legacy_h5_format import load_attributes_from_hdf5_group

    with h5py.File(written / "everything.h5") as f:
        assert "weight_names" not in f["vars"].attrs and "weight_names2" in f["vars"].attrs
        assert load_attributes_from_hdf5_group(f["vars"], "weight_names") == ["x" * 100] * 1500


def test_keras_loads_a_copied_model(written):
    keras = pytest.importorskip("keras")
    model = keras.models.load_model(ROOT / "tests/data/sequential.keras")
    copy = keras.models.load_model(written / "copy.keras")
    assert copy.to_json() == model.to_json()
    assert len(model.optimizer.variables) == 10
    for a, b in zip(model.weights + model.optimizer.variables, copy.weights + copy.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b)
    copy.load_weights(written / "copy.weights.h5")


def test_archives_are_laid_out_as_keras_does(written):
    def facts(path):
        with zipfile.ZipFile(path) as z:
            return [(i.filename, i.compress_type, i.flag_bits, i.extra, i.file_size) for i in z.infolist()[:2]]

    assert facts(written / "copy.keras") == facts(ROOT / "tests/data/sequential.keras")


def test_file_objects(tmp_path):
    """What is written into one is what a file holds, also for Keras."""
    import keras as theirs
    import lamina as keras

    x = np.ones((2, 3), "float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    held = io.BytesIO()
    model.save(held)
    (tmp_path / "model.keras").write_bytes(held.getvalue())
    held.seek(0)
    again = keras.models.load_model(held)
    again.fit(x, np.ones((2, 1)), verbose=0)
    for library in (keras, theirs):
        found = library.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(np.asarray(found(x)), np.asarray(model(x)), rtol=1e-6)
    weights = io.BytesIO()
    model.save_weights(weights)
    weights.seek(0)
    again.load_weights(weights)
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(model(x)))
    with pytest.raises(ValueError, match="zipped"):
        model.save(io.BytesIO(), zipped=False)
    with pytest.raises(ValueError, match="max_shard_size"):
        model.save_weights(io.BytesIO(), max_shard_size=1)
    with pytest.raises(ValueError):
        keras.models.load_model(io.BytesIO(b"nothing of the kind"))
