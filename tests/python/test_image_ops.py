"""keras.ops.image against Keras, on both engines and inside compiled functions and symbolic models."""

import lamina
import numpy as np
import pytest


def rng(seed=0):
    return np.random.default_rng(seed)


IMAGES = rng().random((2, 7, 9, 3)).astype("float32")
PIXELS = rng(1).integers(0, 256, (2, 7, 9, 3)).astype("uint8")
VOLUME = rng(2).random((2, 5, 6, 7, 2)).astype("float32")
TURN = np.array([[0.9, -0.3, 1.5, 0.2, 1.1, -0.7, 0, 0], [1, 0.1, -2, 0, 0.8, 1, 0, 0]], "float32")
PLACES = (rng(3).random((3, 4, 5)) * 9 - 1).astype("float32")
CUBE = rng(4).random((6, 7, 8)).astype("float32")

CASES = [
    *[
        ("affine_transform", (IMAGES, TURN), {"fill_mode": m, "interpolation": i, "fill_value": 0.5})
        for m in ("constant", "nearest", "wrap", "mirror", "reflect")
        for i in ("nearest", "bilinear")
    ],
    ("affine_transform", (IMAGES[0], TURN[0]), {}),
    ("affine_transform", (PIXELS, TURN), {}),
    ("affine_transform", (IMAGES.transpose(0, 3, 1, 2), TURN), {"data_format": "channels_first"}),
    *[
        ("map_coordinates", (CUBE, PLACES, order), {"fill_mode": m, "fill_value": 2.0})
        for order in (0, 1)
        for m in ("constant", "nearest", "wrap", "mirror", "reflect")
    ],
    ("map_coordinates", (PIXELS[0, :, :, 0], PLACES[:2], 1), {}),
    *[
        (
            "scale_and_translate",
            (IMAGES, (2, 5, 14, 3), np.array([0.7, 1.6], "float32"), np.array([0.3, -1.0], "float32"), (1, 2), m),
            {"antialias": a},
        )
        for m in ("linear", "cubic", "lanczos3", "lanczos5")
        for a in (True, False)
    ],
    ("rgb_to_grayscale", (IMAGES,), {}),
    ("rgb_to_grayscale", (PIXELS,), {}),
    ("rgb_to_grayscale", (IMAGES[..., :1],), {}),
    ("rgb_to_grayscale", (IMAGES[0].transpose(2, 0, 1),), {"data_format": "channels_first"}),
    ("rgb_to_hsv", (IMAGES,), {}),
    ("rgb_to_hsv", (np.round(IMAGES * 2) / 2,), {}),
    ("rgb_to_hsv", (IMAGES.astype("float16"),), {}),
    ("hsv_to_rgb", (IMAGES,), {}),
    ("hsv_to_rgb", (IMAGES.transpose(0, 3, 1, 2),), {"data_format": "channels_first"}),
    ("crop_images", (IMAGES,), {"top_cropping": 1, "left_cropping": 2, "target_height": 4, "target_width": 5}),
    ("crop_images", (IMAGES[0],), {"bottom_cropping": 1, "right_cropping": 0, "top_cropping": 2, "left_cropping": 3}),
    ("pad_images", (IMAGES,), {"top_padding": 1, "left_padding": 2, "target_height": 11, "target_width": 13}),
    (
        "pad_images",
        (PIXELS.transpose(0, 3, 1, 2),),
        {"top_padding": 1, "left_padding": 2, "bottom_padding": 3, "right_padding": 0, "data_format": "channels_first"},
    ),
    ("extract_patches", (IMAGES, 3), {}),
    ("extract_patches", (IMAGES, (2, 3)), {"strides": (1, 2), "padding": "same"}),
    ("extract_patches", (IMAGES, 2), {"strides": 1, "dilation_rate": 2}),
    ("extract_patches", (IMAGES[0], (3, 2)), {"padding": "same"}),
    ("extract_patches", (IMAGES.transpose(0, 3, 1, 2), 3), {"data_format": "channels_first"}),
    ("extract_patches", (VOLUME, (2, 3, 2)), {"padding": "same"}),
    ("extract_patches_3d", (VOLUME, 2), {}),
    ("extract_patches_3d", (VOLUME[0], (2, 1, 3)), {"strides": (1, 2, 1)}),
    ("gaussian_blur", (IMAGES,), {"data_format": "channels_last"}),
    ("gaussian_blur", (IMAGES, (3, 5), (0.7, 1.9)), {"data_format": "channels_last"}),
    ("gaussian_blur", (IMAGES[0].transpose(2, 0, 1), (5, 3), (2.0, 1.0)), {"data_format": "channels_first"}),
    ("sobel_edges", (IMAGES,), {}),
    ("sobel_edges", (IMAGES.transpose(0, 3, 1, 2),), {"data_format": "channels_first"}),
    ("ssim", (rng(5).random((2, 16, 14, 3)).astype("float32"), rng(6).random((2, 16, 14, 3)).astype("float32")), {}),
    ("ssim", (IMAGES[0], IMAGES[1]), {"filter_size": 5, "max_val": 2.0}),
]


def name_of(case):
    return f"{case[0]}-{'x'.join(map(str, np.shape(case[1][0])))}-" + ",".join(f"{k}={v}" for k, v in case[2].items())


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_values(case, engine):
    import keras

    name, args, kwargs = case
    want = np.asarray(getattr(keras.ops.image, name)(*args, **kwargs))
    op = getattr(lamina.ops.image, name)
    got = np.asarray(op(*args, **kwargs))
    compiled = np.asarray(lamina.function(lambda x: op(x, *args[1:], **kwargs))(args[0]))
    assert got.shape == want.shape and got.dtype == want.dtype
    tolerance = 1 if want.dtype == np.uint8 else 1e-2 if want.dtype == np.float16 else 2e-5
    np.testing.assert_allclose(got.astype("float64"), want.astype("float64"), atol=tolerance, rtol=1e-5)
    np.testing.assert_allclose(compiled.astype("float64"), want.astype("float64"), atol=tolerance, rtol=1e-5)


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in CASES
        if np.ndim(c[1][0]) == 4 and c[0] not in ("map_coordinates", "scale_and_translate", "affine_transform", "ssim")
    ],
    ids=name_of,
)
def test_symbolic_shapes_and_files(case, tmp_path):
    """In a functional model the op gives the shape that it has, is stored, and computes the same."""
    name, args, kwargs = case
    x = lamina.Input(args[0].shape[1:], dtype=str(args[0].dtype))
    y = getattr(lamina.ops.image, name)(x, *args[1:], **kwargs)
    model = lamina.Model(x, y)
    want = np.asarray(getattr(lamina.ops.image, name)(*args, **kwargs))
    assert y.shape[1:] == want.shape[1:]
    path = str(tmp_path / "m.keras")
    model.save(path)
    for m in (model, lamina.models.load_model(path)):
        np.testing.assert_allclose(np.asarray(m(args[0])), want, atol=1e-6)


def test_gradients_flow_to_images_and_to_places(engine):
    import jax
    import keras

    ops = lamina.ops
    turn = TURN.astype("float64") + 0.0173  # no place is a pixel's own, where the slope jumps
    transform = ops.convert_to_tensor(turn)
    images = ops.convert_to_tensor(IMAGES.astype("float64"))
    loss = lambda x, t: ops.sum(ops.square(ops.image.affine_transform(x, t, fill_mode="reflect")))  # noqa: E731
    g = [lamina.grad(lambda x: loss(x, transform))(images), lamina.grad(lambda t: loss(images, t))(transform)]
    for array, which in ((IMAGES, 0), (turn, 1)):
        d = rng(7).standard_normal(array.shape)

        def f(step):
            values = [IMAGES.astype("float64"), turn]
            values[which] = values[which] + step * d
            return float(loss(*map(ops.convert_to_tensor, values)))

        slope = (f(1e-6) - f(-1e-6)) / 2e-6
        assert abs(float(np.sum(np.asarray(g[which]) * d)) - slope) < 1e-3 * max(1, abs(slope))
    theirs = jax.grad(lambda x: (keras.ops.image.gaussian_blur(x, data_format="channels_last") ** 2).sum())(IMAGES)
    ours = lamina.grad(lambda x: ops.sum(ops.square(ops.image.gaussian_blur(x, data_format="channels_last"))))(
        ops.convert_to_tensor(IMAGES)
    )
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=1e-5)


def test_elastic_transform():
    op = lamina.ops.image.elastic_transform
    flat = np.full((2, 6, 5, 3), 0.25, "float32")
    np.testing.assert_allclose(np.asarray(op(flat)), flat, atol=1e-6)  # whatever is read, it is the same
    a, b, c = (np.asarray(op(IMAGES, seed=s)) for s in (3, 3, 4))
    assert np.array_equal(a, b) and not np.array_equal(a, c) and a.shape == IMAGES.shape
    np.testing.assert_allclose(np.asarray(op(IMAGES, alpha=0.0, sigma=1.0)), IMAGES, atol=1e-6)


WRONG = [
    ("affine_transform", (IMAGES, TURN), {"interpolation": "cubic"}),
    ("affine_transform", (IMAGES, TURN), {"fill_mode": "edge"}),
    ("affine_transform", (IMAGES[0, 0], TURN), {}),
    ("affine_transform", (IMAGES, TURN[None]), {}),
    ("map_coordinates", (CUBE, PLACES[:2], 1), {}),
    ("map_coordinates", (CUBE, PLACES, 2), {}),
    ("rgb_to_grayscale", (IMAGES[..., :2],), {}),
    ("rgb_to_hsv", (PIXELS,), {}),
    ("crop_images", (IMAGES,), {"top_cropping": 1}),
    ("pad_images", (IMAGES,), {"top_padding": -1, "bottom_padding": 1, "left_padding": 0, "right_padding": 0}),
    (
        "scale_and_translate",
        (IMAGES, (2, 5, 14, 3), np.ones(2, "float32"), np.ones(2, "float32"), (1, 2), "nearest"),
        {},
    ),
]


def test_a_crop_beyond_the_image_is_refused():
    """Keras' backends move such a crop, or cut it off, each in its own way."""
    with pytest.raises(ValueError, match="bottom_cropping must be >= 0"):
        lamina.ops.image.crop_images(IMAGES, top_cropping=5, target_height=5, left_cropping=0, target_width=1)


@pytest.mark.parametrize("case", WRONG, ids=name_of)
def test_mistakes_are_value_errors_as_in_keras(case):
    import keras

    name, args, kwargs = case
    for package in (keras, lamina):
        with pytest.raises((ValueError, TypeError)):
            getattr(package.ops.image, name)(*args, **kwargs)
