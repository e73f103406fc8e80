"""Keras 2's tokenizers and generators, which tf.keras.preprocessing has: Keras' results."""

import random
import warnings

import lamina
import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as real_image
from keras.src.legacy.preprocessing import sequence as real_sequence
from keras.src.legacy.preprocessing import text as real_text
from lamina.legacy.preprocessing import image, sequence, text

TEXTS = ["The cat, the dog!", "a dog and a CAT and a bird", "", ["The", "Bird"]]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_words": 4},
        {"num_words": 4, "oov_token": "<none>"},
        {"char_level": True},
        {"lower": False, "split": "_"},
        {"analyzer": lambda t: t.split("d")},
        {"nb_words": 3},
    ],
    ids=["plain", "few", "others", "characters", "split", "analyzer", "old_name"],
)
@pytest.mark.filterwarnings("ignore:.*nb_words")
def test_tokenizer(options):
    ours, theirs = text.Tokenizer(**options), real_text.Tokenizer(**options)
    for t in (ours, theirs):
        t.fit_on_texts(TEXTS[:3])
        t.fit_on_texts(TEXTS[3:])
    for name in ("word_index", "index_word", "word_counts", "word_docs", "index_docs", "document_count"):
        assert getattr(ours, name) == getattr(theirs, name), name
    asked = [*TEXTS, "unknown words, the DOG"]
    rows = ours.texts_to_sequences(asked)
    assert rows == theirs.texts_to_sequences(asked)
    assert ours.sequences_to_texts([*rows, [99, 1]]) == theirs.sequences_to_texts([*rows, [99, 1]])
    for mode in ("binary", "count", "freq", "tfidf"):
        np.testing.assert_allclose(ours.texts_to_matrix(asked, mode), theirs.texts_to_matrix(asked, mode), rtol=1e-12)
    for t in (ours, theirs):
        t.fit_on_sequences([[1, 2, 2], [2]])
    np.testing.assert_allclose(ours.sequences_to_matrix(rows, "tfidf"), theirs.sequences_to_matrix(rows, "tfidf"))
    if "analyzer" not in options:
        assert ours.to_json() == theirs.to_json()
        again = text.tokenizer_from_json(theirs.to_json())
        assert again.texts_to_sequences(asked) == rows and again.get_config() == ours.get_config()


def test_words_and_hashes():
    for options in ({}, {"lower": False}, {"filters": "e", "split": ","}):
        of = lambda f: f("Here, there; and\teverywhere", **options)  # noqa: B023, E731
        assert of(text.text_to_word_sequence) == of(real_text.text_to_word_sequence)
    for f in ("one_hot", "hashing_trick"):
        assert getattr(text, f)("a b a", 50) == getattr(real_text, f)("a b a", 50)
    assert text.hashing_trick("a b", 9, "md5") == real_text.hashing_trick("a b", 9, "md5")
    assert text.hashing_trick("a b", 9, len, analyzer=list) == real_text.hashing_trick("a b", 9, len, analyzer=list)


def test_what_tokenizers_refuse():
    for module in (text, real_text):
        with pytest.raises(TypeError):
            module.Tokenizer(words=3)
        with pytest.raises(ValueError):
            module.Tokenizer().texts_to_matrix(["a"])
        with pytest.raises(ValueError):
            module.Tokenizer(5).sequences_to_matrix([[1]], "tfidf")
        with pytest.raises(ValueError):
            module.Tokenizer(5).sequences_to_matrix([[1]], "none")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sampling_rate": 2, "stride": 3},
        {"reverse": True, "start_index": 4, "end_index": 17},
        {"shuffle": True},
    ],
    ids=["plain", "steps", "reverse", "shuffle"],
)
def test_timeseries_generator(options):
    data, targets = np.arange(60.0).reshape(20, 3), list(range(20))
    made = [m.TimeseriesGenerator(data, targets, 5, batch_size=4, **options) for m in (sequence, real_sequence)]
    assert len(made[0]) == len(made[1])
    batches = []
    for generator in made:
        np.random.seed(3)
        batches.append([generator[i] for i in range(len(generator))])
    for ours, theirs in zip(*batches):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])
    assert {**made[0].get_config(), "x": 0}.items() >= made[0].get_config().items()
    model = lamina.Sequential([lamina.layers.Flatten(), lamina.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(made[0], verbose=0)
    for m in (sequence, real_sequence):
        with pytest.raises(ValueError):
            m.TimeseriesGenerator(data, targets[1:], 5)
        with pytest.raises(ValueError):
            m.TimeseriesGenerator(data, targets, 20)


def test_skipgrams():
    np.testing.assert_allclose(sequence.make_sampling_table(50), real_sequence.make_sampling_table(50), rtol=1e-12)
    table = np.linspace(0.2, 1, 9)
    for options in ({}, {"categorical": True, "negative_samples": 2.0}, {"sampling_table": table}, {"seed": 5}):
        results = []
        for module in (sequence, real_sequence):
            random.seed(1)
            results.append(module.skipgrams([1, 0, 3, 8, 2, 5], 9, window_size=2, **options))
        assert results[0] == results[1]


def pictures(channels=3, shape=(11, 8)):
    return np.random.default_rng(0).integers(0, 256, (6, *shape, channels)).astype("float32")


GENERATORS = {
    "nothing": {},
    "rotation": {"rotation_range": 40, "fill_mode": "constant", "cval": 7.0},
    "shift": {"width_shift_range": 0.3, "height_shift_range": 0.2, "fill_mode": "reflect"},
    "shift_pixels": {"width_shift_range": 3, "height_shift_range": [-2, 1, 2], "fill_mode": "wrap"},
    "shear": {"shear_range": 20, "zoom_range": 0.3, "interpolation_order": 0},
    "zoom": {"zoom_range": (0.4, 1.8), "fill_mode": "reflect", "rotation_range": 90},
    "flips": {"horizontal_flip": True, "vertical_flip": True, "rescale": 1 / 255},
    "colours": {"channel_shift_range": 50.0, "brightness_range": (0.2, 1.7)},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True},
    "function": {"preprocessing_function": lambda x: x - 3.0, "samplewise_center": True},
    "all": {
        "rotation_range": 20,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "shear_range": 0.2,
        "zoom_range": 0.2,
        "horizontal_flip": True,
        "fill_mode": "nearest",
        "rescale": 1 / 255,
    },
}


@pytest.mark.parametrize("name", GENERATORS)
def test_changes_at_random(name):
    x, y = pictures(), np.arange(6)
    weights = np.linspace(0, 1, 6)
    flows = []
    for module in (image, real_image):
        flow = module.ImageDataGenerator(**GENERATORS[name]).flow(
            x.copy(), y, batch_size=4, seed=2, sample_weight=weights, shuffle=name != "flips"
        )
        flows.append([next(flow) for _ in range(3)] + [flow[1]])
    for ours, theirs in zip(*flows):
        assert len(ours) == len(theirs) == 3
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3)


def test_channels_first():
    x = pictures().transpose(0, 3, 1, 2)
    both = []
    for module in (image, real_image):
        generator = module.ImageDataGenerator(rotation_range=30, horizontal_flip=True, data_format="channels_first")
        both.append(generator.random_transform(x[0], seed=4))
    np.testing.assert_allclose(*both, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("options", [{"zca_whitening": True}, {"featurewise_std_normalization": True}], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_fit(options):
    x = pictures(shape=(4, 3))
    both = []
    for module in (image, real_image):
        generator = module.ImageDataGenerator(**options, rescale=1 / 255, rotation_range=30)
        generator.fit(x, augment=True, rounds=2, seed=1)
        both.append(generator.standardize(x[:2].copy()))
        with pytest.raises(ValueError):
            generator.fit(x[0])
    np.testing.assert_allclose(*both, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    "f, arguments",
    [
        ("random_rotation", (30,)),
        ("random_shift", (0.2, 0.3)),
        ("random_shear", (15,)),
        ("random_zoom", ((0.5, 1.5),)),
        ("random_channel_shift", (20.0,)),
        ("random_brightness", ((0.5, 1.5),)),
    ],
    ids=str,
)
def test_functions(f, arguments):
    x = pictures()[0]
    axes = (
        {} if f in ("random_brightness", "random_channel_shift") else {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
    )
    both = []
    for module in (image, real_image):
        np.random.seed(7)
        both.append(getattr(module, f)(x, *arguments, **axes))
    np.testing.assert_allclose(*both, rtol=1e-4, atol=1e-3)


@pytest.fixture
def folder(tmp_path):
    for i, x in enumerate(pictures()):
        kind = tmp_path / ("cats", "dogs")[i % 2]
        kind.mkdir(exist_ok=True)
        lamina.utils.save_img(kind / f"{i}.png", x)
    (tmp_path / "cats" / "note.txt").write_text("no image")
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"class_mode": "binary", "color_mode": "grayscale", "subset": "training"},
        {"class_mode": "sparse", "classes": ["dogs", "cats"], "subset": "validation"},
        {"class_mode": "input", "interpolation": "bilinear"},
        {"class_mode": None, "keep_aspect_ratio": True},
    ],
    ids=["categorical", "binary", "sparse", "input", "none"],
)
def test_flow_from_directory(folder, options):
    flows = []
    for module in (image, real_image):
        generator = module.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, validation_split=0.4)
        flows.append(generator.flow_from_directory(str(folder), (6, 6), batch_size=2, seed=1, **options))
    ours, theirs = flows
    for name in ("class_indices", "filenames", "samples", "num_classes", "image_shape", "filepaths", "n"):
        assert getattr(ours, name) == getattr(theirs, name), name
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert len(ours) == len(theirs)
    for _ in range(3):
        a, b = next(ours), next(theirs)
        for p, q in zip(a if isinstance(a, tuple) else [a], b if isinstance(b, tuple) else [b], strict=True):
            assert p.dtype == q.dtype
            np.testing.assert_allclose(p, q, atol=2e-2)


def test_flow_from_dataframe(folder):
    pandas = pytest.importorskip("pandas")
    names = [f"{kind}/{i}.png" for i, kind in enumerate(["cats", "dogs"] * 3)] + ["none.png"]
    table = pandas.DataFrame(
        {"filename": names, "class": ["c", "d"] * 3 + ["c"], "size": np.arange(7.0), "weight": np.arange(7) / 7}
    )
    for options in (
        {"weight_col": "weight"},
        {"class_mode": "binary"},
        {"class_mode": "raw", "y_col": "size"},
        {"class_mode": "multi_output", "y_col": ["size", "weight"]},
        {"class_mode": "sparse", "classes": ["d"]},
        {"class_mode": None},
    ):
        flows = []
        for module in (image, real_image):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                flows.append(
                    module.ImageDataGenerator(rescale=0.5).flow_from_dataframe(
                        table, str(folder), target_size=(11, 8), batch_size=3, seed=3, **options
                    )
                )
            assert len(caught) == 1, [str(w.message) for w in caught]
        a, b = next(flows[0]), next(flows[1])
        leaves = [lamina.tree.flatten(x) for x in (a, b)]
        for p, q in zip(*leaves, strict=True):
            np.testing.assert_allclose(p, q)
    for module in (image, real_image):
        for error, options in (
            (ValueError, {"class_mode": "none"}),
            (TypeError, {"class_mode": "sparse", "y_col": "size"}),
            (TypeError, {"class_mode": "multi_output", "y_col": "size"}),
            (TypeError, {"x_col": "size"}),
            (ValueError, {"class_mode": "binary", "classes": ["c"]}),
        ):
            with pytest.raises(error):
                module.ImageDataGenerator().flow_from_dataframe(table, str(folder), validate_filenames=False, **options)


def test_trains(folder, tmp_path):
    (tmp_path / "saved").mkdir()
    generator = image.ImageDataGenerator(rescale=1 / 255, rotation_range=10)
    flow = generator.flow_from_directory(
        str(folder),
        (8, 8),
        batch_size=4,
        classes=["cats", "dogs"],
        save_to_dir=str(tmp_path / "saved"),
        save_prefix="s",
    )
    model = lamina.Sequential([lamina.Input((8, 8, 3)), lamina.layers.Flatten(), lamina.layers.Dense(2)])
    model.compile("sgd", lamina.losses.CategoricalCrossentropy(from_logits=True))
    history = model.fit(flow, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2 and list((tmp_path / "saved").glob("s_*.png"))
    assert model.predict(flow, steps=2, verbose=0).shape == (6, 2)


def test_places():
    import lamina.preprocessing.image as public
    import lamina.preprocessing.sequence as public_sequence

    assert public.ImageDataGenerator is image.ImageDataGenerator and "ImageDataGenerator" not in dir(public)
    assert public_sequence.TimeseriesGenerator is sequence.TimeseriesGenerator
    assert lamina.preprocessing.text.Tokenizer is text.Tokenizer and "text" not in dir(lamina.preprocessing)
    assert lamina.legacy.preprocessing.text is text
