"""ImageDataGenerator: images read, changed at random and put into batches, as Keras 2 did it. New programs use
keras.utils.image_dataset_from_directory and the layers that change images."""

import math
import warnings

import numpy as np

from lamina.config import floatx, image_data_format
from lamina.legacy.preprocessing.affine import (  # noqa: F401 - names of this module
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
)
from lamina.legacy.preprocessing.iterators import (
    DataFrameIterator,
    DirectoryIterator,
    Iterator,  # noqa: F401 - a name of this module
    NumpyArrayIterator,
    check_channels,
)
from lamina.utils.images import array_to_img, img_to_array, load_img, save_img, smart_resize  # noqa: F401 - likewise


class ImageDataGenerator:
    """Changes images at random, and makes batches of them.

    Args:
        featurewise_center: whether the mean of all images is taken off; fit() finds it.
        samplewise_center: whether each image's own mean is taken off.
        featurewise_std_normalization: whether images are divided by the deviation of all; fit() finds it.
        samplewise_std_normalization: whether each image is divided by its own deviation.
        zca_whitening: whether pixels are made independent of each other; fit() finds how.
        zca_epsilon: what keeps that from dividing by zero.
        rotation_range: degrees to both sides.
        width_shift_range: a share of the width, pixels where it is 1 or more, or a list of distances.
        height_shift_range: likewise of the height.
        brightness_range: the least and the greatest factor, or None.
        shear_range: degrees to both sides.
        zoom_range: the least and the greatest factor, or how far they are from 1.
        channel_shift_range: the greatest number that is added.
        fill_mode: what lies beyond the image: "nearest", "constant", "reflect" or "wrap".
        cval: what "constant" is.
        horizontal_flip: whether half of the images are mirrored.
        vertical_flip: whether half of them are turned upside down.
        rescale: a factor for all images, or None.
        preprocessing_function: image -> image, before anything else but the random changes.
        data_format: "channels_last" or "channels_first"; None is the configured one.
        validation_split: the share of images that is for validation.
        interpolation_order: 0 or 1.
        dtype: of the images; None is floatx.

    Raises:
        ValueError: for arguments that are none of the above.
    """

    def __init__(
        self,
        featurewise_center=False,
        samplewise_center=False,
        featurewise_std_normalization=False,
        samplewise_std_normalization=False,
        zca_whitening=False,
        zca_epsilon=1e-6,
        rotation_range=0,
        width_shift_range=0.0,
        height_shift_range=0.0,
        brightness_range=None,
        shear_range=0.0,
        zoom_range=0.0,
        channel_shift_range=0.0,
        fill_mode="nearest",
        cval=0.0,
        horizontal_flip=False,
        vertical_flip=False,
        rescale=None,
        preprocessing_function=None,
        data_format=None,
        validation_split=0.0,
        interpolation_order=1,
        dtype=None,
    ):
        self.data_format = data_format or image_data_format()
        if self.data_format not in ("channels_last", "channels_first"):
            raise ValueError(f'`data_format` is "channels_last" or "channels_first". Received: {data_format}')
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(f"`validation_split` lies between 0 and 1. Received: {validation_split}")
        self._validation_split = validation_split
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.zoom_range = _two_factors(zoom_range)
        if brightness_range is not None and not (
            isinstance(brightness_range, (tuple, list)) and len(brightness_range) == 2
        ):
            raise ValueError(f"`brightness_range` is two numbers. Received: {brightness_range}")
        self.brightness_range, self.channel_shift_range = brightness_range, channel_shift_range
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.dtype = dtype or floatx()
        self.mean = self.std = self.zca_whitening_matrix = None
        self._settle()

    def _settle(self):
        """Some steps need others, or replace them."""
        if self.zca_whitening:
            self._set("featurewise_center", True, "zca_whitening")
            self._set("featurewise_std_normalization", False, "zca_whitening")
        if self.featurewise_std_normalization:
            self._set("featurewise_center", True, "featurewise_std_normalization")
        if self.samplewise_std_normalization:
            self._set("samplewise_center", True, "samplewise_std_normalization")

    def _set(self, name, value, reason):
        if getattr(self, name) != value:
            setattr(self, name, value)
            warnings.warn(f"`{reason}` makes `{name}` of this ImageDataGenerator {value}.", stacklevel=4)

    # --- batches ---

    def flow(
        self,
        x,
        y=None,
        batch_size=32,
        shuffle=True,
        sample_weight=None,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        ignore_class_split=False,
        subset=None,
    ):
        """Batches of an array's images.

        Args:
            x: images, or (images, arrays that go with them).
            y: a target for each, or None.
            batch_size: images in a batch.
            shuffle: whether they are mixed in each pass.
            sample_weight: a weight for each, or None.
            seed: of the order and of the changes.
            save_to_dir: where changed images are written; None writes none.
            save_prefix: how names of written files begin.
            save_format: how they end.
            ignore_class_split: whether the subsets may have other classes each.
            subset: "training" or "validation", of `validation_split`.

        Returns:
            A NumpyArrayIterator.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
    ):
        """Batches of the images in the folders of their classes.

        Args:
            directory: the folder of the folders.
            target_size: (height, width) of all images.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: the folders, in the order of their labels; None takes all, sorted.
            class_mode: "categorical", "binary", "sparse", "input" for the images themselves, or None for no targets.
            batch_size: images in a batch.
            shuffle: whether they are mixed in each pass.
            seed: of the order and of the changes.
            save_to_dir: where changed images are written; None writes none.
            save_prefix: how names of written files begin.
            save_format: how they end.
            follow_links: whether links to folders are followed.
            subset: "training" or "validation", of `validation_split`.
            interpolation: between pixels where an image has another size.
            keep_aspect_ratio: whether what does not fit the proportions is cut off.

        Returns:
            A DirectoryIterator.
        """
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    def flow_from_dataframe(
        self,
        dataframe,
        directory=None,
        x_col="filename",
        y_col="class",
        weight_col=None,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        validate_filenames=True,
        **kwargs,
    ):
        """Batches of the images whose names are a column of a table.

        Args:
            dataframe: a pandas.DataFrame.
            directory: what names are relative to; None takes them as they are.
            x_col: the column of the names.
            y_col: the column of the targets, or a list of them.
            weight_col: the column of weights, or None.
            target_size: (height, width) of all images.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: the classes, in the order of their labels; None takes all, sorted.
            class_mode: "categorical", "binary", "sparse", "input", "multi_output", "raw" or None.
            batch_size: images in a batch.
            shuffle: whether they are mixed in each pass.
            seed: of the order and of the changes.
            save_to_dir: where changed images are written; None writes none.
            save_prefix: how names of written files begin.
            save_format: how they end.
            subset: "training" or "validation", of `validation_split`.
            interpolation: between pixels where an image has another size.
            validate_filenames: whether rows without a file are left out, with a warning.
            **kwargs: older arguments, which a warning says of that they have no effect.

        Returns:
            A DataFrameIterator.
        """
        for name in ("has_ext", "sort", "drop_duplicates"):
            if name in kwargs:
                warnings.warn(f"`{name}` has no effect any more.", DeprecationWarning, stacklevel=2)
        if class_mode == "other":
            warnings.warn('class_mode="other" is called "raw" now.', DeprecationWarning, stacklevel=2)
            class_mode = "raw"
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            validate_filenames=validate_filenames,
            dtype=self.dtype,
        )

    # --- one image ---

    def _changed(self, x, dtype=None):
        params = self.get_random_transform(x.shape)
        return self.standardize(self.apply_transform(x if dtype is None else x.astype(dtype), params))

    def standardize(self, x):
        """What happens to all images: the function, the factor, and means and deviations taken out, in place.

        Args:
            x: an image, or a batch of them, of floats.

        Returns:
            The image.
        """
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + 1e-6
        if self.featurewise_center and self._fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._fitted("featurewise_std_normalization", self.std):
            x /= self.std + 1e-6
        if self.zca_whitening and self._fitted("zca_whitening", self.zca_whitening_matrix):
            flat = x.reshape(-1, math.prod(x.shape[-3:])) @ self.zca_whitening_matrix
            x = np.reshape(flat, x.shape)
        return x

    def _fitted(self, name, value):
        if value is None:
            warnings.warn(
                f"`{name}` of this ImageDataGenerator has no effect before it has seen images: call `.fit(images)`.",
                stacklevel=3,
            )
        return value is not None

    def get_random_transform(self, img_shape, seed=None):
        """Draws how an image is changed.

        Args:
            img_shape: the image's shape.
            seed: given to NumPy before, or None.

        Returns:
            A dict, for apply_transform().
        """
        if seed is not None:
            np.random.seed(seed)
        theta = np.random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _distance(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _distance(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = np.random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else np.random.uniform(*self.zoom_range, 2)
        flips = [(np.random.random() < 0.5) * wanted for wanted in (self.horizontal_flip, self.vertical_flip)]
        reach = self.channel_shift_range
        intensity = np.random.uniform(-reach, reach) if reach != 0 else None
        brightness = None if self.brightness_range is None else np.random.uniform(*self.brightness_range)
        return {
            **{"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy},
            **{"flip_horizontal": flips[0], "flip_vertical": flips[1]},
            **{"channel_shift_intensity": intensity, "brightness": brightness},
        }

    def apply_transform(self, x, transform_parameters):
        """Changes an image.

        Args:
            x: the image, of three axes.
            transform_parameters: a dict of get_random_transform(), or a part of one.

        Returns:
            The image changed.
        """
        row, column, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        moves = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
        x = apply_affine_transform(
            x,
            *[transform_parameters.get(name, none) for name, none in moves.items()],
            row_axis=row,
            col_axis=column,
            channel_axis=channel,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if transform_parameters.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, transform_parameters["channel_shift_intensity"], channel)
        if transform_parameters.get("flip_horizontal", False):
            x = flip_axis(x, column)
        if transform_parameters.get("flip_vertical", False):
            x = flip_axis(x, row)
        if transform_parameters.get("brightness") is not None:
            x = apply_brightness_shift(x, transform_parameters["brightness"], False)
        return x

    def random_transform(self, x, seed=None):
        """Changes an image at random.

        Args:
            x: the image, of three axes.
            seed: given to NumPy before, or None.

        Returns:
            The image changed.
        """
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Finds the mean, the deviation and the whitening of images.

        Args:
            x: images, an array of four axes.
            augment: whether they are changed at random before.
            rounds: how often each is, then.
            seed: given to NumPy before, or None.

        Raises:
            ValueError: for arrays of another rank.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(f"fit() takes images, an array of four axes. Received one of shape {x.shape}")
        check_channels(x.shape, self.data_format)
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.array([self.random_transform(image) for _ in range(rounds) for image in x], dtype=self.dtype)
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = np.mean(x, axis=axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(x, axis=axes, keepdims=True)[0]
            x /= self.std + 1e-6
        if self.zca_whitening:
            vectors, lengths, _ = np.linalg.svd(np.reshape(x, (len(x), -1)).T, full_matrices=False)
            self.zca_whitening_matrix = (vectors * (np.sqrt(len(x)) / (lengths + self.zca_epsilon))) @ vectors.T


def _two_factors(zoom_range):
    if isinstance(zoom_range, (int, float)):
        return [1 - zoom_range, 1 + zoom_range]
    if len(zoom_range) == 2 and all(isinstance(n, (int, float)) for n in zoom_range):
        return list(zoom_range)
    raise ValueError(f"`zoom_range` is a number, or the least and the greatest factor. Received: {zoom_range}")


def _distance(reach, size):
    """How far an image moves: one of a list of distances to either side, or up to `reach`; shares become pixels."""
    if not np.any(reach):
        return 0
    if np.ndim(reach) or isinstance(reach, (int, np.integer)):  # an int n stands for the distances below it
        distance = np.random.choice(reach) * np.random.choice([-1, 1])
    else:
        distance = np.random.uniform(-reach, reach)
    return distance * size if np.max(reach) < 1 else distance
