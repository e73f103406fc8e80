"""FeatureSpace: a table's columns as vectors. Keras' own needs TensorFlow: what comes out follows from its parts."""

import lamina
import numpy as np
import pytest

FeatureSpace = lamina.utils.FeatureSpace
KINDS = {
    "float_1": "float",
    "float_2": "float_normalized",
    "float_3": "float_discretized",
    "int_1": "integer_categorical",
    "int_2": "integer_hashed",
    "int_3": "integer_categorical",
}


def table(strings=False):
    data = {f"float_{i}": [n / 10 for n in range(10)] for i in (1, 2, 3)}
    data |= {f"int_{i}": list(range(10)) for i in (1, 2, 3)}
    if strings:
        data |= {f"string_{i}": [str(n) for n in range(10)] for i in (1, 2)}
    return data


def row(data):
    return {name: values[0] for name, values in data.items()}


def same(got, want):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-6, atol=1e-6)


def test_numbers(engine):
    space = FeatureSpace(KINDS, crosses=[("int_1", "int_2"), ("int_2", "int_3")])
    data = lamina.data.Dataset.from_tensor_slices(table())
    space.adapt(data)
    space.adapt(data.batch(4))
    width = 1 + 1 + 32 + 11 + 32 + 11 + 32 + 32  # as in Keras' unit tests: 152
    assert width == 152
    assert space(row(table())).shape == (width,)
    out = space(table())
    assert out.shape == (10, width) and out.dtype == "float32"
    same(space({k: lamina.ops.convert_to_tensor(v) for k, v in table().items()}), out)
    same(out[3], space({k: v[3] for k, v in table().items()}))
    same(out[:, 0], table()["float_1"])
    normalized = np.asarray(out[:, 1])
    assert abs(normalized.mean()) < 1e-6 and abs(normalized.std() - 1) < 1e-5
    assert np.asarray(out)[:, 2:].sum(1).tolist() == [6.0] * 10  # a 1 for each other feature
    same(next(iter(data.map(space))), out[0])


def test_strings_and_a_dict(engine):
    kinds = {**KINDS, "string_1": "string_categorical", "string_2": "string_hashed"}
    space = FeatureSpace(kinds, output_mode="dict", crosses=[("int_1", "string_1")], crossing_dim=5)
    space.adapt(table(strings=True))
    out = space(table(strings=True))
    shapes = {name: tuple(x.shape) for name, x in out.items()}
    assert shapes == {
        **{"float_1": (10, 1), "float_2": (10, 1), "float_3": (10, 32), "int_1": (10, 11), "int_2": (10, 32)},
        **{"int_3": (10, 11), "string_1": (10, 11), "string_2": (10, 32), "int_1_X_string_1": (10, 5)},
    }
    assert {name: x.ndim for name, x in space(row(table(strings=True))).items()} == dict.fromkeys(shapes, 1)
    crossed = lamina.layers.HashedCrossing(5)
    a, b = (space.preprocessors[n](np.array(table(strings=True)[n])[:, None]) for n in ("int_1", "string_1"))
    same(out["int_1_X_string_1"], np.eye(5)[np.asarray(crossed([a, b]))[:, 0]])
    assert space.crossers["int_1_X_string_1"].num_bins == 5


def test_plain_indices():
    space = FeatureSpace(
        {
            "a": FeatureSpace.string_categorical(max_tokens=3, output_mode="int"),
            "b": FeatureSpace.float_discretized(4, output_mode="int"),
            "c": FeatureSpace.float_rescaled(2.0, 1.0),
            "t": FeatureSpace.feature("string", lamina.layers.TextVectorization(output_mode="count"), "float"),
        },
        crosses=[FeatureSpace.cross(("a", "b"), crossing_dim=7, output_mode="int")],
        output_mode="dict",
    )
    data = {
        "a": ["x", "x", "y", "y", "z"],
        "b": np.arange(5.0),
        "c": [1, 2, 3, 4, 5],
        "t": ["p q", "q", "p p", "", "r"],
    }
    space.adapt(data)
    out = space(data)
    same(out["a"], [[2], [2], [1], [1], [0]])
    same(out["c"], [[3], [5], [7], [9], [11]])
    assert out["a_X_b"].dtype == "int64" and out["b"].dtype == "int32" and out["t"].shape == (5, 4)
    with pytest.raises(ValueError, match="has not been encoded"):
        FeatureSpace({"a": FeatureSpace.integer_hashed(4, output_mode="int")}).get_encoded_features()


def test_models(engine, tmp_path):
    kinds = {**KINDS, "string_1": "string_categorical"}
    space = FeatureSpace(kinds, crosses=[("int_1", "string_1")])
    data = table(strings=True)
    del data["string_2"]
    space.adapt(data)
    model = lamina.Model(space.get_inputs(), lamina.layers.Dense(1)(space.get_encoded_features()))
    model.compile("sgd", "mse")
    x = {k: np.array(v)[:, None] for k, v in data.items()}
    y = np.arange(10.0)
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    want = model.predict(x, verbose=0)
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), want)
    after = lamina.Sequential([lamina.Input((space(data).shape[1],)), lamina.layers.Dense(1)])
    after.layers[0].set_weights(model.layers[-1].get_weights())
    same(after.predict(space(data), verbose=0), want)


def test_files(tmp_path):
    kinds = {**KINDS, "string_1": "string_categorical", "string_2": FeatureSpace.string_hashed(5)}
    space = FeatureSpace(kinds, crosses=[("int_1", "string_1")], name="space")
    data = table(strings=True)
    space.adapt(data)
    want = space(data)
    space.save(tmp_path / "space.keras")
    loaded = lamina.models.load_model(tmp_path / "space.keras")
    assert isinstance(loaded, FeatureSpace) and list(loaded.features) == list(kinds)
    same(loaded(data), want)
    config = lamina.saving.serialize_keras_object(space)
    assert (config["module"], config["class_name"]) == ("keras.utils", "FeatureSpace")
    assert config["config"]["features"]["int_1"]["class_name"] == "Feature"
    again = FeatureSpace.from_config(space.get_config())
    again.adapt(data)
    same(again(data), want)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureSpace({}), "None or empty"),
        (lambda: FeatureSpace({"a": "complex"}), "Invalid feature type: complex"),
        (lambda: FeatureSpace({"a": "float"}, output_mode="list"), "output_mode"),
        (lambda: FeatureSpace({"a": "float"}, crosses=[("a", "b")]), "unknown features"),
        (lambda: FeatureSpace({"a": "float", "b": "float"}, crosses=[("a", "b")], crossing_dim=None), "crossing_dim"),
        (lambda: FeatureSpace.cross(("a", "b"), 3, output_mode="float"), "output_mode"),
        (lambda: FeatureSpace.feature("float32", None, "vector"), "output_mode"),
        (lambda: FeatureSpace({"a": "float_normalized"}).get_inputs(), "call `.adapt"),
        (lambda: FeatureSpace({"a": "float_normalized"})({"a": [1.0]}), "call `.adapt"),
        (lambda: FeatureSpace({"a": "float"})([1.0]), "called with a dict"),
        (lambda: FeatureSpace({"a": "float_normalized"}).adapt([1.0]), "can only be called on"),
    ],
)
def test_misuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
