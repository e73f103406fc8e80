"""Datasets from directories against Keras' own listing and reading of files, and hand-made WAV files."""

import io
import os
import struct

import lamina
import numpy as np
import pytest
from keras.src.utils import dataset_utils, image_dataset_utils
from PIL import Image

RNG = np.random.default_rng(3)
image_dataset = lamina.utils.image_dataset_from_directory
audio_dataset = lamina.utils.audio_dataset_from_directory
QUIET = {"verbose": False}
IMAGE_FORMATS = image_dataset_utils.ALLOWLIST_FORMATS
INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def picture(height, width, mode="RGB"):
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    return Image.fromarray(RNG.integers(0, 256, (height, width, *channels)).astype("uint8"))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    for folder, count in (("cat", 5), ("dog", 4), ("ant", 3), (".hidden", 1)):
        (root / folder / "more").mkdir(parents=True)
        for i in range(count):
            ending = ("png", "JPG", "bmp", "jpeg", "gif")[i % 5]
            inside = root / folder / ("more" if i == 2 else "")
            picture(6 + i % 2, 9).save(inside / f"{folder}{i}.{ending}")
    picture(6, 9, "RGBA").save(root / "cat" / "seen_through.png")
    picture(7, 9, "L").save(root / "dog" / "grey.png")
    Image.fromarray(RNG.integers(0, 65536, (6, 9)).astype("uint16")).save(root / "dog" / "deep.png")
    (root / "cat" / "notes.txt").write_text("no image")
    picture(6, 9).save(root / "beside.png")
    return root


def listing(directory, labels="inferred", formats=IMAGE_FORMATS, **kwargs):
    return dataset_utils.index_directory(str(directory), labels, formats, verbose=False, **kwargs)


@pytest.mark.parametrize("kwargs", [{}, {"shuffle": False}, {"seed": 7}, {"class_names": ["dog", "cat"], "seed": 7}])
def test_files_and_their_order(images, kwargs):
    np.random.seed(5)
    paths, labels, names = listing(images, **kwargs)
    np.random.seed(5)
    from lamina.utils.directories import index_directory

    mine = index_directory(str(images), "inferred", IMAGE_FORMATS, verbose=False, **kwargs)
    assert mine[0] == paths and mine[2] == names
    np.testing.assert_array_equal(mine[1], labels)
    assert mine[1].dtype == labels.dtype
    if "seed" in kwargs:
        dataset = image_dataset(images, image_size=4, **kwargs, **QUIET)
        assert dataset.file_paths == paths and dataset.class_names == names


def test_links_to_folders(images, tmp_path):
    (tmp_path / "a").mkdir()
    os.symlink(images / "cat", tmp_path / "a" / "linked")
    picture(4, 4).save(tmp_path / "a" / "own.png")
    for follow in (False, True):
        args = {"follow_links": follow, "shuffle": False}
        assert image_dataset(tmp_path, image_size=4, **args, **QUIET).file_paths == listing(tmp_path, **args)[0]


def as_keras_reads(path, size=(8, 6), channels=3, interpolation="bilinear", data_format="channels_last", **kwargs):
    return np.asarray(image_dataset_utils._load_image_grain(path, size, channels, interpolation, data_format, **kwargs))


@pytest.mark.parametrize(
    "color_mode, channels, interpolation",
    [*(("rgb", 3, name) for name in INTERPOLATIONS), ("rgba", 4, "bilinear"), ("grayscale", 1, "bicubic")],
)
def test_images_as_keras_reads_them(images, color_mode, channels, interpolation):
    dataset = image_dataset(
        images, image_size=(8, 6), shuffle=False, batch_size=None, color_mode=color_mode,
        interpolation=interpolation.upper(), **QUIET,
    )  # fmt: skip
    read = [np.asarray(x) for x, _ in dataset]
    assert len(read) == len(dataset.file_paths) == 15
    for path, image in zip(dataset.file_paths, read, strict=True):
        assert image.dtype == np.float32 and image.shape == (8, 6, channels)
        expected = as_keras_reads(path, channels=channels, interpolation=interpolation)
        np.testing.assert_allclose(image, expected, rtol=1e-5, atol=2e-2 if "deep" in path else 1e-3)


@pytest.mark.parametrize("how", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_proportions(images, how, data_format):
    dataset = image_dataset(
        images, image_size=(8, 6), shuffle=False, batch_size=None, data_format=data_format, format="grain",
        **{how: True}, **QUIET,
    )  # fmt: skip
    for path, (image, _) in zip(dataset.file_paths, dataset, strict=True):
        expected = as_keras_reads(path, data_format=data_format, **{how: True})
        np.testing.assert_allclose(np.asarray(image), expected, rtol=1e-5, atol=1e-3)


def weights(kernel, radius, source, target):
    """The matrix of a resize by hand."""
    centres = (np.arange(target) + 0.5) * source / target
    distance = np.abs(np.arange(source) + 0.5 - centres[:, None])
    w = np.where(distance < radius, kernel(distance), 0)
    return w / w.sum(1, keepdims=True)


def mitchell(x):
    return np.where(x < 1, (7 * x**3 - 12 * x**2 + 16 / 3) / 6, (-7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3) / 6)


def areas(source, target):
    step, out = source / target, np.zeros((target, source))
    for i in range(target):
        for j in range(source):
            out[i, j] = max(0, min((i + 1) * step, j + 1) - max(i * step, j)) / step
    return out


@pytest.mark.parametrize("size", [(3, 4), (11, 13), (6, 9)])
def test_interpolations_of_files_alone(tmp_path, size):
    (tmp_path / "a").mkdir()
    picture(6, 9).save(tmp_path / "a" / "x.png")
    x = np.asarray(Image.open(tmp_path / "a" / "x.png")).astype("float64")
    for name, matrix in (
        ("area", areas),
        ("gaussian", lambda s, t: weights(lambda d: np.exp(-2 * d * d), 1.5, s, t)),
        ("mitchellcubic", lambda s, t: weights(mitchell, 2, s, t)),
    ):
        (image,) = image_dataset(tmp_path, labels=None, image_size=size, interpolation=name, batch_size=None, **QUIET)
        expected = x if size == (6, 9) else np.einsum("ih,jw,hwc->ijc", matrix(6, size[0]), matrix(9, size[1]), x)
        np.testing.assert_allclose(np.asarray(image), expected, rtol=1e-4, atol=1e-2, err_msg=name)


def test_labels_and_batches(images):
    options = {"image_size": 4, "shuffle": False, **QUIET}
    ((x, y),) = image_dataset(images, **options)
    _, numbers, names = listing(images, shuffle=False)
    assert x.shape == (15, 4, 4, 3) and str(x.dtype) == "float32" and str(y.dtype) == "int32"
    np.testing.assert_array_equal(np.asarray(y), numbers)
    ((_, y),) = image_dataset(images, label_mode="categorical", **options)
    np.testing.assert_array_equal(np.asarray(y), np.eye(3, dtype="float32")[numbers])
    ((_, y),) = image_dataset(images, label_mode="binary", class_names=["dog", "ant"], **options)
    np.testing.assert_array_equal(np.asarray(y), np.array([[0.0]] * 6 + [[1.0]] * 3, "float32"))
    for kwargs in ({"labels": None}, {"label_mode": None}):
        batches = list(image_dataset(images, batch_size=4, **kwargs, **options))
        assert [b.shape[0] for b in batches][:3] == [4, 4, 4] and len({b.shape[1:] for b in batches}) == 1
    given = [i % 4 for i in range(16)]
    dataset = image_dataset(images / "cat", labels=given[:6], **options)
    ((_, y),) = dataset
    np.testing.assert_array_equal(np.asarray(y), given[:6])
    assert dataset.class_names == ["0", "1", "2", "3"] and len(dataset) == 1 and given == [i % 4 for i in range(16)]


def test_parts(images, capsys):
    kwargs = {"validation_split": 0.3, "seed": 4, "image_size": 4, "batch_size": None}
    paths, labels, _ = listing(images, seed=4)
    training, validation = image_dataset(images, subset="both", **kwargs)
    assert "Found 15 files belonging to 3 classes.\nUsing 11 files for training.\nUsing 4" in capsys.readouterr().out
    assert training.file_paths == paths[:-4] and validation.file_paths == paths[-4:]
    np.testing.assert_array_equal([int(y) for _, y in validation], labels[-4:])
    # Each pass over the training part has its own order of the same files.
    passes = [[int(y) for _, y in training] for _ in range(8)]
    assert all(sorted(p) == sorted(labels[:-4]) for p in passes) and len({tuple(p) for p in passes}) > 1
    for subset, part in (("training", training), ("validation", validation)):
        assert image_dataset(images, subset=subset, **kwargs).file_paths == part.file_paths


def test_training_from_a_directory(engine, images):
    training, validation = image_dataset(
        images,
        label_mode="categorical",
        image_size=8,
        batch_size=4,
        subset="both",
        validation_split=0.3,
        seed=1,
        **QUIET,
    )
    model = lamina.Sequential(
        [
            lamina.layers.Rescaling(1 / 255),
            lamina.layers.Conv2D(4, 3, activation="relu"),
            lamina.layers.GlobalAveragePooling2D(),
            lamina.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy")
    history = model.fit(training, validation_data=validation, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and np.isfinite(history["val_loss"]).all()
    assert model.predict(validation, verbose=0).shape == (4, 3)


def test_the_same_images_for_any_number_of_threads(images):
    before, read = lamina.config.threads(), []
    for count in (1, 4):
        lamina.config.set_threads(count)
        read.append([np.asarray(x) for x, _ in image_dataset(images, image_size=(9, 7), seed=2, batch_size=4, **QUIET)])
    lamina.config.set_threads(before)
    for a, b in zip(*read, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_file_that_is_no_image(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nthe rest is missing")
    for name, content in (("text.jpg", b"text"), ("short.gif", b"GIF89a\x05\x00\x05\x00\x00\x00\x00")):
        (tmp_path / "b").mkdir(exist_ok=True)
        (tmp_path / "b" / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.png"):
        list(image_dataset(tmp_path, labels=None, class_names=None, image_size=4, shuffle=False, **QUIET))
    for name in ("text.jpg", "short.gif"):
        for other in (tmp_path / "b").iterdir():
            if other.name != name:
                other.rename(tmp_path / other.name)
        with pytest.raises(ValueError, match=name.replace(".", r"\.")):
            list(image_dataset(tmp_path / "b", labels=None, image_size=4, **QUIET))
        for other in tmp_path.glob("*.*"):
            other.rename(tmp_path / "b" / other.name)
    (tmp_path / "a" / "broken.png").unlink()
    with pytest.raises(ValueError, match="No images found"):
        image_dataset(tmp_path / "a", labels=None, **QUIET)


def test_gif_is_read_in_cpp(tmp_path):
    from lamina import _lamina

    palette = picture(7, 5).quantize(16)
    for interlace, transparency in ((0, None), (1, None), (0, 3)):
        to = io.BytesIO()
        palette.save(to, "gif", interlace=interlace, **({} if transparency is None else {"transparency": transparency}))
        mode, pixels = _lamina.decode_picture(to.getvalue())
        expected = np.asarray(Image.open(io.BytesIO(to.getvalue())).convert("RGB" if transparency is None else "RGBA"))
        assert mode == ("RGB" if transparency is None else "RGBA")
        seen = pixels[..., -1:] > 0 if transparency else True
        np.testing.assert_array_equal(pixels * seen, expected * seen)
        for cut in range(0, len(to.getvalue()) - 20, 7):
            with pytest.raises(ValueError):
                _lamina.decode_picture(to.getvalue()[:cut])


MISUSES = [
    ({"labels": "folders"}, ["labels", "folders"]),
    ({"label_mode": "text"}, ["label_mode", "text"]),
    ({"labels": [1, 2], "class_names": ["a"]}, ["class_names"]),
    ({"labels": [1, 2]}, ["lengths of `labels`", "2", "17"]),
    ({"class_names": ["cat", "cow"]}, ["class_names", "cow", "dog"]),
    ({"label_mode": "binary"}, ["2 class_names", "ant"]),
    ({"validation_split": 1.5, "subset": "training"}, ["between 0 and 1", "1.5"]),
    ({"validation_split": 0.5}, ["subset"]),
    ({"subset": "training"}, ["validation_split"]),
    ({"validation_split": 0.5, "subset": "test"}, ["subset", "test"]),
    ({"validation_split": 0.5, "subset": "both"}, ["seed"]),
    ({"validation_split": 0.01, "subset": "validation", "seed": 1}, ["No validation images"]),
    ({"color_mode": "cmyk"}, ["color_mode", "cmyk"]),
    ({"image_size": (4, 4, 3)}, ["image_size", "(4, 4, 3)"]),
    ({"image_size": (0, 4)}, ["image_size", "(0, 4)"]),
    ({"interpolation": "cubic"}, ["interpolation", "mitchellcubic"]),
    ({"format": "torch"}, ["format", "torch"]),
    ({"data_format": "last"}, ["data_format", "last"]),
    ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, ["crop_to_aspect_ratio"]),
]


@pytest.mark.parametrize("kwargs, words", MISUSES)
def test_misuses(images, kwargs, words):
    with pytest.raises(ValueError) as error:
        image_dataset(images, **{"image_size": 4, **kwargs}, **QUIET)
    assert all(word in str(error.value) for word in words), error.value


def test_no_directory(tmp_path):
    for labels in ("inferred", None):
        with pytest.raises(FileNotFoundError):
            image_dataset(tmp_path / "none", labels=labels)


# --- sounds ---


def wav(samples, rate=8000, bits=16, encoding=1, extensible=False, extra=b""):
    """A WAV file of (samples, channels) in -1..1."""
    if encoding == 3:
        data = samples.astype({32: "<f4", 64: "<f8"}[bits]).tobytes()
    else:
        whole = np.clip(np.round(samples * 2 ** (bits - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype("int64")
        whole = whole + 128 if bits == 8 else whole
        data = b"".join(int(v).to_bytes(bits // 8, "little", signed=bits != 8) for v in whole.reshape(-1))
    channels = samples.shape[1]
    kind = 0xFFFE if extensible else encoding
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    if extensible:
        fmt += struct.pack("<HHIH", 22, bits, 0, encoding) + b"\0" * 14
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + extra + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds")
    for folder, lengths in (("high", (30, 50, 41)), ("low", (20, 64))):
        (root / folder).mkdir()
        for i, n in enumerate(lengths):
            (root / folder / f"{i}.wav").write_bytes(wav(RNG.uniform(-1, 1, (n, 2))))
    return root


def test_sounds(sounds):
    dataset = audio_dataset(sounds, shuffle=False, **QUIET)
    assert dataset.class_names == ["high", "low"]
    ((x, y),) = dataset
    assert x.shape == (5, 64, 2) and str(x.dtype) == "float32" and np.asarray(y).tolist() == [0, 0, 0, 1, 1]
    import wave

    for path, row, n in zip(dataset.file_paths, np.asarray(x), (30, 50, 41, 20, 64), strict=True):
        with wave.open(path) as f:
            expected = np.frombuffer(f.readframes(n), "<i2").reshape(n, 2) / np.float32(32768)
        np.testing.assert_array_equal(row[:n], expected)
        assert not row[n:].any()
    ((cut, _),) = audio_dataset(sounds, shuffle=False, output_sequence_length=40, **QUIET)
    np.testing.assert_array_equal(np.asarray(cut), np.asarray(x)[:, :40])
    single = [
        np.asarray(s).shape
        for s in audio_dataset(sounds, labels=None, batch_size=None, ragged=True, shuffle=False, **QUIET)
    ]
    assert single == [(30, 2), (50, 2), (41, 2), (20, 2), (64, 2)]
    training, validation = audio_dataset(sounds, validation_split=0.4, subset="both", seed=3, **QUIET)
    assert (len(training.file_paths), len(validation.file_paths)) == (3, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"bits": 8}, {"bits": 24}, {"bits": 32}, {"bits": 32, "encoding": 3}, {"bits": 64, "encoding": 3},
        {"bits": 16, "extensible": True}, {"extra": b"LIST" + struct.pack("<I", 3) + b"abc\0"},
    ],
)  # fmt: skip
def test_encodings(tmp_path, options):
    x = RNG.uniform(-1, 1, (17, 1))
    (tmp_path / "x.wav").write_bytes(wav(x, **options))
    (sound,) = audio_dataset(tmp_path, labels=None, batch_size=None, **QUIET)
    np.testing.assert_allclose(np.asarray(sound), x, atol=2.0 ** -(min(options.get("bits", 16), 24) - 1))


def test_other_rates(tmp_path):
    n, time = 4000, np.arange(4000) / 8000
    (tmp_path / "x.wav").write_bytes(wav(0.5 * np.sin(2 * np.pi * 440 * time)[:, None]))
    for rate in (16000, 4000, 11025):
        (sound,) = audio_dataset(tmp_path, labels=None, batch_size=None, sampling_rate=rate, **QUIET)
        count = -(-n * rate // 8000)
        assert sound.shape == (count, 1)
        expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)
        inside = slice(count // 10, -count // 10)
        np.testing.assert_allclose(np.asarray(sound)[inside, 0], expected[inside], atol=2e-3)


def test_damaged_sounds(tmp_path):
    whole = wav(RNG.uniform(-1, 1, (9, 1)))
    broken = [whole[:cut] for cut in range(0, len(whole) - 1, 5)]
    broken += [b"RIFX" + whole[4:], whole[:20] + b"\x07\x00" + whole[22:], whole[:22] + b"\x00\x00" + whole[24:]]
    broken += [whole[:40] + b"\xff\xff\xff\xff" + whole[44:]]
    for bytes_ in broken:
        (tmp_path / "x.wav").write_bytes(bytes_)
        with pytest.raises((ValueError, NotImplementedError), match=r"x\.wav"):
            list(audio_dataset(tmp_path, labels=None, **QUIET))


@pytest.mark.parametrize(
    "kwargs, kind, words",
    [
        ({"ragged": True, "output_sequence_length": 3}, ValueError, "Cannot set both"),
        ({"ragged": True}, NotImplementedError, "batch_size=None"),
        ({"sampling_rate": 1.5}, ValueError, "sampling_rate=1.5"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate=0"),
        ({"label_mode": "class"}, ValueError, "label_mode"),
    ],
)
def test_misuses_of_sounds(sounds, kwargs, kind, words):
    with pytest.raises(kind, match=words):
        audio_dataset(sounds, **kwargs, **QUIET)


def test_older_names():
    assert lamina.preprocessing.image_dataset_from_directory is image_dataset
