"""keras.visualization: boxes and masks drawn on images, and galleries of images."""

from lamina._core.public import public_module

_GALLERIES = "lamina.visualization.galleries"

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        "draw_bounding_boxes": "lamina.visualization.boxes",
        "draw_segmentation_masks": "lamina.visualization.masks",
        "plot_bounding_box_gallery": _GALLERIES,
        "plot_image_gallery": _GALLERIES,
        "plot_segmentation_mask_gallery": _GALLERIES,
    },
)
