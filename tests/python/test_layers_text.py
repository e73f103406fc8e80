"""TextVectorization. Keras' own needs TensorFlow: values are those of its documentation and unit tests, or derived by
hand."""

import zipfile

import lamina
import numpy as np
import pytest

layers = lamina.layers
TextVectorization = layers.TextVectorization
WORDS = ["foo", "bar", "baz"]


def same(got, want):
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=1e-6)


def test_documented_example(engine):
    layer = TextVectorization(max_tokens=5000, output_mode="int", output_sequence_length=4)
    layer.adapt(["foo bar", "bar baz", "baz bada boom"])
    same(layer([["foo qux bar"], ["qux baz"]]), [[4, 1, 3, 0], [1, 2, 0, 0]])
    fixed = TextVectorization(vocabulary=["earth", "wind", "and", "fire"], max_tokens=5000)
    assert fixed.get_vocabulary() == ["", "[UNK]", "earth", "wind", "and", "fire"]
    assert fixed.get_vocabulary(include_special_tokens=False) == ["earth", "wind", "and", "fire"]
    assert fixed.vocabulary_size() == 6


@pytest.mark.parametrize(
    ("standardize", "vocabulary", "text", "want"),
    [
        ("lower_and_strip_punctuation", "hello world this is nice test", "Hello, World!. This is just a nice test!", 0),
        ("lower", "hello, hello world this is nice test", "Hello, World!. This is just a nice test!", 1),
        ("strip_punctuation", "Hello World Test", "Hello, World! Test.", 2),
        (None, "Hello world", "Hello hello", 3),
    ],
)
def test_standardize(standardize, vocabulary, text, want):
    wants = [[2, 3, 4, 5, 1, 1, 6, 7], [2, 1, 5, 6, 1, 1, 7, 1], [2, 3, 4], [2, 1]]
    same(TextVectorization(standardize=standardize, vocabulary=vocabulary.split())([text]), [wants[want]])


def test_letters_beyond_ascii_stay():
    """As with Keras, whose lower() gives TensorFlow no encoding."""
    layer = TextVectorization(vocabulary=["Äpfel", "äpfel", "straße"])
    same(layer(["ÄPFEL Äpfel äpfel STRAßE"]), [[2, 2, 3, 4]])


def test_split(engine):
    same(TextVectorization(split="character", vocabulary=list("abcde"))(["abcf"]), [[2, 3, 4, 1]])
    same(TextVectorization(split="character", vocabulary=["ä", "€"])(["ä€x"]), [[2, 3, 1]])
    same(TextVectorization(split=None, vocabulary=WORDS)([["foo"], ["bar"], ["unknown"]]), [[2], [3], [1]])
    same(TextVectorization(split=None, vocabulary=WORDS)(["foo", "x"]), [2, 1])
    whole = TextVectorization(split=None, vocabulary=WORDS, output_sequence_length=4)
    same(whole([["foo", "bar"]]), [[2, 3, 0, 0]])
    same(TextVectorization(vocabulary=WORDS)(["foo\t bar\n\n baz ", "", "foo"]), [[2, 3, 4], [0, 0, 0], [2, 0, 0]])
    same(TextVectorization(vocabulary=WORDS)("baz foo"), [4, 2])
    same(TextVectorization(vocabulary=WORDS)([["foo"], [""]]), [[2], [0]])
    assert TextVectorization(vocabulary=WORDS)(np.array([], dtype=str)).shape == (0, 0)
    with pytest.raises(ValueError, match="last shape dimension must be 1"):
        TextVectorization(vocabulary=WORDS)([["foo", "bar"]])


def test_ngrams(engine):
    layer = TextVectorization(ngrams=2)
    layer.adapt(["foo bar baz"])
    assert sorted(layer.get_vocabulary(False)) == ["bar", "bar baz", "baz", "foo", "foo bar"]
    layer = TextVectorization(ngrams=(1, 3))
    layer.adapt(["foo bar baz"])
    assert sorted(layer.get_vocabulary(False)) == ["bar", "baz", "foo", "foo bar baz"]
    pairs = TextVectorization(ngrams=(2,), vocabulary=["foo bar", "bar baz"], output_sequence_length=3)
    same(pairs(["foo bar baz", "foo", "bar baz qux"]), [[2, 3, 0], [0, 0, 0], [3, 1, 0]])


def test_counts(engine):
    x = ["foo bar", "baz foo foo", "qux, QUX"]
    same(TextVectorization(output_mode="multi_hot", vocabulary=WORDS)(x), [[0, 1, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]])
    same(TextVectorization(output_mode="count", vocabulary=WORDS)(x), [[0, 1, 1, 0], [0, 2, 0, 1], [2, 0, 0, 0]])
    weighted = TextVectorization(output_mode="tf_idf", vocabulary=WORDS, idf_weights=[0.3, 0.5, 0.2])
    same(weighted(x[:2]), [[0, 0.3, 0.5, 0], [0, 0.6, 0, 0.2]])
    padded = TextVectorization(output_mode="count", vocabulary=WORDS, max_tokens=6, pad_to_max_tokens=True)
    same(padded(x), [[0, 1, 1, 0, 0, 0], [0, 2, 0, 1, 0, 0], [2, 0, 0, 0, 0, 0]])
    one = TextVectorization(output_mode="one_hot", vocabulary=WORDS)(["foo bar", "x"])
    same(one, [[[0, 1, 0, 0], [0, 0, 1, 0]], [[1, 0, 0, 0], [0, 0, 0, 0]]])
    each = TextVectorization(output_mode="count", vocabulary=WORDS, split=None)
    same(each([["foo", "foo", "x"]]), [[1, 2, 0, 0]])
    same(each(["foo", "x"]), [[0, 1, 0, 0], [1, 0, 0, 0]])


def test_adapt():
    texts = ["foo bar", "bar baz", "unique word"]
    want = ["", "[UNK]", "bar", "word", "unique", "foo", "baz"]
    data = lamina.data.Dataset.from_tensor_slices(texts)
    for source in (texts, np.array(texts), np.array(texts)[:, None], data.batch(2), data, ([t] for t in texts)):
        layer = TextVectorization()
        layer.adapt(source)
        assert layer.get_vocabulary() == want
    layer.adapt(data.batch(1).repeat(), steps=2)
    assert "unique" not in layer.get_vocabulary() and "bar" in layer.get_vocabulary()
    layer = TextVectorization(max_tokens=5)
    layer.adapt(["a b c d e f g h i j"])
    assert layer.get_vocabulary() == ["", "[UNK]", "j", "i", "h"]
    idf = TextVectorization(output_mode="tf_idf")
    idf.adapt(["a a b", "a c"])
    weights = {"c": np.log(1 + 2 / 2), "b": np.log(1 + 2 / 2), "a": np.log(1 + 2 / 3)}
    assert idf.get_vocabulary() == ["[UNK]", "a", "c", "b"]
    mean = np.mean(list(weights.values()))
    same(idf(["a c", "z z"]), [[0, weights["a"], weights["c"], 0], [2 * mean, 0, 0, 0]])
    with pytest.raises(ValueError, match="static vocabulary"):
        TextVectorization(vocabulary=WORDS).adapt(texts)


def test_functions_of_ones_own(engine, tmp_path):
    seen = []

    @lamina.saving.register_keras_serializable("test")
    def standard(text):
        seen.append((type(text).__name__, text.dtype.kind, text.shape))
        return np.char.replace(np.char.lower(text), ",", "")

    @lamina.saving.register_keras_serializable("test")
    def bars(text):
        return [str(t).split("|") for t in text]

    layer = TextVectorization(standardize=standard)
    layer.adapt(["Hello, world."])
    assert seen == [("ndarray", "U", (1, 1))]
    assert layer.get_vocabulary(False) == ["world.", "hello"]
    i = lamina.Input((1,), dtype="string")
    model = lamina.Model(i, TextVectorization(standardize=standard, split=bars, vocabulary=WORDS)(i))
    x = np.array([["FOO|bar"], ["q"]])
    same(model.predict(x, verbose=0), [[2, 3], [1, 0]])
    same(model(x), [[2, 3], [1, 0]])
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), [[2, 3], [1, 0]])
    with pytest.raises(TypeError, match="must return strings"):
        TextVectorization(standardize=lambda t: np.ones(t.shape), vocabulary=WORDS)(["a"])
    with pytest.raises(ValueError, match="each of the 2 texts"):
        TextVectorization(split=lambda t: [["a"]], vocabulary=WORDS)(["a", "b"])
    with pytest.raises(ValueError, match="shape"):
        TextVectorization(standardize=lambda t: t[:1], vocabulary=WORDS)(["a", "b"])


TEXTS = np.array(["A good film, a GREAT one", "bad. bad!", "great good", "so bad it is good"])
LABELS = np.array([1.0, 0.0, 1.0, 0.0])


def classifier(layer):
    return lamina.Sequential(
        [
            lamina.Input((1,), dtype="string"),
            layer,
            layers.Embedding(20, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


@pytest.mark.parametrize("length", [6, None])
def test_text_classification(length, engine, tmp_path):
    """From texts to classes, with fixed and with varying lengths; what is saved works as before."""
    layer = TextVectorization(max_tokens=20, output_sequence_length=length)
    layer.adapt(TEXTS)
    model = classifier(layer)
    assert model.layers[0].output.shape == (None, length) and model.layers[0].output.dtype == "int64"
    model.compile(lamina.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    data = lamina.data.Dataset.from_tensor_slices((TEXTS, LABELS)).shuffle(4, seed=1).batch(2)
    losses = model.fit(data, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    want = model.predict(TEXTS, verbose=0)
    assert ((want[:, 0] > 0.5) == LABELS).all()
    same(model(TEXTS), want)
    same(model.predict(TEXTS[:, None], batch_size=4, verbose=0), want)
    assert model.evaluate(TEXTS, LABELS, verbose=0)[1] == 1
    model.save(tmp_path / "m.keras")
    names = zipfile.ZipFile(tmp_path / "m.keras").namelist()
    assert "assets/layers/text_vectorization/vocabulary.txt" in names
    assert "assets/layers/text_vectorization/_lookup_layer/vocabulary.txt" in names  # as Keras writes it
    loaded = lamina.models.load_model(tmp_path / "m.keras")
    same(loaded.predict(TEXTS, verbose=0), want)
    assert loaded.layers[0].get_vocabulary() == layer.get_vocabulary()
    loaded.fit(TEXTS, LABELS, verbose=0)


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
def test_counts_in_models(mode, engine, tmp_path):
    layer = TextVectorization(output_mode=mode, max_tokens=30, pad_to_max_tokens=mode == "count")
    i = lamina.Input((1,), dtype="string")
    if mode != "count":
        with pytest.raises(RuntimeError, match="set the layer's vocabulary"):
            layer(i)
    layer.adapt(TEXTS)
    out = layer(i)
    assert out.shape == (None, 30 if mode == "count" else layer.vocabulary_size()) and out.dtype == "float32"
    model = lamina.Model(i, layers.Dense(2)(out))
    want = model.predict(TEXTS, verbose=0)
    same(model(TEXTS), want)
    model.save(tmp_path / "m.keras")
    same(lamina.models.load_model(tmp_path / "m.keras").predict(TEXTS, verbose=0), want)


def test_in_a_dataset(engine):
    layer = TextVectorization(vocabulary=WORDS, output_sequence_length=3)
    data = lamina.data.Dataset.from_tensor_slices((["foo bar", "baz"], [0, 1]))
    batched = next(iter(data.batch(2).map(lambda x, y: (layer(x), y), num_parallel_calls=2)))
    same(batched[0], [[2, 3, 0], [4, 0, 0]])
    same(list(data.map(lambda x, y: x).map(layer)), [[2, 3, 0], [4, 0, 0]])


def test_in_a_wrapper_and_a_subclass(engine):
    class Classifier(lamina.Model):
        def __init__(self):
            super().__init__()
            self.text = TextVectorization(vocabulary=WORDS)
            self.embedding = layers.Embedding(5, 2)
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(lamina.ops.mean(self.embedding(self.text(x)), axis=1))

    model = Classifier()
    model.compile("sgd", "mse")
    model.fit(TEXTS, LABELS, verbose=0)
    assert model.predict(TEXTS, verbose=0).shape == (4, 1)


def test_configs():
    layer = TextVectorization(ngrams=(1, 2), vocabulary=WORDS, output_sequence_length=5, name="t")
    config = layer.get_config()
    assert list(config) == [
        *("name", "trainable", "dtype", "max_tokens", "standardize", "split", "ngrams", "output_mode"),
        *("output_sequence_length", "pad_to_max_tokens", "sparse", "ragged", "vocabulary", "idf_weights", "encoding"),
        "vocabulary_size",
    ]
    assert config["ngrams"] == (1, 2) and config["vocabulary"] == WORDS and config["vocabulary_size"] == 5
    again = TextVectorization.from_config(config)
    assert again.get_config() == config
    same(again(["foo bar"]), layer(["foo bar"]))
    again = lamina.saving.deserialize_keras_object(lamina.saving.serialize_keras_object(layer))
    same(again(["foo bar"]), layer(["foo bar"]))
    fresh = TextVectorization.from_config(TextVectorization(output_mode="count").get_config())
    fresh.adapt(["a b c"])
    assert fresh(["a"]).shape == (1, 4)
    assert layer.dtype == layer.compute_dtype == "string"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"ngrams": "invalid"}, ValueError, "`ngrams` must be None, an integer, or a tuple"),
        ({"ngrams": 0}, ValueError, "ngrams"),
        ({"output_mode": "multi_hot", "output_sequence_length": 5}, ValueError, "`output_sequence_length` must not be"),
        ({"output_sequence_length": "x"}, ValueError, "output_sequence_length"),
        ({"output_sequence_length": -1}, ValueError, "output_sequence_length"),
        ({"standardize": "upper"}, ValueError, "standardize"),
        ({"split": "words"}, ValueError, "split"),
        ({"output_mode": "x"}, ValueError, "output_mode"),
        ({"ragged": True}, ValueError, "ragged"),
        ({"sparse": True, "output_mode": "count"}, ValueError, "sparse"),
        ({"vocabulary": ["a", "a"]}, ValueError, "repeated"),
        ({"vocabulary": WORDS, "output_mode": "tf_idf"}, ValueError, "idf_weights"),
        ({"max_tokens": 1}, ValueError, "max_tokens"),
        ({"standardise": "lower"}, (TypeError, ValueError), "standardize"),
    ],
)
def test_misuse(arguments, error, message):
    with pytest.raises(error, match=message):
        TextVectorization(**arguments)


def test_misuse_of_calls():
    with pytest.raises(TypeError, match="takes strings"):
        TextVectorization(vocabulary=WORDS)(np.ones((2, 1)))
    with pytest.raises(RuntimeError, match="no vocabulary yet"):
        TextVectorization()(["a"])
    with pytest.raises(TypeError, match="learns from strings"):
        TextVectorization().adapt(np.ones(3))
    with pytest.raises(TypeError, match="take x first"):
        TextVectorization().adapt(lamina.data.Dataset.from_tensor_slices((["a"], [1])).batch(1))
