"""KerasFileEditor, on files of this library and of Keras."""

import lamina as keras
import numpy as np
import pytest


def model(library, units=3, more=False):
    layers = [library.Input((4,)), library.layers.Dense(units, name="first"), library.layers.BatchNormalization()]
    made = library.Sequential([*layers, library.layers.Dense(2, name="last"), *[library.layers.Dense(2)] * more])
    made.compile("sgd", "mse")
    made.fit(np.ones((2, 4)), np.ones((2, 2)), verbose=0)
    return made


@pytest.fixture(params=["lamina", "keras"])
def file(request, tmp_path):
    """A function that saves a model by either library."""
    import keras as real

    library = keras if request.param == "lamina" else real

    def save(ending, **options):
        made = model(library, **options)
        path = str(tmp_path / f"model{ending}")
        made.save(path) if ending == ".keras" else made.save_weights(path)
        return path, made.get_weights()

    return save


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
def test_shows_and_compares(file, ending, capsys):
    path, _ = file(ending)
    editor = keras.saving.KerasFileEditor(path)
    assert (editor.config is not None) == (ending == ".keras")
    assert sorted(editor.weights_dict) == ["layers", "optimizer"]
    editor.summary()
    printed = capsys.readouterr().out
    for text in ("dense ('first')", "0: shape=(4, 3), dtype=float32", "batch_normalization"):
        assert text in printed, printed
    assert editor.compare(model(keras)) == {"status": "success", "error_count": 0, "match_count": 10}
    assert "Comparison successful" in capsys.readouterr().out
    other = editor.compare(model(keras, units=5))
    assert other["status"] == "error" and other["error_count"] >= 6
    assert "Weight shape mismatch for /layers/dense/0" in capsys.readouterr().out
    assert editor.compare(model(keras, more=True))["status"] == "error"
    assert "Object /layers/dense_2 present in reference model, missing from saved file" in capsys.readouterr().out


def test_a_changed_file_loads(file, tmp_path):
    import keras as real

    path, weights = file(".weights.h5")
    editor = keras.saving.KerasFileEditor(path)
    editor.add_object("layers/dense_2", {"0": np.eye(2, dtype="float32")})
    editor.add_weights("layers/dense_2", {"1": np.array([1, 2], "float32")})
    editor.delete_object("optimizer")
    changed = str(tmp_path / "changed.weights.h5")
    editor.save(changed)
    for library in (keras, real):
        layers = library.layers
        grown = library.Sequential([library.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(2)])
        grown.add(layers.Dense(2))
        grown.load_weights(changed)
        assert len(grown.get_weights()) == len(weights) + 2
        for a, b in zip(grown.get_weights(), [*weights, np.eye(2), [1, 2]]):
            np.testing.assert_array_equal(a, b)
    again = keras.saving.KerasFileEditor(changed)
    assert list(again.weights_dict["layers"]["dense_2"]) == ["0", "1"]
    again.rename_object("dense_2", "dense_7")
    again.delete_weight("layers/dense_7", "1")
    again.resave_weights(changed)
    last = keras.saving.KerasFileEditor(changed)
    assert list(last.weights_dict["layers"]["dense_7"]) == ["0"]


def test_refuses_what_does_not_fit(file, tmp_path):
    path, _ = file(".weights.h5")
    editor = keras.saving.KerasFileEditor(path)
    for call, word in (
        (lambda: keras.saving.KerasFileEditor("model.h5"), "expected a `.keras` `.weights.h5` extension"),
        (lambda: editor.save("model.keras"), "expected a `.weights.h5` extension"),
        (lambda: editor.delete_object("nothing"), "does not appear"),
        (lambda: editor.delete_object("layers/nothing"), "not found in model"),
        (lambda: editor.delete_object("0"), "more than once"),
        (lambda: editor.rename_object("layers/dense", "a/b"), "leaf name"),
        (lambda: editor.add_object("none/dense", {}), "Path 'none' not found"),
        (lambda: editor.add_object("layers/x", [1]), "should be a dict"),
        (lambda: editor.delete_weight("layers/dense", "9"), "Weights found"),
    ):
        with pytest.raises(ValueError, match=word):
            call()
    (tmp_path / "damaged.weights.h5").write_bytes(b"x" * 100)
    with pytest.raises((OSError, ValueError)):
        keras.saving.KerasFileEditor(tmp_path / "damaged.weights.h5")
