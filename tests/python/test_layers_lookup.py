"""StringLookup and IntegerLookup. Keras' own need TensorFlow: values are those of its documentation and unit tests, or
derived by hand."""

import copy
import pickle
import zipfile

import lamina
import numpy as np
import pytest

layers = lamina.layers
StringLookup, IntegerLookup = layers.StringLookup, layers.IntegerLookup
LETTERS = ["a", "b", "c", "d"]


def same(got, want):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-6)


def test_documented_examples(engine):
    same(StringLookup(vocabulary=LETTERS)([["a", "c", "d"], ["d", "z", "b"]]), [[1, 3, 4], [4, 0, 2]])
    layer = StringLookup()
    layer.adapt([["a", "c", "d"], ["d", "z", "b"]])
    assert layer.get_vocabulary() == ["[UNK]", "d", "z", "c", "b", "a"]
    same(layer([["a", "c", "d"], ["d", "z", "b"]]), [[5, 3, 1], [1, 2, 4]])
    same(
        StringLookup(vocabulary=LETTERS, num_oov_indices=2)([["a", "c", "d"], ["m", "z", "b"]]), [[2, 4, 5], [0, 1, 3]]
    )
    same(StringLookup(vocabulary=LETTERS, output_mode="one_hot")([*LETTERS, "z"]), np.roll(np.eye(5), 1, axis=1))
    data = [["a", "c", "d", "d"], ["d", "z", "b", "z"]]
    same(StringLookup(vocabulary=LETTERS, output_mode="multi_hot")(data), [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]])
    same(StringLookup(vocabulary=LETTERS, output_mode="count")(data), [[0, 1, 0, 1, 2], [2, 0, 1, 0, 1]])
    layer = StringLookup(output_mode="tf_idf")
    layer.set_vocabulary(LETTERS, idf_weights=[0.25, 0.75, 0.6, 0.4])
    same(layer(data), [[0, 0.25, 0, 0.6, 0.8], [1.0, 0, 0.75, 0, 0.4]])
    layer.set_vocabulary(["[UNK]", *LETTERS], idf_weights=[0.9, 0.25, 0.75, 0.6, 0.4])
    same(layer(data), [[0, 0.25, 0, 0.6, 0.8], [1.8, 0, 0.75, 0, 0.4]])
    back = StringLookup(vocabulary=LETTERS, invert=True)
    assert back([[1, 3, 4], [4, 0, 2]]).numpy().tolist() == [["a", "c", "d"], ["d", "[UNK]", "b"]]


def test_documented_examples_of_integers(engine):
    vocabulary = [12, 36, 1138, 42]
    same(IntegerLookup(vocabulary=vocabulary)(np.array([[12, 1138, 42], [42, 1000, 36]])), [[1, 3, 4], [4, 0, 2]])
    layer = IntegerLookup()
    layer.adapt(np.array([[12, 1138, 42], [42, 1000, 36]]))
    assert layer.get_vocabulary() == [-1, 42, 1138, 1000, 36, 12]
    two = IntegerLookup(vocabulary=vocabulary, num_oov_indices=2)
    same(two(np.array([[12, 1138, 42], [37, 1000, 36]])), [[2, 4, 5], [1, 0, 3]])
    values = np.array([100, 300, 700, 1100, 1700, 2000])
    same(IntegerLookup(vocabulary=[10, 20, 30], num_oov_indices=4)(values), np.zeros(6))
    hashed = IntegerLookup(vocabulary=[10, 20, 30], num_oov_indices=4, oov_method="farmhash")
    same(hashed(values), [3, 3, 2, 2, 0, 1])
    data = np.array([[12, 1138, 42, 42], [42, 7, 36, 7]])
    same(IntegerLookup(vocabulary=vocabulary, output_mode="count")(data), [[0, 1, 0, 1, 2], [2, 0, 1, 0, 1]])
    layer = IntegerLookup(output_mode="tf_idf", vocabulary=vocabulary, idf_weights=[0.25, 0.75, 0.6, 0.4])
    same(layer(data), [[0, 0.25, 0, 0.6, 0.8], [1.0, 0, 0.75, 0, 0.4]])
    back = IntegerLookup(vocabulary=layer.get_vocabulary(), invert=True)
    assert back(np.array([[1, 3, 4], [4, 0, 2]])).numpy().tolist() == [[12, 1138, 42], [42, -1, 36]]
    assert back([1]).dtype == "int64"
    big = IntegerLookup(vocabulary=[2**60 + 1, 2**60])
    same(big([2**60 + 1, 2**60, 2**60 + 2]), [1, 2, 0])


def test_forms_of_data(engine):
    layer = StringLookup(vocabulary=LETTERS)
    same(layer("b"), 2)
    same(layer(np.array("b")), 2)
    same(layer(("a", "b")), [1, 2])
    same(layer(np.array([b"a", b"z"])), [1, 0])
    same(layer(lamina.ops.convert_to_tensor(["d"])), [4])
    assert layer(["a"]).dtype == "int64"
    same(IntegerLookup(vocabulary=[5, 7])(7), 2)
    same(IntegerLookup(vocabulary=[5, 7])(np.array([7.0, 5.9])), [2, 1])
    with pytest.raises(TypeError, match="IntegerLookup"):
        layer([1, 2])
    with pytest.raises(TypeError, match="StringLookup"):
        IntegerLookup(vocabulary=[5, 7])(["a"])
    with pytest.raises(ValueError, match="rectangular"):
        layer([["a"], ["b", "c"]])


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("kind", ["string", "integer"])
def test_mask(kind, special, engine):
    cls, mask, oov, terms, data, unknown = (
        (StringLookup, "", "[OOV]", ["one", "two", "three"], ["one", "two", "four", ""], "four")
        if kind == "string"
        else (IntegerLookup, 0, -1, [1, 2, 3], [1, 2, 4, 0], 4)
    )
    given = [mask, oov, *terms] if special else terms
    layer = cls(vocabulary=given, mask_token=mask, oov_token=oov)
    assert layer.get_vocabulary() == [mask, oov, *terms]
    assert layer.get_vocabulary(include_special_tokens=False) == terms and layer.vocabulary_size() == 5
    same(layer(data), [2, 3, 1, 0])
    assert cls.from_config(layer.get_config()).get_vocabulary() == layer.get_vocabulary()
    given = [oov, *terms] if special else terms
    for mode, want in (("multi_hot", [1, 1, 1, 0]), ("count", [1, 1, 1, 0])):
        same(cls(vocabulary=given, mask_token=mask, oov_token=oov, output_mode=mode)(data), want)
    one = cls(vocabulary=given, mask_token=mask, oov_token=oov, output_mode="one_hot")
    same(one(data), [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    back = cls(vocabulary=terms, mask_token=mask, oov_token=oov, invert=True)
    assert back([0, 1, 2, 99]).numpy().tolist() == [mask, oov, terms[0], oov]
    strict = cls(vocabulary=terms, mask_token=mask, num_oov_indices=0)
    same(strict(data[:2]), [1, 2])
    with pytest.raises(ValueError, match=f"{unknown}.*num_oov_indices=1"):
        strict(data)


def test_adapt(engine):
    for cls, data in ((StringLookup, list("aaabbc")), (IntegerLookup, [1, 1, 1, 2, 2, 3])):
        layer = cls(max_tokens=3)
        layer.adapt(data)
        assert layer.get_vocabulary(False) == sorted(set(data))[:2]
        layer.adapt(np.array(data))
        assert layer.get_vocabulary(False) == sorted(set(data))[:2]
        layer.adapt(lamina.data.Dataset.from_tensor_slices(data).batch(2))
        assert layer.get_vocabulary(False) == sorted(set(data))[:2]
        layer.adapt((np.array(data[i : i + 1]) for i in range(10)), steps=1)
        assert layer.get_vocabulary(False) == data[:1]
        layer.reset_state()
        layer.update_state(data[-1:])
        layer.update_state(data[-1:])
        layer.update_state(data[:1])
        layer.finalize_state()
        assert layer.get_vocabulary(False) == [data[-1], data[0]]
        with pytest.raises(ValueError, match="static vocabulary"):
            cls(vocabulary=data[:1]).adapt(data)
    layer = StringLookup(mask_token="m", oov_token="o")
    layer.adapt(["m", "m", "o", "x", "y", "y"])  # special terms are not learned
    assert layer.get_vocabulary() == ["m", "o", "y", "x"]


def test_adapt_of_weights(engine):
    layer = StringLookup(max_tokens=7, mask_token="", oov_token="[OOV]", output_mode="tf_idf")
    layer.adapt(["one", "one", "one", "two", "two", "three"])  # each a document
    same(layer.idf_weights[1:], np.log(1 + 6 / (1 + np.array([3, 2, 1]))))
    same(layer(["one", "two", "four"]), [1.1337324, 0.91629076, 1.0986123, 0.0])
    layer = StringLookup(max_tokens=7, mask_token="", output_mode="tf_idf", pad_to_max_tokens=True)
    layer.adapt([["one", "one"], ["one", "two"], ["two", "three"]])
    out = layer([["one", "two"], ["two", "four"]])
    same(out, [[0, 0.6931472, 0.6931472, 0, 0, 0, 0], [0.76752836, 0, 0.6931472, 0, 0, 0, 0]])


def test_shapes():
    for mode, rank2, rank3 in (
        ("int", (None, 5), (None, 2, 3)),
        ("one_hot", (None, 5, 5), (None, 2, 3, 5)),
        ("multi_hot", (None, 5), (None, 3, 5)),
        ("count", (None, 5), (None, 3, 5)),
    ):
        for cls, vocabulary, dtype in ((StringLookup, LETTERS, "string"), (IntegerLookup, [1, 2, 3, 4], "int32")):
            layer = cls(vocabulary=vocabulary, output_mode=mode)
            want = "int64" if mode == "int" else "float32"
            for shape, out in (((None, 5), rank2), ((None, 2, 3), rank3)):
                spec = layer(lamina.Input(batch_shape=shape, dtype=dtype))
                assert spec.shape == out and spec.dtype == want and layer.compute_output_shape(shape) == out
                sizes = tuple(4 if n is None else n for n in shape)
                x = np.full(sizes, vocabulary[0])
                got = layer(x)
                assert got.shape == tuple(4 if n is None else n for n in out) and got.dtype == want
    assert StringLookup(vocabulary=LETTERS, output_mode="one_hot")(lamina.Input((1,), dtype="string")).shape == (
        None,
        5,
    )


def test_vocabulary_from_a_file(tmp_path):
    path = tmp_path / "terms.txt"
    path.write_text("a\nb\r\n\nlast")
    layer = StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "a", "b", "", "last"]
    assert layer.get_config()["vocabulary"] is None  # it goes to the archive
    path.write_text("5\n-7\n")
    assert IntegerLookup(vocabulary=str(path)).get_vocabulary() == [-1, 5, -7]
    config = lamina.saving.serialize_keras_object(StringLookup(vocabulary=LETTERS))
    config["config"]["vocabulary"] = str(path)
    with pytest.raises(ValueError, match="outside of the model archive"):
        lamina.saving.deserialize_keras_object(config)
    assert lamina.saving.deserialize_keras_object(config, safe_mode=False).get_vocabulary() == ["[UNK]", "5", "-7"]
    path.write_text("5\nx\n")
    with pytest.raises(ValueError, match="'x'"):
        IntegerLookup(vocabulary=str(path))


def lookup_model():
    i, n = lamina.Input((3,), dtype="string", name="i"), lamina.Input((1,), dtype="int32", name="n")
    x = layers.StringLookup(name="words", mask_token="")(i)
    x = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(x))
    y = layers.Flatten()(layers.IntegerLookup(vocabulary=[5, 7], output_mode="one_hot", name="numbers")(n))
    weighted = layers.StringLookup(name="weighted", output_mode="tf_idf")
    weighted.adapt(DATA["i"])
    out = layers.Dense(1)(layers.Concatenate()([x, y, weighted(i)]))
    model = lamina.Model({"i": i, "n": n}, out)
    model.get_layer("words").adapt(DATA["i"])
    return model


DATA = {
    "i": np.array([["a", "b", "c"], ["c", "", "zz"], ["äöü", "a", "a"], ["b", "b", "b"]]),
    "n": np.array([[5], [7], [9], [5]]),
}


def test_models_train_and_come_back(engine, tmp_path):
    model = lookup_model()
    model.compile("sgd", "mse")
    history = model.fit(DATA, np.arange(4.0), epochs=3, batch_size=2, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    want = model.predict(DATA, verbose=0)
    same(model(DATA), want)
    assert np.isfinite(model.evaluate(DATA, np.arange(4.0), verbose=0))
    model.save(tmp_path / "m.keras")
    loaded = lamina.models.load_model(tmp_path / "m.keras")
    same(loaded.predict(DATA, verbose=0), want)
    assert loaded.get_layer("words").get_vocabulary() == model.get_layer("words").get_vocabulary()
    names = zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert "assets/layers/string_lookup/vocabulary.txt" in names
    assert not any("integer_lookup" in n for n in names)  # its vocabulary stands in the config
    text = zipfile.ZipFile(tmp_path / "m.keras").read("assets/layers/string_lookup/vocabulary.txt").decode()
    assert text.split("\n") == model.get_layer("words").get_vocabulary()


def test_a_new_vocabulary_reaches_compiled_steps(engine):
    layer = StringLookup(vocabulary=LETTERS)
    i = lamina.Input((1,), dtype="string")
    model = lamina.Model(i, layer(i))
    x = np.array([["d"], ["q"]])
    same(model.predict(x, verbose=0), [[4], [0]])
    layer.set_vocabulary(["q"])
    same(model.predict(x, verbose=0), [[0], [1]])
    same(model(x), [[0], [1]])


def test_terms_that_lines_cannot_hold(tmp_path):
    """A term with a line break in it: such vocabularies stand in the config, where Keras finds them too."""
    layer = StringLookup()
    layer.adapt(["a\nb", "c", "c", " "])
    i = lamina.Input((1,), dtype="string")
    model = lamina.Model(i, layer(i))
    model.save(tmp_path / "m.keras")
    loaded = lamina.models.load_model(tmp_path / "m.keras")
    same(loaded.predict(np.array([["a\nb"], ["c"], ["x"]]), verbose=0), [[2], [1], [0]])


def test_pickles_and_copies():
    for mode in ("int", "tf_idf"):
        layer = StringLookup(output_mode=mode, max_tokens=9, pad_to_max_tokens=mode != "int")
        fresh = pickle.loads(pickle.dumps(layer))
        fresh.adapt(["x"])
        layer.adapt(["a", "b", "b"])
        for again in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
            assert again.get_vocabulary() == ["[UNK]", "b", "a"]
            same(again(["a", "q"]), layer(["a", "q"]))
    text = layers.TextVectorization()
    text.adapt(["some words", "more words"])
    same(pickle.loads(pickle.dumps(text))(["more words"]), text(["more words"]))
    given = copy.deepcopy(StringLookup(vocabulary=["x"]))
    assert given.get_vocabulary() == ["[UNK]", "x"]


def test_configs():
    config = StringLookup(vocabulary=("a", "b"), name="s").get_config()
    assert list(config) == [
        *("name", "trainable", "dtype", "invert", "max_tokens", "num_oov_indices", "oov_token", "mask_token"),
        *("output_mode", "sparse", "pad_to_max_tokens", "idf_weights", "vocabulary", "vocabulary_size", "oov_method"),
        *("salt", "encoding"),
    ]
    assert config["vocabulary"] == ["a", "b"] and config["vocabulary_size"] == 3
    config = IntegerLookup(vocabulary=np.array([3, 4]), salt=5, num_oov_indices=2, oov_method="farmhash").get_config()
    assert config["vocabulary"] == [3, 4] and config["salt"] == [5, 5] and config["vocabulary_dtype"] == "int64"
    again = IntegerLookup.from_config(config)
    assert again.get_config() == config and again([3, 9]).shape == (2,)
    layer = StringLookup()
    assert layer.dtype == layer.compute_dtype == "string" and not layer.supports_jit
    assert IntegerLookup().dtype == "int64"
    assert StringLookup(vocabulary=["x"]).input_vocabulary == ["x"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: StringLookup(max_tokens=1), ValueError, "greater than 1"),
        (lambda: StringLookup(pad_to_max_tokens=True), ValueError, "max_tokens"),
        (lambda: IntegerLookup(num_oov_indices=-1), ValueError, "num_oov_indices"),
        (lambda: StringLookup(output_mode="bad"), ValueError, "output_mode"),
        (lambda: StringLookup(invert=True, output_mode="count"), ValueError, "invert"),
        (lambda: StringLookup(sparse=True, output_mode="count"), ValueError, "sparse"),
        (lambda: StringLookup(idf_weights=[1.0]), ValueError, "idf_weights"),
        (lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf"), ValueError, "idf_weights"),
        (lambda: StringLookup(vocabulary=[]), ValueError, "empty vocabulary"),
        (lambda: StringLookup(vocabulary=["a", "b", "a"]), ValueError, r"repeated terms are: \['a'\]"),
        (lambda: StringLookup(vocabulary=["a", "", "b"], mask_token=""), ValueError, "mask token.*index 1"),
        (lambda: StringLookup(vocabulary=["a", "[UNK]"], invert=True), ValueError, "OOV token.*index 1"),
        (lambda: StringLookup(vocabulary=["a", "b"], max_tokens=2), ValueError, "size is 3; `max_tokens` is 2"),
        (lambda: StringLookup(vocabulary="/no/such/file"), ValueError, "does not exist"),
        (lambda: StringLookup(vocabulary=[1, 2]), TypeError, "must be strings"),
        (lambda: IntegerLookup(vocabulary=["a"]), TypeError, "must be integers"),
        (lambda: IntegerLookup(vocabulary_dtype="int32"), ValueError, "vocabulary_dtype"),
        (lambda: IntegerLookup(oov_method="x"), ValueError, "oov_method"),
        (lambda: IntegerLookup(salt=3), ValueError, "farmhash"),
        (lambda: StringLookup(salt=[1, 2, 3]), ValueError, "salt"),
        (lambda: StringLookup(output_mode="count")(["a"]), RuntimeError, "set the layer's vocabulary"),
        (lambda: StringLookup()(["a"]), RuntimeError, "no vocabulary yet"),
        (
            lambda: StringLookup(vocabulary=["a"], output_mode="count").set_vocabulary(["b", "c"]),
            RuntimeError,
            "cannot be",
        ),
        (lambda: StringLookup().adapt(np.arange(3)), TypeError, "IntegerLookup"),
        (lambda: StringLookup().adapt([(["a"], 1)]), (TypeError, ValueError), "rectangular|strings"),
        (lambda: StringLookup(colour="red"), (TypeError, ValueError), "colour"),
    ],
)
def test_misuse(make, error, message):
    with pytest.raises(error, match=message):
        make()
