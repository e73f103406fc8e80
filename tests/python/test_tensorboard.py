"""TensorBoard's event files, read back by TensorBoard itself."""

import glob
import gzip
import json
import os

import lamina as keras
import numpy as np
import pytest

event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
tensor_util = pytest.importorskip("tensorboard.util.tensor_util")

X, Y = np.linspace(-1, 1, 40, dtype="float32").reshape(20, 2), np.linspace(0, 1, 20, dtype="float32")


def read(folder):
    accumulator = event_accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    return accumulator


def values(accumulator, tag):
    return {e.step: tensor_util.make_ndarray(e.tensor_proto) for e in accumulator.Tensors(tag)}


def fit(folder, epochs=3, layers=None, **options):
    model = keras.Sequential(
        [keras.Input((2,)), *(layers or [keras.layers.Dense(3, name="hidden"), keras.layers.Dense(1)])]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    board = keras.callbacks.TensorBoard(folder, **options)
    history = model.fit(X, Y, epochs=epochs, batch_size=4, validation_split=0.2, verbose=0, callbacks=[board])
    return model, history.history


def test_scalars_of_epochs(tmp_path):
    model, history = fit(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["train", "validation"]
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert set(train.Tags()["tensors"]) == {"keras", "epoch_loss", "epoch_mae", "epoch_learning_rate"}
    assert set(validation.Tags()["tensors"]) == {
        "epoch_loss",
        "epoch_mae",
        "evaluation_loss_vs_iterations",
        "evaluation_mae_vs_iterations",
    }
    for where, tag, name in ((train, "epoch_loss", "loss"), (validation, "epoch_mae", "val_mae")):
        read_back = values(where, tag)
        assert list(read_back) == [0, 1, 2]
        np.testing.assert_array_equal(list(read_back.values()), np.float32(history[name]))
    np.testing.assert_array_equal(list(values(train, "epoch_learning_rate").values()), np.float32([0.1] * 3))
    assert list(values(validation, "evaluation_loss_vs_iterations")) == [4, 8, 12]
    assert train.SummaryMetadata("epoch_loss").plugin_data.plugin_name == "scalars"
    plugin = train.SummaryMetadata("keras").plugin_data
    assert (plugin.plugin_name, plugin.content) == ("graph_keras_model", b"1")
    config = json.loads(values(train, "keras")[0].item())
    assert config["config"]["layers"][1]["config"]["name"] == "hidden"


def test_graph_view_takes_the_model(tmp_path):
    fit(tmp_path)
    keras_util = pytest.importorskip("tensorboard.plugins.graph.keras_util")
    config = json.loads(values(read(tmp_path / "train"), "keras")[0].item())
    names = [node.name for node in keras_util.keras_model_to_graph_def(config).node]
    assert any(name.endswith("/hidden") for name in names)


@pytest.mark.parametrize("freq, steps", [("batch", [*range(1, 13)]), (5, [5, 10])])
def test_scalars_of_batches(tmp_path, freq, steps):
    fit(tmp_path, update_freq=freq, write_steps_per_second=True, write_graph=False)
    train = read(tmp_path / "train")
    assert list(values(train, "batch_loss")) == list(values(train, "batch_steps_per_second")) == steps
    assert all(v > 0 for v in values(train, "epoch_steps_per_second").values())
    assert "keras" not in train.Tags()["tensors"]


def test_histograms_and_images(tmp_path):
    layers = [
        keras.layers.Reshape((2, 1, 1)),
        keras.layers.Conv2D(2, 1, name="conv"),
        keras.layers.Flatten(),
        keras.layers.Dense(1, bias_initializer="ones", kernel_initializer="zeros", trainable=False, name="last"),
    ]
    model, _ = fit(tmp_path, epochs=3, layers=layers, histogram_freq=2, write_images=True)
    train = read(tmp_path / "train")
    buckets = values(train, model.layers[1].kernel.path + "/histogram")
    assert list(buckets) == [0, 2]
    kernel = np.asarray(model.layers[1].kernel)
    assert buckets[2].shape == (30, 3)
    assert buckets[2][:, 2].sum() == kernel.size
    np.testing.assert_allclose([buckets[2][0, 0], buckets[2][-1, 1]], [kernel.min(), kernel.max()], rtol=1e-6)
    np.testing.assert_allclose(buckets[2][:-1, 1], buckets[2][1:, 0])
    same = values(train, model.layers[3].bias.path + "/histogram")[0]  # one value: all in the last bucket
    np.testing.assert_array_equal(same[-1], [1, 1, 1])
    assert same[:-1, 2].sum() == 0
    image = values(train, model.layers[3].kernel.path + "/image")[0]
    assert image[0] == b"1" and image[1] == b"4" and image[2].startswith(b"\x89PNG")
    assert train.SummaryMetadata(model.layers[3].kernel.path + "/image").plugin_data.plugin_name == "images"


def test_embeddings(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Embedding(5, 2, name="words"), keras.layers.Flatten()])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse")
    board = keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "names.tsv"})
    model.fit(np.arange(12).reshape(4, 3) % 5, np.ones(4), epochs=2, verbose=0, callbacks=[board])
    text = pytest.importorskip("google.protobuf.text_format")
    projector = pytest.importorskip("tensorboard.plugins.projector.projector_config_pb2")
    config = text.Parse((tmp_path / "projector_config.pbtxt").read_text(), projector.ProjectorConfig())
    assert [(e.tensor_name, e.metadata_path) for e in config.embeddings] == [("words", "names.tsv")]
    table = np.loadtxt(tmp_path / config.embeddings[0].tensor_path, dtype="float32")
    np.testing.assert_array_equal(table, np.asarray(model.layers[0].embeddings))
    weights = tmp_path / "train" / "keras_embedding.ckpt-1.weights.h5"
    model.load_weights(weights)
    with pytest.raises(ValueError, match="Unrecognized `Embedding` layer names.*other"):
        model.fit(
            np.zeros((4, 3)),
            np.ones(4),
            verbose=0,
            callbacks=[keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"other": "x"})],
        )


def test_profiles_steps(tmp_path):
    fit(tmp_path, profile_batch=(2, 3))
    (trace,) = glob.glob(str(tmp_path / "train" / "plugins" / "profile" / "*" / "*.trace.json.gz"))
    with gzip.open(trace) as file:
        assert any("MatMul" in str(e.get("name")) for e in json.load(file)["traceEvents"])
    table = values(read(tmp_path / "train"), "profile/batch_3")[3].item().decode()
    assert "MatMul" in table
    fit(tmp_path / "again", profile_batch="4,5")  # the profiler was given back


@pytest.mark.parametrize("engine", ["graph", "eager"])
def test_both_engines_write_the_same(tmp_path, engine, monkeypatch):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=engine == "eager")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    read_back = list(values(read(tmp_path / "train"), "epoch_loss").values())
    np.testing.assert_array_equal(read_back, np.float32(model.history.history["loss"]))


def test_refuses_what_does_not_fit(tmp_path):
    for options in ({"update_freq": "step"}, {"update_freq": 0}, {"embeddings_metadata": 3}):
        with pytest.raises(ValueError, match=next(iter(options))):
            keras.callbacks.TensorBoard(tmp_path, **options)
    for batch in (-1, (3, 2), (1, 2, 3), "a", 1.5, None, ("1", 2)):
        with pytest.raises(ValueError, match="profile_batch must be a non-negative integer or"):
            keras.callbacks.TensorBoard(tmp_path, profile_batch=batch)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="event file"):
        fit(tmp_path / "file" / "logs")
