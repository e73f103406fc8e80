"""The files of a directory and their labels, for the datasets that are made from directories."""

import os

import numpy as np

from lamina._core.console import print_text
from lamina.data.dataset import Dataset


def index_directory(
    directory, labels, formats, class_names=None, shuffle=True, seed=None, follow_links=False, verbose=True
):
    """The files below a directory, with the numbers of their classes.

    Args:
        directory: a path. With labels="inferred", its folders are the classes.
        labels: "inferred"; None for no labels; or a list of one int for each file, in the order of sorted paths.
        formats: a tuple of the endings that files must have, in lower case (".jpg").
        class_names: the folders that count, in the order of their numbers. None takes all, sorted.
        shuffle: whether the files are mixed.
        seed: of that order; None draws one.
        follow_links: whether links to folders are followed.
        verbose: whether the number of files is printed.

    Returns:
        (paths, labels, class names). Labels are None where there are none, and so are then the names.

    Raises:
        ValueError: for class names without a folder, and for labels that are not as many as files.
        FileNotFoundError: where there is no such directory.
    """
    directory = os.fspath(directory)
    inferred = isinstance(labels, str) and labels == "inferred"
    if inferred:
        folders = _folders(directory, class_names)
    elif class_names is not None:
        raise ValueError(
            f"`class_names` orders the folders of a directory, with labels='inferred'. Received: labels={labels}, "
            f"class_names={class_names}."
        )
    else:
        folders = [""]
        if not os.path.isdir(directory):
            raise FileNotFoundError(f"There is no directory {directory!r}.")
    numbers = {name: i for i, name in enumerate(folders)}
    paths, found = [], []
    for folder in folders:
        inside = _files_below(os.path.join(directory, folder), tuple(formats), follow_links)
        paths += [os.path.join(directory, folder, path) for path in inside]
        found += [numbers[folder]] * len(inside)
    if inferred:
        labels, class_names = np.asarray(found, "int32"), list(folders)
    elif labels is not None:
        if len(labels) != len(paths):
            raise ValueError(
                "Expected the lengths of `labels` to match the number of files in the target directory. len(labels) "
                f"is {len(labels)} while we found {len(paths)} files in directory {directory}."
            )
        class_names = [str(label) for label in sorted(set(labels))]
        labels = list(labels)
    if verbose:
        classes = "" if labels is None else f" belonging to {len(class_names)} classes"
        print_text(f"Found {len(paths)} files{classes}.\n")
    if shuffle:
        seed = np.random.randint(1e6) if seed is None else seed
        for values in (paths, labels):
            if values is not None:
                np.random.RandomState(seed).shuffle(values)
    return paths, labels, class_names


def _folders(directory, class_names):
    folders = [
        name
        for name in sorted(os.listdir(directory))
        if not name.startswith(".") and os.path.isdir(os.path.join(directory, name))
    ]
    if class_names is None:
        return folders
    if not set(class_names).issubset(folders):
        raise ValueError(
            "The `class_names` passed did not match the names of the subdirectories of the target directory. "
            f"Expected: {folders} (or a subset of it), but received: class_names={class_names}"
        )
    return list(class_names)


def _files_below(folder, formats, follow_links):
    """Paths within the folder, folder by folder, sorted."""
    out = []
    for root, _, files in sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0]):
        out += [
            os.path.relpath(os.path.join(root, name), folder)
            for name in sorted(files)
            if name.lower().endswith(formats)
        ]
    return out


def split_by_subset(samples, labels, validation_split, subset):
    """The samples and labels for training, or those for validation, which are the last.

    Args:
        samples: a list.
        labels: as many labels, or None.
        validation_split: the share for validation; None or 0 leaves all together.
        subset: "training" or "validation".

    Returns:
        (samples, labels)

    Raises:
        ValueError: for another subset.
    """
    if not validation_split:
        return samples, labels
    count = int(validation_split * len(samples))
    at = len(samples) - count
    if subset == "training":
        part = slice(None, at)
        print_text(f"Using {at} files for training.\n")
    elif subset == "validation":
        part = slice(at, None)
        print_text(f"Using {count} files for validation.\n")
    else:
        raise ValueError(f'`subset` must be either "training" or "validation", received: {subset}')
    return samples[part], labels if labels is None else labels[part]


def check_split(validation_split, subset, shuffle, seed):
    """ValueError unless the arguments of a split fit each other.

    Args:
        validation_split: a share between 0 and 1, or None.
        subset: "training", "validation", "both" or None.
        shuffle: whether files are mixed.
        seed: of that order.

    Raises:
        ValueError: as said.
    """
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1, received: {validation_split}")
    if bool(validation_split) != bool(subset):
        raise ValueError(
            "If `subset` is set, `validation_split` must be set, and inversely. Received: "
            f"subset={subset}, validation_split={validation_split}"
        )
    if subset not in ("training", "validation", "both", None):
        raise ValueError(f'`subset` must be either "training", "validation" or "both", received: {subset}')
    if validation_split and shuffle and seed is None:
        raise ValueError(
            "If using `validation_split` and shuffling the data, you must provide a `seed` argument, to make sure "
            "that there is no overlap between the training and validation subset."
        )


def check_labels(labels, label_mode, class_names, kind):
    """ValueError unless the arguments on labels are some that all datasets from directories take.

    Args:
        labels: "inferred", None, or a list or tuple.
        label_mode: "int", "categorical", "binary" or None.
        class_names: names of folders, or None.
        kind: what files hold, in the plural, for messages.

    Returns:
        (labels, label_mode), both None where there are to be none.

    Raises:
        ValueError: as said.
    """
    given = labels is not None and not (isinstance(labels, str) and labels == "inferred")
    if given and not isinstance(labels, (list, tuple)):
        raise ValueError(
            "`labels` argument should be 'inferred' (from the names of folders), None (no labels), or a list or tuple "
            f"of one int for each of the {kind} in the directory. Received: labels={labels}"
        )
    if given and class_names:
        raise ValueError(
            'You can only pass `class_names` if `labels="inferred"`. Received: '
            f"labels={labels}, and class_names={class_names}"
        )
    if label_mode not in ("int", "categorical", "binary", None):
        raise ValueError(
            '`label_mode` argument must be one of "int", "categorical", "binary", or None. '
            f"Received: label_mode={label_mode}"
        )
    return (None, None) if labels is None or label_mode is None else (labels, label_mode)


def labelled_parts(directory, labels, label_mode, formats, kind, split, **index):
    """The files of a dataset from a directory, in as many parts as the caller asked for.

    Args:
        directory: a path.
        labels: as `check_labels` gives them.
        label_mode: likewise.
        formats: a tuple of endings.
        kind: what files hold, in the plural, for messages.
        split: (validation_split, subset)
        **index: further arguments of `index_directory`.

    Returns:
        ([(paths, labels as arrays or None, whether it is for training)], class names)

    Raises:
        ValueError: where a part has no files, and for "binary" labels of other than two classes.
    """
    validation_split, subset = split
    paths, labels, class_names = index_directory(directory, labels, formats, **index)
    if label_mode == "binary" and len(class_names) != 2:
        raise ValueError(
            'When passing `label_mode="binary"`, there must be exactly 2 class_names. '
            f"Received: class_names={class_names}"
        )
    parts = []
    for name in ("training", "validation") if subset == "both" else (subset,):
        some, theirs = split_by_subset(paths, labels, validation_split, name)
        if not some:
            raise ValueError(
                f"No {name + ' ' if name else ''}{kind} found in directory {directory}. Allowed formats: {formats}"
            )
        encoded = None if theirs is None else encoded_labels(theirs, label_mode, len(class_names))
        parts.append((some, encoded, subset != "both" or name == "training"))
    return parts, class_names


def encoded_labels(labels, label_mode, class_count):
    """Labels as datasets give them.

    Args:
        labels: ints, one for each sample.
        label_mode: "int" for int32; "binary" for float32 (samples, 1); "categorical" for float32 (samples, classes),
            where the class has a 1.
        class_count: classes.

    Returns:
        An array.
    """
    labels = np.asarray(labels)
    if label_mode == "binary":
        return labels.astype("float32")[:, None]
    if label_mode == "categorical":
        return (labels[:, None] == np.arange(class_count)).astype("float32")
    return labels.astype("int32")


def files_to_read(paths, labels, shuffle, batch_size, seed):
    """A dataset of the numbers of files, or (number, label), in the order in which they are to be read.

    Args:
        paths: the files.
        labels: an array of as many labels, or None.
        shuffle: whether each pass mixes them, within 8 batches.
        batch_size: of the batches to be made; None counts as 128.
        seed: of the order.

    Returns:
        A `lamina.data.Dataset`.
    """
    numbers = np.arange(len(paths))
    dataset = Dataset.from_tensor_slices(numbers if labels is None else (numbers, labels))
    return dataset.shuffle(1024 if batch_size is None else batch_size * 8, seed) if shuffle else dataset
