"""Galleries of images, drawn by Matplotlib."""

import math

import numpy as np

from lamina._core.public import publish
from lamina.visualization.boxes import draw_bounding_boxes
from lamina.visualization.masks import draw_segmentation_masks
from lamina.visualization.pixels import batch, rescaled


def _pyplot(function):
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"The `{function}` function requires the `matplotlib` package. Please install it with `pip install "
            "matplotlib`."
        ) from error
    return plt


def plot_image_gallery(
    images,
    y_true=None,
    y_pred=None,
    label_map=None,
    rows=None,
    cols=None,
    value_range=(0, 255),
    scale=2,
    path=None,
    show=None,
    transparent=True,
    dpi=60,
    legend_handles=None,
    data_format=None,
):
    """Shows images in rows and columns, or writes them to a file.

    Args:
        images: images of shape (batch, height, width, channels), or with channels in front.
        y_true: the class of each image, which its title tells.
        y_pred: the predicted class of each image, likewise.
        label_map: {class: text}; needed for classes.
        rows: number of rows; None is about that of columns.
        cols: number of columns; None is as many as are needed.
        value_range: the smallest and the largest value that pixels may have.
        scale: width and height of an image, in inches.
        path: the file to write.
        show: whether to open a window; None does so without `path`.
        transparent: whether the file has a transparent background.
        dpi: pixels an inch in the file.
        legend_handles: entries of a legend below, as Matplotlib makes them.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.

    Raises:
        ImportError: without Matplotlib.
        ValueError: for images that are no batch, for both `path` and `show`, and for classes without `label_map`.
    """
    plt = _pyplot("plot_image_gallery")
    if path is not None and show:
        raise ValueError("plot_gallery() expects either `path` to be set, or `show` to be true.")
    if (y_true is not None or y_pred is not None) and label_map is None:
        raise ValueError("If `y_true` or `y_pred` are provided, a `label_map` must also be provided.")
    pixels = batch(images, data_format)
    count = len(pixels)
    rows = rows or max(1, math.ceil(math.sqrt(count)))
    cols = cols or max(1, math.ceil(count / rows))
    pixels = rescaled(pixels[: rows * cols], value_range).astype("uint8")
    figure, axes = plt.subplots(
        rows,
        cols,
        figsize=(cols * scale, rows * scale),
        frameon=False,
        layout="tight",
        squeeze=False,
        sharex="row",
        sharey="col",
    )
    figure.subplots_adjust(wspace=0, hspace=0)
    if legend_handles is not None:
        figure.legend(handles=legend_handles, loc="lower center")
    titles = _titles(len(pixels), label_map, Label=y_true, Pred=y_pred)
    for i, place in enumerate(axes.flat):
        place.margins(x=0, y=0)
        place.axis("off")
        if i < len(pixels):
            image = pixels[i]
            place.imshow(np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image)
            if titles[i]:
                place.set_title(titles[i], fontsize=8)
    if path is not None:
        figure.savefig(path, pad_inches=0, bbox_inches="tight", transparent=transparent, dpi=dpi)
    elif show or show is None:
        plt.show()
    else:
        return  # the figure stays Matplotlib's current one
    plt.close(figure)


def _titles(count, label_map, **classes):
    """What is above each image."""
    parts = [[] for _ in range(count)]
    for kind, given in classes.items():
        for i, c in enumerate([] if given is None else np.asarray(given).tolist()[:count]):
            parts[i].append(f"{kind}: {label_map.get(c, 'Unknown')}")
    return ["  ".join(p) for p in parts]


def plot_bounding_box_gallery(
    images,
    bounding_box_format,
    y_true=None,
    y_pred=None,
    value_range=(0, 255),
    true_color=(0, 188, 212),
    pred_color=(255, 235, 59),
    line_thickness=2,
    font_scale=1.0,
    text_thickness=None,
    class_mapping=None,
    ground_truth_mapping=None,
    prediction_mapping=None,
    legend=False,
    legend_handles=None,
    rows=None,
    cols=None,
    data_format=None,
    **kwargs,
):
    """Shows images with their bounding boxes in rows and columns, or writes them to a file.

    Args:
        images: images of shape (batch, height, width, channels), or with channels in front.
        bounding_box_format: the format of the boxes, such as "xyxy".
        y_true: true boxes, as draw_bounding_boxes() takes them.
        y_pred: predicted boxes.
        value_range: the smallest and the largest value that pixels may have.
        true_color: red, green and blue of true boxes.
        pred_color: red, green and blue of predicted boxes.
        line_thickness: thickness of the lines.
        font_scale: size of the letters.
        text_thickness: thickness of the letters; None takes that of the lines.
        class_mapping: {class: text} of what is written at boxes.
        ground_truth_mapping: the same of true boxes alone.
        prediction_mapping: the same of predicted boxes alone.
        legend: whether a legend says which boxes are true and which are predicted.
        legend_handles: entries of another legend, as Matplotlib makes them.
        rows: number of rows.
        cols: number of columns.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.
        **kwargs: further arguments of plot_image_gallery().

    Raises:
        ImportError: without Matplotlib, and for boxes without OpenCV.
        ValueError: for images that are no batch, and for both `legend` and `legend_handles`.
    """
    _pyplot("plot_bounding_box_gallery")
    from matplotlib import patches

    pixels = batch(images, data_format)
    for boxes, color, mapping in (
        (y_true, true_color, ground_truth_mapping or class_mapping),
        (y_pred, pred_color, prediction_mapping or class_mapping),
    ):
        if boxes is not None:
            pixels = draw_bounding_boxes(
                pixels,
                boxes,
                bounding_box_format,
                class_mapping=mapping,
                color=color,
                line_thickness=line_thickness,
                text_thickness=text_thickness,
                font_scale=font_scale,
                data_format="channels_last",
            )
    if legend:
        if legend_handles:
            raise ValueError(
                "Only pass `legend` OR `legend_handles` to `keras.visualization.plot_bounding_box_gallery()`."
            )
        legend_handles = [
            patches.Patch(color=np.array(color) / 255, label=label)
            for color, label in ((true_color, "Ground Truth"), (pred_color, "Prediction"))
        ]
    plot_image_gallery(
        pixels,
        value_range=value_range,
        legend_handles=legend_handles,
        rows=rows,
        cols=cols,
        data_format="channels_last",
        **kwargs,
    )


def plot_segmentation_mask_gallery(
    images,
    num_classes,
    value_range=(0, 255),
    y_true=None,
    y_pred=None,
    color_mapping=None,
    blend=True,
    alpha=0.8,
    ignore_index=-1,
    data_format=None,
    **kwargs,
):
    """Shows a row for each image: the image, and painted with true and with predicted masks; or writes them to a file.

    Args:
        images: images of shape (batch, height, width, channels), or with channels in front, with values from 0 to 255.
        num_classes: the number of classes.
        value_range: the smallest and the largest value that pixels may have.
        y_true: true masks, as draw_segmentation_masks() takes them.
        y_pred: predicted masks.
        color_mapping: {class: (red, green, blue)}; None makes colours.
        blend: whether the image is seen through the colours.
        alpha: how much of the class' colour is seen.
        ignore_index: a class whose places are left as they are.
        data_format: "channels_last" or "channels_first"; None is `keras.config.image_data_format()`.
        **kwargs: further arguments of plot_image_gallery().

    Raises:
        ImportError: without Matplotlib.
        ValueError: for images that are no batch, and for masks of other sizes.
    """
    pixels = batch(images, data_format)
    shown = [pixels]
    for masks in (y_true, y_pred):
        if masks is not None:
            painted = draw_segmentation_masks(
                images,
                np.asarray(masks).astype("int32"),
                num_classes,
                color_mapping,
                alpha,
                blend,
                ignore_index,
                data_format,
            )
            shown.append(painted)
    plot_image_gallery(
        np.stack(shown, axis=1).reshape(-1, *pixels.shape[1:]),
        value_range=value_range,
        rows=len(pixels),
        cols=len(shown),
        data_format="channels_last",
        **kwargs,
    )


publish("lamina.visualization", plot_bounding_box_gallery, plot_image_gallery, plot_segmentation_mask_gallery)
