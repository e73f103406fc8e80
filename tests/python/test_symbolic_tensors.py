"""Ops on symbolic tensors: shapes and dtypes, and what is refused before there are values. Compared with Keras."""

import keras
import lamina
import numpy as np
import pytest

F = "float32"


def tensors(library, *shapes, dtype=F):
    return [library.KerasTensor(s, dtype) for s in shapes]


def both(call):
    """What a call gives with each library: shapes and dtypes, or the kind of the error."""
    out = []
    for library in (lamina, keras):
        try:
            made = call(library)
        except Exception as e:
            out.append(type(e))
            continue
        out.append([(tuple(t.shape), str(t.dtype)) for t in (made if isinstance(made, (list, tuple)) else [made])])
    return out


# Floats where values would have to be integers: only the shapes are asked for.
FLOATS = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "left_shift",
    "right_shift",
    "gcd",
    "lcm",
]


@pytest.mark.parametrize("name", FLOATS)
def test_ops_of_integers_on_symbolic_floats(name):
    found, expected = both(lambda k: getattr(k.ops, name)(*tensors(k, (None, 3), (None, 3))))
    assert [shape for shape, _ in found] == [shape for shape, _ in expected]
    with pytest.raises(TypeError, match="integers or bools"):  # with values it is an error as it was
        getattr(lamina.ops, name)(np.ones(2, F), np.ones(2, F))


CASES = {
    "bitwise_not": lambda k: k.ops.bitwise_not(*tensors(k, (None, 3))),
    "bitwise_invert": lambda k: k.ops.bitwise_invert(*tensors(k, (None, 3), dtype="int8")),
    "slice to the end": lambda k: k.ops.slice(*tensors(k, (3, 3)), k.KerasTensor((2,), "int32"), (-1, -1)),
    "slice with too many sizes": lambda k: k.ops.slice(*tensors(k, (3, 3)), (1, 1), (2, 2, 2)),
    "slice with too many starts": lambda k: k.ops.slice(*tensors(k, (3, 3)), (1, 1, 1), (2, 2)),
    "index out of range": lambda k: k.ops.get_item(*tensors(k, (None, 5)), (slice(None), 17)),
    "too many indices": lambda k: k.ops.get_item(*tensors(k, (None, 5)), (0, 0, 0)),
    "two ellipses": lambda k: k.ops.get_item(*tensors(k, (None, 5)), (..., 0, ...)),
    "squeeze of an unknown size": lambda k: k.ops.squeeze(*tensors(k, (None, 1)), axis=0),
    "squeeze": lambda k: k.ops.squeeze(*tensors(k, (None, 1)), axis=1),
    "nonzero": lambda k: k.ops.nonzero(*tensors(k, (None, 5, 6))),
    "unravel_index": lambda k: k.ops.unravel_index(k.KerasTensor((None, 4), "int32"), (3, 4)),
    "concatenate without an axis": lambda k: k.ops.concatenate(tensors(k, (None, 3), (None, 3)), axis=None),
    "reshape to a symbolic shape": lambda k: k.ops.reshape(*tensors(k, (None, 20)), k.KerasTensor((2,), "int32")),
    "reshape to a symbolic size": lambda k: k.ops.reshape(*tensors(k, (None, 20)), (4, k.KerasTensor((), "int32"))),
    "psnr": lambda k: k.ops.psnr(*tensors(k, (1, 2, 3), (5, 6, 7)), max_val=224),
    "psnr of other ranks": lambda k: k.ops.psnr(*tensors(k, (1, 2), (5, 6, 7)), max_val=224),
    "attention": lambda k: k.ops.dot_product_attention(*tensors(k, (2, 3, 8, 16), (2, 4, 6, 16), (2, 4, 6, 16))),
    "layer normalization": lambda k: k.ops.layer_normalization(*tensors(k, (2, 8, 16), (2, 16), (2, 16))),
    "ctc_loss": lambda k: k.ops.ctc_loss(*tensors(k, (9, 3, 4), (9, 3), (9,), (9,), dtype="int32")),
    "ctc_loss of two batches": lambda k: k.ops.ctc_loss(*tensors(k, (9, 3), (8, 3, 4), (9,), (9,))),
    "fft of a scalar": lambda k: k.ops.fft(tensors(k, (), ())),
    "fft of an unknown size": lambda k: k.ops.fft(tensors(k, (2, None), (2, None))),
    "fft2 of an unknown size": lambda k: k.ops.fft2(tensors(k, (None, 3), (None, 3))),
    "stft by no stride": lambda k: k.ops.stft(*tensors(k, (2, 32)), 10, 0, 15),
    "stft by half a stride": lambda k: k.ops.stft(*tensors(k, (2, 32)), 10, 1.5, 15),
    "istft by half a stride": lambda k: k.ops.istft(tensors(k, (6, 32), (6, 32)), 10, 1.5, 15),
    "segments of other rows": lambda k: k.ops.segment_sum(*tensors(k, (4,)), k.KerasTensor((3,), "int32"), 3),
    "inner of other sizes": lambda k: k.ops.inner(*tensors(k, (5, 3), (4,))),
    "transpose with an axis twice": lambda k: k.ops.transpose(*tensors(k, (2, 3, 4)), [0, 0, 0]),
    "transpose with an axis out of range": lambda k: k.ops.transpose(*tensors(k, (2, 3, 4)), [0, 1, 5]),
    "transpose with too few axes": lambda k: k.ops.transpose(*tensors(k, (2, 3, 4)), [0, 1]),
    "cast to None": lambda k: k.ops.cast(k.KerasTensor((2,), "int32"), None),
    "saturate_cast to None": lambda k: k.ops.saturate_cast(k.KerasTensor((2,), "int32"), None),
    "rgb_to_hsv of other channels": lambda k: k.ops.image.rgb_to_hsv(*tensors(k, (None, 4, 4, 2))),
    "hsv_to_rgb of other channels": lambda k: k.ops.image.hsv_to_rgb(*tensors(k, (4, 4, 2))),
    "hsv_to_rgb of unknown channels": lambda k: k.ops.image.hsv_to_rgb(*tensors(k, (None, 4, 4, None))),
    "crop of an unknown height": lambda k: k.ops.image.crop_images(*tensors(k, (None, 10, 3)), 2, 3, 4, 5),
    "pad of an unknown width": lambda k: k.ops.image.pad_images(*tensors(k, (10, None, 3)), 2, 3, 4, 5),
    "crop to a known size": lambda k: k.ops.image.crop_images(
        *tensors(k, (None, None, 3)), 2, 3, target_height=4, target_width=5
    ),
    "patches of a word": lambda k: k.ops.image.extract_patches(*tensors(k, (2, 9, 9, 3)), "5"),
    "patches of four axes": lambda k: k.ops.image.extract_patches(*tensors(k, (2, 9, 9, 3)), (3, 3, 3, 3)),
    "rearrange": lambda k: k.ops.rearrange(*tensors(k, (6, 8)), "(h w) c -> h w c", h=2, w=3),
}


@pytest.mark.parametrize("name", list(CASES))
def test_shapes_and_errors_as_keras(name):
    found, expected = both(CASES[name])
    assert found == expected


MESSAGES = [
    (lambda k: k.ops.sort(*tensors(k, (3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda k: k.ops.unstack(*tensors(k, (3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda k: k.ops.softmax(*tensors(k, (3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda k: k.ops.concatenate(tensors(k, (3, 4), (3, 4)), axis=10), "axis 10 is out of bounds"),
    (lambda k: k.ops.reshape(np.zeros(20, F), (-2, 5)), r"non-negative integer.*-1.*newshape=\(-2, 5\)"),
    (lambda k: k.ops.reshape(np.zeros(20, F), (-1, -1, 5)), r"at most one unknown dimension.*newshape=\(-1, -1, 5\)"),
    (lambda k: k.ops.normalize(np.ones(3, F), order=2.5), "Argument `order` must be an int >= 1"),
    (lambda k: k.ops.depth_to_space(np.ones((1, 2, 2, 4), F), 1), "`block_size` must be at least 2"),
    (lambda k: k.ops.ctc_decode(np.ones((1, 3, 4), F), [3], strategy="other"), "Invalid strategy"),
    (lambda k: k.ops.fold(np.ones((1, 2, 3, 4), F), 4, 2), "must be a 3D tensor"),
    (lambda k: k.ops.convert_to_numpy(k.KerasTensor((2,))), "symbolic"),
]


@pytest.mark.parametrize("call, words", MESSAGES)
@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_messages(library, call, words):
    with pytest.raises(ValueError, match=words):
        call(library)


@pytest.mark.parametrize("size", [3.0, np.float32(3), np.ones((), F)])
@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_eye_takes_no_floats(library, size):
    with pytest.raises(TypeError):
        library.ops.eye(size)
    with pytest.raises(TypeError):
        library.ops.eye(3, size)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int32", "float16", "float32"])
def test_bincount_has_the_dtype_of_its_weights(engine, dtype):
    x, weights = np.array([1, 1, 2, 3]), np.array([0, 1, 3, 2], dtype)
    for library in (lamina, keras):
        out = library.ops.bincount(x, weights=weights)
        assert str(out.dtype) == dtype
        np.testing.assert_array_equal(np.asarray(out), [0, 1, 3, 2])


def test_medians_of_infinite_numbers(engine):
    x = np.array([[1, np.inf, np.inf, 4], [-np.inf, -np.inf, -np.inf, np.inf]], F)
    for name in ("median", "nanmedian"):
        for axis in (None, 0, 1):
            with np.errstate(invalid="ignore"):
                expected = getattr(np, name)(x, axis=axis)
            np.testing.assert_array_equal(np.asarray(getattr(lamina.ops, name)(x, axis=axis)), expected)
    np.testing.assert_array_equal(np.asarray(lamina.ops.quantile(np.array([np.inf, np.inf], F), 0.3)), np.inf)


def test_concatenate_without_an_axis(engine):
    a, b = np.arange(6, dtype=F).reshape(2, 3), np.arange(4, dtype=F).reshape(2, 2)
    for library in (lamina, keras):
        np.testing.assert_array_equal(
            np.asarray(library.ops.concatenate([a, b], axis=None)), np.concatenate([a, b], axis=None)
        )


@pytest.mark.parametrize("library", [lamina, keras], ids=["lamina", "keras"])
def test_warnings(library):
    with pytest.warns(UserWarning, match=r"softmax over axis 1 of a tensor of shape \(1, 1\)"):
        library.ops.softmax(np.ones((1, 1), F), 1)
    with pytest.warns(UserWarning, match="You passed `rms_scaling=True`, which is deprecated"):
        library.ops.layer_normalization(np.arange(5, dtype=F), rms_scaling=True)


def test_vectorize_with_a_signature():
    trace = lamina.ops.vectorize(lamina.ops.trace, signature="(d,d)->()")
    x = np.arange(18, dtype=F).reshape(2, 3, 3)
    np.testing.assert_array_equal(np.asarray(trace(x)), np.trace(x, axis1=1, axis2=2))
    power = lamina.ops.vectorize(lambda v, n: v**n, excluded={1, "n"})
    np.testing.assert_array_equal(np.asarray(power(np.arange(3), 2)), [0, 1, 4])
    np.testing.assert_array_equal(np.asarray(power(np.arange(3), n=2)), [0, 1, 4])
    with pytest.raises(TypeError, match="callable"):
        lamina.ops.vectorize(3)


def test_view_of_a_scalar():
    assert np.asarray(lamina.ops.view(np.array(1, "int16"), "float16")).dtype == np.float16
    with pytest.raises(ValueError, match="cannot be read as int8"):
        lamina.ops.view(np.array(1, "int16"), "int8")
