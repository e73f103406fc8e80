"""image_dataset_from_directory: images in the folders of their classes, read on threads."""

import os

import numpy as np

from lamina._core.public import publish
from lamina.config import threads
from lamina.data.dataset import Dataset
from lamina.utils.directories import check_labels, check_split, files_to_read, labelled_parts
from lamina.utils.images import _data_format

FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def image_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    color_mode="rgb",
    batch_size=32,
    image_size=(256, 256),
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    interpolation="bilinear",
    follow_links=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    data_format=None,
    format="tf",
    verbose=True,
):
    """The images below a directory, with the classes that the names of its folders are.

    Files are read, decoded and resized on threads while a model works on the batch before.

    Args:
        directory: a path. JPEG, PNG, BMP and GIF files count, by their endings.
        labels: "inferred" from the folders; None for images alone; or a list of one int for each file, in the order
            of sorted paths.
        label_mode: "int" for int32 labels, "categorical" for float32 (classes,) with a 1 at the class, "binary" for
            float32 (1,) with 0 or 1, None for images alone.
        class_names: the folders that count, in the order of their labels. None takes all, sorted.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: images in a batch; None gives single images.
        image_size: (height, width) of all images, or one int for both.
        shuffle: whether files are mixed, and mixed anew in each pass within 8 batches; False sorts them.
        seed: of that order.
        validation_split: the share of the files, from the end, that is for validation.
        subset: "training", "validation", or "both" for both datasets; with `validation_split`.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether links to folders are followed.
        crop_to_aspect_ratio: whether what does not fit the proportions of `image_size` is cut off.
        pad_to_aspect_ratio: whether black is added instead, on both sides.
        data_format: "channels_last" or "channels_first"; None is the configured one.
        format: "tf" or "grain", whose dataset Keras would give; it is a `lamina.data.Dataset` either way.
        verbose: whether the number of files is printed.

    Returns:
        A `lamina.data.Dataset` of float32 images in 0..255, or of (images, labels), with `class_names` and
        `file_paths`; for subset="both" a list of two.

    Raises:
        ValueError: for arguments that are none of the above, and where there are no files.
    """
    labels, label_mode = check_labels(labels, label_mode, class_names, "image files")
    if color_mode not in CHANNELS:
        raise ValueError(f"`color_mode` must be one of {tuple(CHANNELS)}. Received: color_mode={color_mode}")
    height, width = _sizes(image_size)
    interpolation = interpolation.lower()
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"Argument `interpolation` should be one of {INTERPOLATIONS}. Received: interpolation={interpolation}"
        )
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    check_split(validation_split, subset, shuffle, seed)
    seed = np.random.randint(1e6) if seed is None else seed
    parts, class_names = labelled_parts(
        directory,
        labels,
        label_mode,
        FORMATS,
        "images",
        (validation_split, subset),
        class_names=class_names,
        shuffle=shuffle,
        seed=seed,
        follow_links=follow_links,
        verbose=verbose,
    )
    channels_last = _data_format(data_format) == "channels_last"
    out = []
    for paths, encoded, training in parts:
        dataset = files_to_read(paths, encoded, shuffle and training, batch_size, seed)
        core = dataset._core.read_images(
            [os.fsencode(p) for p in paths],
            (height, width),
            CHANNELS[color_mode],
            interpolation,
            bool(crop_to_aspect_ratio),
            bool(pad_to_aspect_ratio),
            channels_last,
            threads(),
        )
        dataset = Dataset(core, class_names=class_names, file_paths=paths)
        out.append((dataset if batch_size is None else dataset.batch(batch_size)).prefetch(2))
    return out if subset == "both" else out[0]


def _sizes(image_size):
    sizes = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(sizes, (list, tuple)) or len(sizes) != 2 or any(int(n) != n or n < 1 for n in sizes):
        raise ValueError(
            f"Invalid `image_size` value. Expected a tuple of 2 positive integers. Received: image_size={image_size}"
        )
    return int(sizes[0]), int(sizes[1])


publish("lamina.utils", image_dataset_from_directory)
