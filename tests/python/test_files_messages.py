"""What is said when files are misused: the kind of error, and the words that help."""

import json
import os
import warnings
import zipfile

import h5py
import keras
import lamina
import numpy as np
import pytest


def dense(units=4, name="d", k=lamina):
    return k.Sequential([k.Input((3,)), k.layers.Dense(units, name=name)], name="net")


def check(error, words, call):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


load, save = lamina.models.load_model, lamina.models.save_model


def test_files_that_are_not_there(tmp_path):
    missing = str(tmp_path / "missing")
    check(
        ValueError,
        [f"File not found: filepath={missing}.keras.", "Please ensure the file is an accessible `.keras` zip file."],
        lambda: load(missing + ".keras"),
    )
    check(FileNotFoundError, [missing + ".h5"], lambda: load(missing + ".h5"))
    for ending in (".keras", ".weights.h5", ".h5", ".weights.json"):
        check(FileNotFoundError, [missing + ending], lambda: dense().load_weights(missing + ending))
    check(
        OSError,
        ["Create the directory", str(tmp_path / "folder")],
        lambda: dense().save(tmp_path / "folder" / "m.keras"),
    )


def test_endings(tmp_path):
    (tmp_path / "m.pb").write_text("x")
    check(
        ValueError,
        ["File format not supported: filepath=", "m.pb", "`.keras` files, legacy H5 format files (`.h5` extension)"],
        lambda: load(tmp_path / "m.pb"),
    )
    check(ValueError, ["There is no such file"], lambda: load(tmp_path / "nothing.onnx"))
    check(ValueError, ["is a directory without a config.json", "SavedModels are not read"], lambda: load(tmp_path))
    check(
        ValueError,
        ["Invalid filepath extension for saving.", "`.keras`", "Received: filepath=m.pb."],
        lambda: dense().save("m.pb"),
    )
    check(
        ValueError,
        ["When using `zipped=False`, the `filepath` argument should not end in `.keras`."],
        lambda: dense().save("m.keras", zipped=False),
    )
    check(
        ValueError,
        ["The filename must end in `.weights.h5`. Received: filepath=w.h5"],
        lambda: dense().save_weights("w.h5"),
    )
    check(
        ValueError,
        ["File format not supported: filepath=w.npz", "`.weights.h5` files"],
        lambda: dense().load_weights("w.npz"),
    )
    check(
        ValueError,
        ["The following argument(s) are not supported: ['compression']"],
        lambda: dense().save("m.keras", compression=1),
    )
    check(
        ValueError, ["Invalid keyword arguments: {'depth': 1}"], lambda: dense().load_weights("w.weights.h5", depth=1)
    )


def test_files_of_another_format(tmp_path):
    for name in ("m.keras", "m.h5", "m.weights.h5"):
        (tmp_path / name).write_bytes(b"not what it says" * 100)
    check(
        ValueError,
        ["m.keras", "Please ensure the file is an accessible `.keras` zip file", "may be damaged or incomplete"],
        lambda: load(tmp_path / "m.keras"),
    )
    check(
        OSError, ["m.h5' as an HDF5 file", "damaged, incomplete or of another format"], lambda: load(tmp_path / "m.h5")
    )
    check(OSError, ["m.weights.h5' as an HDF5 file"], lambda: dense().load_weights(tmp_path / "m.weights.h5"))
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as z:
        z.writestr("readme", "")
    check(ValueError, ["empty.keras holds no config.json", "not a Keras model"], lambda: load(tmp_path / "empty.keras"))
    with zipfile.ZipFile(tmp_path / "broken.keras", "w") as z:
        z.writestr("config.json", '{"class_name": ')
    check(ValueError, ["broken.keras:config.json", "line 1"], lambda: load(tmp_path / "broken.keras"))
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    check(
        ValueError,
        ["No model config found in the file at", "empty.h5", "load_weights()"],
        lambda: load(tmp_path / "empty.h5"),
    )
    check(
        ValueError,
        ["empty.h5' holds no legacy weights", "'layer_names'"],
        lambda: dense().load_weights(tmp_path / "empty.h5"),
    )
    dense().save_weights(tmp_path / "new.weights.h5")
    os.rename(tmp_path / "new.weights.h5", tmp_path / "new.h5")
    check(
        ValueError,
        ["It looks like a `.weights.h5` file; give it that ending."],
        lambda: dense().load_weights(tmp_path / "new.h5"),
    )


def test_files_cut_short(tmp_path):
    """As an interrupted copy leaves them; nothing of them reaches the model."""
    model = dense()
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    before = model.get_weights()
    for name, read in (("m.keras", load), ("w.weights.h5", model.load_weights)):
        whole = (tmp_path / name).read_bytes()
        for part in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            (tmp_path / name).write_bytes(whole[:part])
            with pytest.raises((ValueError, OSError), match=name):
                read(tmp_path / name)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_weights_that_do_not_fit(tmp_path):
    dense(5).save_weights(tmp_path / "w.weights.h5")
    model = dense(4)
    before = model.get_weights()
    words = [
        "A total of 1 objects could not be loaded. Example error message for object <Dense name=d, built=True>:",
        "Layer 'd' expected shape (3, 4) for its variable 'net/d/kernel'",
        "received shape (3, 5) from /layers/dense/vars/0",
        "List of objects that could not be loaded:\n[<Dense name=d, built=True>]",
    ]
    check(ValueError, words, lambda: model.load_weights(tmp_path / "w.weights.h5"))
    with pytest.warns(UserWarning, match="A total of 1 objects could not be loaded"):
        model.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    two = lamina.Sequential(
        [lamina.Input((3,)), lamina.layers.Dense(5, use_bias=False, name="x"), lamina.layers.Dense(2, name="y")]
    )
    check(
        ValueError,
        [
            "A total of 2 objects",
            "Layer 'x' expected 1 variables, but received 2 variables during loading. Expected: ['kernel']",
        ],
        lambda: two.load_weights(tmp_path / "w.weights.h5"),
    )


def test_models_that_are_not_built(tmp_path):
    model = lamina.Sequential([lamina.layers.Dense(2)])
    check(
        ValueError,
        ["You are saving a model that has not yet been built. Try building the model first"],
        lambda: model.save_weights(tmp_path / "w.weights.h5"),
    )
    dense().save_weights(tmp_path / "w.weights.h5")
    check(
        ValueError,
        ["You are loading weights into a model that has not yet been built."],
        lambda: model.load_weights(tmp_path / "w.weights.h5"),
    )
    with pytest.warns(
        UserWarning, match="You are saving a model that has not yet been built. It might not contain any weights yet"
    ):
        model.save(tmp_path / "m.keras")
    assert not load(tmp_path / "m.keras").built
    assert not keras.models.load_model(tmp_path / "m.keras").built


def test_optimizers_that_do_not_fit(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 4), "float32"), verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    other = dense()
    other.compile("sgd", "mse")
    with pytest.warns(
        UserWarning,
        match=(
            r"Skipping variable loading for optimizer '\w+', because it has 2 variables whereas the saved optimizer "
            r"has 6 variables"
        ),
    ):
        other.load_weights(tmp_path / "w.weights.h5")
    for a, b in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_code_in_files_is_not_run_unasked(tmp_path):
    factor = 3.0
    dense().save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as z:
        members = {n: z.read(n) for n in z.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"]["activation"] = keras.saving.serialize_keras_object(
        lambda x, power=2: x**power * factor
    )
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as z:
        for name, data in members.items():
            z.writestr(name, json.dumps(config) if name == "config.json" else data)
    check(
        ValueError,
        ["Requested the deserialization of a Python lambda.", "safe_mode=False"],
        lambda: load(tmp_path / "m.keras"),
    )
    x = np.ones((1, 3), "float32")
    np.testing.assert_allclose(
        load(tmp_path / "m.keras", safe_mode=False).predict(x, verbose=0),
        load(tmp_path / "plain.keras").predict(x, verbose=0) ** 2 * 3,
        rtol=1e-5,
    )


def test_existing_files_are_kept_where_asked(tmp_path):
    dense().save(tmp_path / "m.keras")
    before = (tmp_path / "m.keras").read_bytes()
    check(
        OSError, ["m.keras exists and overwrite is false"], lambda: dense().save(tmp_path / "m.keras", overwrite=False)
    )
    check(OSError, ["overwrite=True"], lambda: save(dense(), tmp_path / "m.keras", overwrite=False))
    assert (tmp_path / "m.keras").read_bytes() == before


def test_no_warnings_where_all_is_well(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.fit(
        np.ones((4, 3), "float32"), np.ones((4, 4), "float32"), verbose=0
    )  # as in Keras, optimizers have their variables then
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save(tmp_path / "m.keras")
        model.save_weights(tmp_path / "w.weights.h5")
        load(tmp_path / "m.keras").load_weights(tmp_path / "w.weights.h5")


@pytest.mark.parametrize("missing", ["name", "layers"])
@pytest.mark.parametrize("module", ["keras", "keras.models"])
def test_the_config_of_a_sequential_model_has_its_parts(missing, module):
    config = dense().get_config()
    del config[missing]
    words = ["A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys."]
    check(ValueError, words, lambda: lamina.Sequential.from_config(config))
    entry = {"class_name": "Sequential", "module": module, "config": config}
    check(ValueError, words, lambda: lamina.saving.deserialize_keras_object(entry))
