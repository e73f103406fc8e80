"""keras.visualization: the pixels are those that Keras draws."""

import subprocess
import sys

import keras
import lamina
import numpy as np
import pytest
from application_cases import data_format

cv2 = pytest.importorskip("cv2")
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

BOXES = {
    "boxes": np.array([[[2, 3, 20, 30], [25, 40, 60, 55]], [[0, 0, 10, 10], [5, 5, 50, 50]]], "float32"),
    "labels": np.array([[0, 1], [-1, 2]]),
}
SCORES = {**BOXES, "confidences": np.array([[0.25, 0.5], [1, 0.125]], "float32")}


def images(dtype="uint8", shape=(2, 64, 64, 3)):
    values = np.random.default_rng(0).integers(0, 256, shape)
    return (values / 255 if dtype == "unit" else values).astype("float32" if dtype == "unit" else dtype)


def boxes(given):
    return {k: v.copy() for k, v in given.items()}


@pytest.mark.parametrize("dtype", ["uint8", "float32", "unit", "int32"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"bounding_box_format": "xyxy"},
        {"bounding_box_format": "xywh", "color": (255, 0, 10), "line_thickness": 1},
        {"bounding_box_format": "xyxy", "class_mapping": {0: "cat", 2: "dog"}, "text_thickness": 0, "font_scale": 0.4},
    ],
)
@pytest.mark.parametrize("given", [BOXES, SCORES])
def test_bounding_boxes(dtype, arguments, given):
    before = images(dtype)
    expected = keras.visualization.draw_bounding_boxes(images(dtype), boxes(given), **arguments)
    for x in (before, lamina.ops.convert_to_tensor(before)):
        got = lamina.visualization.draw_bounding_boxes(x, boxes(given), **arguments)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(before, images(dtype))
    assert (expected != images(dtype)).any()


def test_bounding_boxes_with_channels_in_front():
    """On which Keras cannot draw."""
    expected = lamina.visualization.draw_bounding_boxes(images(), boxes(BOXES), "xyxy")
    got = lamina.visualization.draw_bounding_boxes(
        images().transpose(0, 3, 1, 2), boxes(BOXES), "xyxy", data_format="channels_first"
    )
    np.testing.assert_array_equal(got, expected.transpose(0, 3, 1, 2))


MASKS = np.random.default_rng(1).integers(-1, 5, (2, 64, 64, 1)).astype("int32")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_classes": 5},
        {"num_classes": 3, "alpha": 0.3, "ignore_index": 1},
        {"num_classes": 2, "blend": False},
        {"num_classes": 2, "color_mapping": {0: (255, 0, 0), 1: (0, 20, 255)}},
    ],
)
def test_segmentation_masks(dtype, arguments):
    expected = np.asarray(keras.visualization.draw_segmentation_masks(images(dtype), MASKS, **arguments))
    for x, masks in (
        (images(dtype), MASKS),
        (lamina.ops.convert_to_tensor(images(dtype)), lamina.ops.convert_to_tensor(MASKS)),
        (images(dtype), MASKS[..., 0]),
    ):
        got = lamina.visualization.draw_segmentation_masks(x, masks, **arguments)
        assert got.dtype == expected.dtype
        assert np.abs(got.astype(int) - expected.astype(int)).max() <= 1  # 254.99999 is cut to 254
        assert (got != expected).mean() < 1e-3


def test_segmentation_masks_with_channels_in_front():
    arguments = {"num_classes": 3, "data_format": "channels_first"}
    x, masks = images().transpose(0, 3, 1, 2), MASKS.transpose(0, 3, 1, 2)
    expected = keras.visualization.draw_segmentation_masks(x, masks, **arguments)
    got = lamina.visualization.draw_segmentation_masks(x, masks, **arguments)
    assert np.abs(got.astype(int) - np.asarray(expected).astype(int)).max() <= 1


def drawn(library, function, path, *args, **kwargs):
    getattr(library.visualization, function)(*args, path=str(path), **kwargs)
    return matplotlib.image.imread(path)


GALLERIES = {
    "images": ("plot_image_gallery", lambda: (images(shape=(4, 16, 16, 3)),), {}),
    "one row": ("plot_image_gallery", lambda: (images(shape=(3, 16, 16, 3)),), {"rows": 1, "cols": 3}),
    "a range": ("plot_image_gallery", lambda: (images("unit", (1, 16, 16, 3)),), {"value_range": (0, 1), "scale": 1}),
    "classes": (
        "plot_image_gallery",
        lambda: (images(shape=(4, 16, 16, 3)),),
        {"y_true": np.array([0, 1, 2, 0]), "y_pred": np.array([1, 1, 0, 0]), "label_map": {0: "a", 1: "b"}, "dpi": 80},
    ),
    "boxes": ("plot_bounding_box_gallery", lambda: (images(), "xyxy"), {"y_true": BOXES, "rows": 1, "cols": 2}),
    "true and predicted boxes": (
        "plot_bounding_box_gallery",
        lambda: (images(), "xyxy"),
        {"y_true": BOXES, "y_pred": SCORES, "legend": True, "class_mapping": {0: "cat"}, "rows": 2, "cols": 1},
    ),
    "masks": ("plot_segmentation_mask_gallery", lambda: (images(), 3), {"y_true": MASKS, "y_pred": MASKS.clip(0, 1)}),
}


@pytest.mark.parametrize("name", GALLERIES)
def test_galleries(name, tmp_path):
    function, args, kwargs = GALLERIES[name]
    ours, theirs = [
        drawn(
            library,
            function,
            tmp_path / f"{library.__name__}.png",
            *args(),
            **{k: boxes(v) if isinstance(v, dict) and "boxes" in v else v for k, v in kwargs.items()},
        )
        for library in (lamina, keras)
    ]
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 0.02 or (np.abs(ours - theirs) > 0.02).mean() < 1e-3


def test_galleries_show_every_image_and_channels_in_front(tmp_path):
    """Keras shows 3 of 5 images, and turns channels twice."""
    x = images(shape=(5, 16, 16, 3))
    one = drawn(lamina, "plot_image_gallery", tmp_path / "a.png", x)
    other = drawn(lamina, "plot_image_gallery", tmp_path / "b.png", x, rows=3, cols=2)
    np.testing.assert_array_equal(one, other)
    with data_format(lamina, "channels_first"):
        third = drawn(lamina, "plot_image_gallery", tmp_path / "c.png", x.transpose(0, 3, 1, 2))
        drawn(
            lamina,
            "plot_bounding_box_gallery",
            tmp_path / "d.png",
            images().transpose(0, 3, 1, 2),
            "xyxy",
            y_true=boxes(BOXES),
        )
    np.testing.assert_array_equal(one, third)


@pytest.mark.parametrize("library", [keras, lamina])
def test_mistakes(library):
    show = library.visualization
    with pytest.raises(ValueError, match="batched 4D"):
        show.draw_bounding_boxes(images()[0], boxes(BOXES), "xyxy")
    with pytest.raises(TypeError, match="should be a dict"):
        show.draw_bounding_boxes(images(), [1, 2], "xyxy")
    with pytest.raises(ValueError, match="'labels' keys"):
        show.draw_bounding_boxes(images(), {"boxes": BOXES["boxes"]}, "xyxy")
    with pytest.raises(ValueError, match="batched 4D"):
        show.draw_segmentation_masks(images()[0], MASKS)
    with pytest.raises(TypeError, match="integer dtype"):
        show.draw_segmentation_masks(images(), MASKS.astype("float32"))
    with pytest.raises(ValueError, match="`path` to be set"):
        show.plot_image_gallery(images(), path="a.png", show=True)
    with pytest.raises(ValueError, match="label_map"):
        show.plot_image_gallery(images(), y_true=np.array([1, 2]))
    with pytest.raises(ValueError, match="`legend` OR `legend_handles`"):
        show.plot_bounding_box_gallery(images(), "xyxy", legend=True, legend_handles=[1])


def test_without_the_libraries():
    program = (
        "import sys; sys.modules['cv2'] = sys.modules['matplotlib'] = sys.modules['matplotlib.pyplot'] = None\n"
        "import lamina, numpy as np\n"
        "for f, a in ((lamina.visualization.draw_bounding_boxes, ({}, 'xyxy')),\n"
        "             (lamina.visualization.plot_image_gallery, ())):\n"
        "    try: f(np.zeros((1, 4, 4, 3)), *a)\n"
        "    except ImportError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install opencv-python" in done.stdout and "pip install matplotlib" in done.stdout
