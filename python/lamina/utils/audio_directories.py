"""audio_dataset_from_directory: sounds in the folders of their classes, read on threads."""

import os

import numpy as np

from lamina._core.public import publish
from lamina.config import threads
from lamina.data.dataset import Dataset
from lamina.utils.directories import check_labels, check_split, files_to_read, labelled_parts

FORMATS = (".wav",)


def audio_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    batch_size=32,
    sampling_rate=None,
    output_sequence_length=None,
    ragged=False,
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    follow_links=False,
    verbose=True,
):
    """The WAV files below a directory, with the classes that the names of its folders are.

    Args:
        directory: a path.
        labels: "inferred" from the folders; None for sounds alone; or a list of one int for each file, in the order
            of sorted paths.
        label_mode: "int" for int32 labels, "categorical" for float32 (classes,) with a 1 at the class, "binary" for
            float32 (1,) with 0 or 1, None for sounds alone.
        class_names: the folders that count, in the order of their labels. None takes all, sorted.
        batch_size: sounds in a batch; None gives single sounds, each of its length.
        sampling_rate: samples a second that sounds are converted to; None leaves them.
        output_sequence_length: samples of all sounds, before `sampling_rate` is applied: longer ones are cut, shorter
            ones end in silence. With None, the sounds of a batch are filled up to the longest.
        ragged: whether sounds in a batch keep their lengths. There are no ragged batches: it takes batch_size=None.
        shuffle: whether files are mixed, and mixed anew in each pass within 8 batches; False sorts them.
        seed: of that order.
        validation_split: the share of the files, from the end, that is for validation.
        subset: "training", "validation", or "both" for both datasets; with `validation_split`.
        follow_links: whether links to folders are followed.
        verbose: whether the number of files is printed.

    Returns:
        A `lamina.data.Dataset` of float32 sounds (samples, channels) in -1..1, or of (sounds, labels), with
        `class_names` and `file_paths`; for subset="both" a tuple of two.

    Raises:
        ValueError: for arguments that are none of the above, and where there are no files.
        NotImplementedError: for ragged batches.
    """
    labels, label_mode = check_labels(labels, label_mode, class_names, "audio files")
    if ragged and output_sequence_length is not None:
        raise ValueError("Cannot set both `ragged` and `output_sequence_length`")
    if ragged and batch_size is not None:
        raise NotImplementedError(
            "There are no ragged batches: with ragged=True, pass batch_size=None for single sounds, or use "
            "padded batches (ragged=False)."
        )
    if sampling_rate is not None and not isinstance(sampling_rate, int):
        raise ValueError(f"`sampling_rate` should have an integer value. Received: sampling_rate={sampling_rate}")
    if sampling_rate is not None and sampling_rate <= 0:
        raise ValueError(f"`sampling_rate` should be higher than 0. Received: sampling_rate={sampling_rate}")
    check_split(validation_split, subset, shuffle, seed)
    seed = np.random.randint(1e6) if seed is None else seed
    parts, class_names = labelled_parts(
        directory,
        labels,
        label_mode,
        FORMATS,
        "audio files",
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
        core = dataset._core.read_sounds(
            [os.fsencode(p) for p in paths], sampling_rate, output_sequence_length, threads()
        )
        dataset = Dataset(core, class_names=class_names, file_paths=paths)
        if batch_size is not None:
            dataset = dataset.padded_batch(batch_size) if output_sequence_length is None else dataset.batch(batch_size)
        out.append(dataset.prefetch(2))
    return tuple(out) if subset == "both" else out[0]


publish("lamina.utils", audio_dataset_from_directory)
