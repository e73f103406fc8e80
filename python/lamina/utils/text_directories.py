"""text_dataset_from_directory: texts in the folders of their classes, read on threads."""

import os

import numpy as np

from lamina import _lamina
from lamina._core.public import publish
from lamina.config import threads
from lamina.data.dataset import Dataset
from lamina.utils.directories import check_labels, check_split, files_to_read, labelled_parts


def text_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    batch_size=32,
    max_length=None,
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    follow_links=False,
    format="tf",
    verbose=True,
):
    """The texts below a directory, with the classes that the names of its folders are.

    Files are read on threads while a model works on the batch before.

    Args:
        directory: a path. Files count whose names end in `.txt`.
        labels: "inferred" from the folders; None for texts alone; or a list of one int for each file, in the order of
            sorted paths.
        label_mode: "int" for int32 labels, "categorical" for float32 (classes,) with a 1 at the class, "binary" for
            float32 (1,) with 0 or 1, None for texts alone.
        class_names: the folders that count, in the order of their labels. None takes all, sorted.
        batch_size: texts in a batch; None gives single texts.
        max_length: how many bytes of a text are taken; None takes all.
        shuffle: whether files are mixed, and mixed anew in each pass within 8 batches; False sorts them.
        seed: of that order.
        validation_split: the share of the files, from the end, that is for validation.
        subset: "training", "validation", or "both" for both datasets; with `validation_split`.
        follow_links: whether links to folders are followed.
        format: "tf" or "grain", whose dataset Keras would give; it is a `lamina.data.Dataset` either way.
        verbose: whether the number of files is printed.

    Returns:
        A `lamina.data.Dataset` of strings, or of (strings, labels), with `class_names`; for subset="both" a list of
        two.

    Raises:
        ValueError: for arguments that are none of the above, and where there are no files.
    """
    labels, label_mode = check_labels(labels, label_mode, class_names, "text files")
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    if max_length is not None and (int(max_length) != max_length or max_length < 0):
        raise ValueError(f"`max_length` must be a number of bytes, or None. Received: max_length={max_length}")
    check_split(validation_split, subset, shuffle, seed)
    seed = np.random.randint(1e6) if seed is None else seed
    parts, class_names = labelled_parts(
        directory,
        labels,
        label_mode,
        (".txt",),
        "text files",
        (validation_split, subset),
        class_names=class_names,
        shuffle=shuffle,
        seed=seed,
        follow_links=follow_links,
        verbose=verbose,
    )
    out = []
    for paths, encoded, training in parts:
        dataset = files_to_read(paths, encoded, shuffle and training, batch_size, seed)
        most = None if max_length is None else int(max_length)
        core = _lamina.read_texts(dataset._core, [os.fspath(p) for p in paths], most, threads())
        dataset = Dataset(core, class_names=class_names)
        out.append((dataset if batch_size is None else dataset.batch(batch_size)).prefetch(2))
    return out if subset == "both" else out[0]


publish("lamina.utils", text_dataset_from_directory)
