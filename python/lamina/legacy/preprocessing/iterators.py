"""Batches of images from arrays, folders and tables, through an ImageDataGenerator."""

import os
import threading
import warnings

import numpy as np

from lamina.config import floatx, image_data_format
from lamina.utils.images import array_to_img, img_to_array, load_img
from lamina.utils.py_dataset import PyDataset

_COLOURS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_MOST_IN_A_NAME = {"arrays": int(1e4), "files": int(1e7)}


class Iterator(PyDataset):
    """Batches of numbers of images, over and over; what is derived from it makes batches of them.

    Args:
        n: the number of images.
        batch_size: images in a batch.
        shuffle: whether they are mixed in each pass.
        seed: of the order, and of what is drawn for a batch.
        **kwargs: of keras.utils.PyDataset.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n, batch_size, shuffle, seed, **kwargs):
        super().__init__(**kwargs)
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array = None

    def _set_index_array(self):
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _begin_batch(self):
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __len__(self):
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx):
        if idx >= len(self):
            raise ValueError(f"There are {len(self)} batches. Asked for number {idx}.")
        self._begin_batch()
        if self.index_array is None:
            self._set_index_array()
        first = self.batch_size * idx
        return self._get_batches_of_transformed_samples(self.index_array[first : first + self.batch_size])

    def on_epoch_end(self):
        """Mixes the images anew."""
        self._set_index_array()

    def reset(self):
        """The next batch is the first one of a pass."""
        self.batch_index = 0

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            self._begin_batch()
            if self.batch_index == 0:
                self._set_index_array()
            first = self.batch_index * self.batch_size % self.n if self.n else 0
            chosen = self.index_array[first : first + self.batch_size]
            self.batch_index = self.batch_index + 1 if first + self.batch_size < self.n else 0
        return self._get_batches_of_transformed_samples(chosen)

    def next(self):
        """The next batch."""
        return next(self)

    def _get_batches_of_transformed_samples(self, index_array):
        raise NotImplementedError("A class derived from Iterator makes batches in this method.")

    def _save(self, batch, index_array, most):
        """Writes the images of a batch into `save_to_dir`, where one was given."""
        for image, number in zip(batch, index_array if self.save_to_dir else ()):
            name = f"{self.save_prefix}_{number}_{np.random.randint(most)}.{self.save_format}"
            array_to_img(image, self.data_format, scale=True).save(os.path.join(self.save_to_dir, name))


class NumpyArrayIterator(Iterator):
    """Batches of images of an array.

    Args:
        x: images, or (images, arrays that go with them).
        y: a target for each, or None.
        image_data_generator: what changes them.
        batch_size: images in a batch.
        shuffle: whether they are mixed in each pass.
        sample_weight: a weight for each, or None.
        seed: of the order and of the changes.
        data_format: "channels_last" or "channels_first"; None is the configured one.
        save_to_dir: where changed images are written; None writes none.
        save_prefix: how names of written files begin.
        save_format: how they end.
        subset: "training" or "validation", of the generator's `validation_split`.
        ignore_class_split: whether the subsets may have other classes each.
        dtype: of the images; None is floatx.

    Raises:
        ValueError: where lengths differ, or the images are not of rank 4.
    """

    def __init__(
        self,
        x,
        y,
        image_data_generator,
        batch_size=32,
        shuffle=False,
        sample_weight=None,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        ignore_class_split=False,
        dtype=None,
    ):
        self.dtype = dtype or floatx()
        self.data_format = data_format or image_data_format()
        more = []
        if isinstance(x, (tuple, list)):
            x, rest = x[0], x[1]
            more = [np.asarray(a) for a in (rest if isinstance(rest, list) else [rest])]
        self._check_lengths(x, more, y, sample_weight)
        if subset is not None:
            kept = self._part(subset, len(x), image_data_generator, None if ignore_class_split else y)
            x, more, y = x[kept], [a[kept] for a in more], None if y is None else y[kept]
        self.x, self.x_misc = np.asarray(x, dtype=self.dtype), more
        if self.x.ndim != 4:
            raise ValueError(f"Images are an array of four axes. Received one of shape {self.x.shape}")
        check_channels(self.x.shape, self.data_format)
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        self.image_data_generator = image_data_generator
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        super().__init__(self.x.shape[0], batch_size, shuffle, seed)

    def _check_lengths(self, x, more, y, sample_weight):
        named = [*(("the arrays beside `x`", a) for a in more), ("`y`", y), ("`sample_weight`", sample_weight)]
        for name, array in named:
            if array is not None and len(array) != len(x):
                raise ValueError(
                    f"`x` and {name} must be of one length. Received shapes {np.shape(x)} and {np.shape(array)}"
                )

    def _part(self, subset, count, generator, y):
        """The rows of a subset; the validation's are the first."""
        if subset not in ("training", "validation"):
            raise ValueError(f'`subset` is "training" or "validation". Received: {subset}')
        first = int(count * generator._validation_split)
        if y is not None and not np.array_equal(np.unique(y[:first]), np.unique(y[first:])):
            raise ValueError(
                "The subsets have not the same classes. Mix the images before: the first ones are for validation."
            )
        return slice(None, first) if subset == "validation" else slice(first, None)

    def _get_batches_of_transformed_samples(self, index_array):
        batch = np.zeros((len(index_array), *self.x.shape[1:]), dtype=self.dtype)
        for i, number in enumerate(index_array):
            batch[i] = self.image_data_generator._changed(self.x[number], self.dtype)
        self._save(batch, index_array, _MOST_IN_A_NAME["arrays"])
        given = [batch, *(a[index_array] for a in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return given
        weights = () if self.sample_weight is None else (self.sample_weight[index_array],)
        return (given, self.y[index_array], *weights)


def check_channels(shape, data_format):
    """Warns of images whose number of channels is none of images'."""
    axis = 3 if data_format == "channels_last" else 1
    if shape[axis] not in (1, 3, 4):
        warnings.warn(
            f"Expected 1, 3 or 4 channels along axis {axis} ({data_format}). Received the shape {tuple(shape)}.",
            stacklevel=4,
        )


class FilesIterator(Iterator):
    """Batches of images in files: what DirectoryIterator and DataFrameIterator have in common."""

    def _set_reading(self, generator, target_size, color_mode, data_format, saving, subset, interpolation, keep_aspect):
        if color_mode not in _COLOURS:
            raise ValueError(f'`color_mode` is "rgb", "rgba" or "grayscale". Received: {color_mode}')
        self.image_data_generator = generator
        self.target_size, self.keep_aspect_ratio = tuple(target_size), keep_aspect
        self.color_mode, self.data_format, self.interpolation = color_mode, data_format, interpolation
        channels = (_COLOURS[color_mode],)
        last = data_format == "channels_last"
        self.image_shape = self.target_size + channels if last else channels + self.target_size
        self.save_to_dir, self.save_prefix, self.save_format = saving
        if subset not in (None, "training", "validation"):
            raise ValueError(f'`subset` is "training" or "validation". Received: {subset}')
        share = generator._validation_split if generator else 0
        self.split = {None: None, "validation": (0, share), "training": (share, 1)}[subset]
        self.subset = subset

    def _kept(self, items):
        """The items of the subset."""
        if not self.split:
            return items
        first, last = (int(share * len(items)) for share in self.split)
        return items[first:last]

    @property
    def filepaths(self):
        """The paths of the images."""
        return self._filepaths

    @property
    def labels(self):
        """What is known of each image."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self):
        """A weight for each image, or None."""
        return self._sample_weight

    def _image(self, path):
        image = load_img(
            path,
            color_mode=self.color_mode,
            target_size=self.target_size,
            interpolation=self.interpolation,
            keep_aspect_ratio=self.keep_aspect_ratio,
        )
        pixels = img_to_array(image, data_format=self.data_format)
        return pixels if self.image_data_generator is None else self.image_data_generator._changed(pixels)

    def _get_batches_of_transformed_samples(self, index_array):
        batch = np.zeros((len(index_array), *self.image_shape), dtype=self.dtype)
        for i, number in enumerate(index_array):
            batch[i] = self._image(self.filepaths[number])
        self._save(batch, index_array, _MOST_IN_A_NAME["files"])
        if self.class_mode is None:
            return batch
        weights = () if self.sample_weight is None else (self.sample_weight[index_array],)
        return (batch, self._batch_of_targets(batch, index_array), *weights)

    def _batch_of_targets(self, batch, index_array):
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode == "multi_output":
            return [values[index_array] for values in self.labels]
        if self.class_mode == "raw":
            return self.labels[index_array]
        if self.class_mode == "categorical":
            out = np.zeros((len(batch), len(self.class_indices)), dtype=self.dtype)
            for row, number in zip(out, index_array):
                row[self.classes[number]] = 1
            return out
        return np.array([self.classes[number] for number in index_array], dtype=self.dtype)


class DirectoryIterator(FilesIterator):
    """Batches of the images in the folders of their classes.

    Args:
        directory: the folder of the folders.
        image_data_generator: what changes the images; None leaves them.
        target_size: (height, width) of all images.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the folders, in the order of their labels; None takes all, sorted.
        class_mode: "categorical", "binary", "sparse", "input" for the images themselves, or None for no targets.
        batch_size: images in a batch.
        shuffle: whether they are mixed in each pass.
        seed: of the order and of the changes.
        data_format: "channels_last" or "channels_first"; None is the configured one.
        save_to_dir: where changed images are written; None writes none.
        save_prefix: how names of written files begin.
        save_format: how they end.
        follow_links: whether links to folders are followed.
        subset: "training" or "validation", of the generator's `validation_split`.
        interpolation: between pixels where an image has another size.
        keep_aspect_ratio: whether what does not fit the proportions is cut off.
        dtype: of the images; None is floatx.

    Raises:
        ValueError: for modes that are none of the above.
    """

    allowed_class_modes = {"categorical", "binary", "sparse", "input", None}

    def __init__(
        self,
        directory,
        image_data_generator,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
        dtype=None,
    ):
        saving = (save_to_dir, save_prefix, save_format)
        self._set_reading(
            image_data_generator,
            target_size,
            color_mode,
            data_format or image_data_format(),
            saving,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        if class_mode not in self.allowed_class_modes:
            raise ValueError(f"`class_mode` is one of {_shown(self.allowed_class_modes)}. Received: {class_mode}")
        self.directory, self.class_mode, self.dtype = directory, class_mode, dtype or floatx()
        self._sample_weight = None
        if not classes:
            inside = sorted(os.listdir(directory))
            classes = [name for name in inside if os.path.isdir(os.path.join(directory, name))]
        self.num_classes = len(classes)
        self.class_indices = {name: label for label, name in enumerate(classes)}
        self.filenames, labels = [], []
        for name, label in self.class_indices.items():
            found = self._kept(list(self._files(os.path.join(directory, name), follow_links)))
            self.filenames += [os.path.join(name, file) for file in found]
            labels += [label] * len(found)
        self.samples = len(self.filenames)
        self.classes = np.asarray(labels, dtype="int32")
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        self._filepaths = [os.path.join(directory, file) for file in self.filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _files(self, folder, follow_links):
        """The paths below a folder of its images, in order."""
        for root, _, files in sorted(os.walk(folder, followlinks=follow_links), key=lambda found: found[0]):
            for file in sorted(files):
                if file.lower().endswith(self.white_list_formats):
                    yield os.path.relpath(os.path.join(root, file), folder)


def _shown(modes):
    return ", ".join(sorted(f'"{mode}"' if mode else "None" for mode in modes))


class DataFrameIterator(FilesIterator):
    """Batches of the images whose names are a column of a table.

    Args:
        dataframe: a pandas.DataFrame.
        directory: what names are relative to; None takes them as they are.
        image_data_generator: what changes the images; None leaves them.
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
        data_format: "channels_last" or "channels_first".
        save_to_dir: where changed images are written; None writes none.
        save_prefix: how names of written files begin.
        save_format: how they end.
        subset: "training" or "validation", of the generator's `validation_split`.
        interpolation: between pixels where an image has another size.
        keep_aspect_ratio: whether what does not fit the proportions is cut off.
        dtype: of the images.
        validate_filenames: whether rows without a file are left out, with a warning.

    Raises:
        ValueError: for modes that are none of the above, and for "binary" with other than two classes.
        TypeError: where a column holds what the mode does not take.
    """

    allowed_class_modes = {"binary", "categorical", "input", "multi_output", "raw", "sparse", None}

    def __init__(
        self,
        dataframe,
        directory=None,
        image_data_generator=None,
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
        data_format="channels_last",
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
        dtype="float32",
        validate_filenames=True,
    ):
        saving = (save_to_dir, save_prefix, save_format)
        self._set_reading(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            saving,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self.directory, self.class_mode, self.dtype = directory or "", class_mode, dtype
        table = dataframe.copy()
        self._check(table, x_col, y_col, weight_col, classes)
        if validate_filenames:
            table = self._with_files(table, x_col)
        labelled = class_mode in ("binary", "categorical", "sparse")
        if labelled:
            table, classes = _of_classes(table, y_col, classes)
            self.class_indices = {name: label for label, name in enumerate(classes)}
        table = self._kept(table)
        if labelled:
            self.classes = [self._labels(value) for value in table[y_col]]
        self.filenames = table[x_col].tolist()
        self._sample_weight = table[weight_col].values if weight_col else None
        if class_mode == "multi_output":
            self._targets = [np.array(table[column].tolist()) for column in y_col]
        elif class_mode == "raw":
            self._targets = table[y_col].values
        self.samples = len(self.filenames)
        ending = f" belonging to {len(classes)} classes." if labelled else "."
        print(f"Found {self.samples} {'' if validate_filenames else 'non-'}validated image filenames{ending}")
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _labels(self, value):
        several = isinstance(value, (list, tuple))
        return [self.class_indices[name] for name in value] if several else self.class_indices[value]

    def _check(self, table, x_col, y_col, weight_col, classes):
        mode = self.class_mode
        if mode not in self.allowed_class_modes:
            raise ValueError(f"`class_mode` is one of {_shown(self.allowed_class_modes)}. Received: {mode}")
        if mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(f'With class_mode="multi_output", `y_col` is a list of columns. Received: {y_col!r}')
        takes = {"binary": (str,), "sparse": (str,), "categorical": (str, list, tuple)}
        for column, kinds in ((x_col, (str,)), (y_col, takes.get(mode))):
            if kinds and not all(isinstance(value, kinds) for value in table[column]):
                names = ", ".join(kind.__name__ for kind in kinds)
                raise TypeError(
                    f'The column "{column}" must hold {names} alone (class_mode="{mode}"). Use astype(str).'
                )
        if mode == "binary":
            count = len(set(classes)) if classes else table[y_col].nunique()
            if count != 2:
                raise ValueError(f'class_mode="binary" is for two classes. There are {count}.')
        if classes and mode in ("input", "multi_output", "raw", None):
            warnings.warn(f'`classes` has no effect with class_mode="{mode}".', stacklevel=4)
        if weight_col and not np.issubdtype(table[weight_col].dtype.type, np.number):
            raise TypeError(f'The column "{weight_col}" of weights must hold numbers.')

    def _with_files(self, table, x_col):
        def is_image(name):
            path = os.path.join(self.directory, name)
            return path.lower().endswith(self.white_list_formats) and os.path.isfile(path)

        there = np.array([is_image(name) for name in table[x_col]], dtype=bool)
        if not there.all():
            warnings.warn(
                f'{(~there).sum()} names in the column "{x_col}" are of no image; these rows are left out.',
                stacklevel=4,
            )
        return table[there]


def _of_classes(table, y_col, classes):
    """(the rows of these classes, the classes)"""
    if not classes:
        several = (value if isinstance(value, (list, tuple)) else [value] for value in table[y_col])
        return table.dropna(subset=[y_col]), sorted({name for names in several for name in names})
    classes = list(dict.fromkeys(classes))

    def kept(value):
        if isinstance(value, (list, tuple)):
            return [name for name in value if name in classes] or None
        return value if value in classes else None

    table = table.copy()
    table[y_col] = [kept(value) for value in table[y_col]]
    return table.dropna(subset=[y_col]), classes
