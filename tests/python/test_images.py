"""Images in files and as arrays: with Pillow against Keras, and without it in a child process, where the pixels are the
same."""

import io
import os
import subprocess
import sys

import keras
import lamina
import numpy as np
import pytest

pillow = pytest.importorskip("PIL.Image")

RNG = np.random.default_rng(3)


def smooth(height, width, channels):
    """Something that JPEG keeps."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 120 * np.sin(x / (3 + c) + c) * np.cos(y / (4 + c)) for c in range(channels)]
    return np.stack(waves, -1).astype("uint8")


def pictures():
    """{name: a file's bytes} of each kind that the C++ readers take."""
    files = {}

    def add(name, image, format, **kwargs):
        buffer = io.BytesIO()
        image.save(buffer, format, **kwargs)
        files[name] = buffer.getvalue()

    rgb, rgba = pillow.fromarray(smooth(23, 37, 3)), pillow.fromarray(smooth(23, 37, 4))
    gray = pillow.fromarray(smooth(23, 37, 3)[:, :, 0])
    for name, image in (("rgb", rgb), ("gray", gray)):
        add(f"{name}.png", image, "PNG")
        add(f"{name}.jpg", image, "JPEG", quality=90)
        add(f"{name}.bmp", image, "BMP")
    add("rgba.png", rgba, "PNG")
    add("la.png", rgba.convert("LA"), "PNG")
    add("palette.png", rgb.quantize(17), "PNG")
    add("transparent_palette.png", rgb.quantize(17), "PNG", transparency=3)
    add("one_bit.png", gray.convert("1"), "PNG")
    add("one_bit.bmp", gray.convert("1"), "BMP")
    add("palette.bmp", rgb.quantize(17), "BMP")
    add("wide.png", pillow.fromarray(RNG.integers(0, 65535, (9, 7)).astype("uint16")), "PNG")
    add("cmyk.jpg", rgb.convert("CMYK"), "JPEG", quality=90)
    add("progressive.jpg", rgb, "JPEG", progressive=True, subsampling=0)
    add("rgb.webp", rgb, "WEBP", lossless=True)
    add("rgba.webp", rgba, "WEBP", lossless=True, exact=True)
    add("lossy.webp", rgb, "WEBP", quality=80)
    return files


REQUESTS = [
    {},
    {"color_mode": "grayscale"},
    {"color_mode": "rgba"},
    {"target_size": (11, 50)},
    *(
        {"target_size": size, "interpolation": i}
        for i in ("bilinear", "bicubic", "hamming", "box", "lanczos")
        for size in ((11, 50), (40, 19))
    ),
    {"target_size": (20, 9), "interpolation": "lanczos", "keep_aspect_ratio": True},
    {"target_size": (7, 8), "color_mode": "rgba", "interpolation": "bicubic"},
    {"target_size": (30, 8), "keep_aspect_ratio": True},
]
CHILD = """
import io, pickle, sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "PIL":
            raise ImportError("hidden")
sys.meta_path.insert(0, Hidden())
import lamina, numpy as np
files, requests, arrays = pickle.load(sys.stdin.buffer)
out = {"loaded": [], "made": []}
for name, data in files.items():
    for kwargs in requests:
        try:
            image = lamina.utils.load_img(io.BytesIO(data), **kwargs)
            out["loaded"].append((image.mode, image.size, (image.width, image.height), np.asarray(image)))
        except Exception as error:
            out["loaded"].append(type(error).__name__)
for x in arrays:
    image = lamina.utils.array_to_img(x)
    assert type(image).__name__ == "Picture"
    buffer = io.BytesIO()
    image.save(buffer, "png")
    out["made"].append((image.mode, np.asarray(image), buffer.getvalue(), repr(image)))
sys.stdout.buffer.write(pickle.dumps(out))
"""


def without_pillow(*what):
    import pickle

    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=pickle.dumps(what), capture_output=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr.decode()
    return pickle.loads(done.stdout)


def test_files_read_without_pillow_have_its_pixels():
    files = pictures()
    results = iter(without_pillow(files, REQUESTS, [])["loaded"])
    for name, data in files.items():
        for kwargs in REQUESTS:
            found = next(results)
            if name == "wide.png" and kwargs.get("color_mode") != "grayscale":
                continue  # what Pillow makes of 16 bits depends on its version
            expected = keras.utils.load_img(io.BytesIO(data), **kwargs)
            assert not isinstance(found, str), (name, kwargs, found)
            assert found[:3] == (expected.mode, expected.size, expected.size), (name, kwargs)
            a = np.asarray(expected)
            difference = np.abs(a.astype(int) - found[3].astype(int)).max()
            # Pillow brings its own libjpeg and libwebp, whose versions may round otherwise.
            assert difference <= (2 if name.endswith("jpg") or name == "lossy.webp" else 0), (name, kwargs, difference)


@pytest.mark.parametrize("kwargs", REQUESTS)
def test_load_img_with_pillow(tmp_path, kwargs):
    for name, data in pictures().items():
        path = tmp_path / name
        path.write_bytes(data)
        for source in (path, str(path), io.BytesIO(data)):
            mine = lamina.utils.load_img(source, **kwargs)
            assert isinstance(mine, pillow.Image)
            np.testing.assert_array_equal(np.asarray(mine), np.asarray(keras.utils.load_img(path, **kwargs)))


ARRAYS = [
    RNG.uniform(-3, 9, (5, 7, 3)).astype("float32"),
    RNG.uniform(0, 255, (5, 7, 1)).astype("float32"),
    RNG.integers(0, 255, (5, 7, 4)),
    np.zeros((2, 3, 3)),
]


def test_arrays_and_images():
    made = without_pillow({}, [], ARRAYS)["made"]
    for x, (mode, pixels, png, text) in zip(ARRAYS, made, strict=True):
        expected = keras.utils.array_to_img(x)
        assert mode == expected.mode and text.startswith(f"<Picture mode={mode} size=7x5") or x.shape == (2, 3, 3)
        np.testing.assert_array_equal(pixels, np.asarray(expected))
        np.testing.assert_array_equal(np.asarray(pillow.open(io.BytesIO(png))), np.asarray(expected))
        for data_format in ("channels_last", "channels_first"):
            for kwargs in ({}, {"scale": False}, {"dtype": "float64"}):
                a = keras.utils.array_to_img(x, data_format="channels_last", **kwargs)
                b = lamina.utils.array_to_img(x, data_format="channels_last", **kwargs)
                np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
            a = keras.utils.img_to_array(expected, data_format=data_format)
            b = lamina.utils.img_to_array(expected, data_format=data_format)
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_save_img(tmp_path, name):
    for k in (keras, lamina):
        k.utils.save_img(tmp_path / f"{k.__name__}_{name}", ARRAYS[0])
    a, b = ((tmp_path / f"{k.__name__}_{name}").read_bytes() for k in (keras, lamina))
    assert a == b
    with pytest.warns(UserWarning, match="RGB"):
        lamina.utils.save_img(tmp_path / "alpha.jpg", ARRAYS[2])


def test_smart_resize():
    assert lamina.preprocessing.image.load_img is lamina.utils.load_img
    for shape, size in (((9, 12, 3), (4, 4)), ((2, 9, 12, 3), (5, 2)), ((9, 12, 3), (20, 10))):
        x = RNG.uniform(0, 255, shape).astype("float32")
        a = keras.preprocessing.image.smart_resize(x, size)
        b = lamina.preprocessing.image.smart_resize(x, size)
        assert isinstance(b, np.ndarray)
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-3)


def test_damaged_files_are_errors():
    """Bytes flipped and files cut off: an image or an exception, never the end of the process."""
    from lamina import _lamina

    for name, data in pictures().items():
        for _ in range(60):
            bad = bytearray(data)
            for at in RNG.integers(0, len(bad), RNG.integers(1, 6)):
                bad[at] = RNG.integers(0, 256)
            for broken in (bytes(bad), bytes(data[: RNG.integers(0, len(data))])):
                try:
                    mode, pixels = _lamina.decode_picture(broken)
                    assert pixels.ndim == 3, name
                except (ValueError, NotImplementedError, MemoryError):
                    pass
    for data in pictures().values():
        with pytest.raises((ValueError, NotImplementedError)):
            _lamina.decode_picture(data[: len(data) // 2])
    huge = bytearray(pictures()["rgb.bmp"])
    huge[18:26] = (2**31 - 1).to_bytes(4, "little") * 2
    with pytest.raises(ValueError, match="most that are read"):
        _lamina.decode_picture(bytes(huge))
    with pytest.raises(ValueError, match="GIF"):
        _lamina.decode_picture(b"GIF89a" + b"0" * 40)
    with pytest.raises(ValueError, match="no image"):
        _lamina.decode_picture(b"plain text")


def test_messages(tmp_path):
    for k in (keras, lamina):
        with pytest.raises(ValueError, match="color_mode"):
            k.utils.load_img(io.BytesIO(pictures()["rgb.png"]), color_mode="hsv")
        with pytest.raises(ValueError, match="interpolation"):
            k.utils.load_img(io.BytesIO(pictures()["rgb.png"]), target_size=(3, 3), interpolation="cubic")
        with pytest.raises(TypeError, match="path"):
            k.utils.load_img(3)
        with pytest.raises(FileNotFoundError):
            k.utils.load_img(tmp_path / "absent.png")
        with pytest.raises(ValueError, match="rank 3"):
            k.utils.array_to_img(np.zeros((2, 3)))
        with pytest.raises(ValueError, match="channel"):
            k.utils.array_to_img(np.zeros((2, 3, 5)))
        with pytest.raises(ValueError, match="shape"):
            k.utils.img_to_array(np.zeros(3))
