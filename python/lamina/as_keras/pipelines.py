"""tf.data's names beside Dataset, for scripts where TensorFlow is not installed."""

import csv
import glob

import numpy as np

import lamina
from lamina.as_keras.arrays import tensor
from lamina.as_keras.files import path_of
from lamina.as_keras.records import read_records
from lamina.data import Dataset


class Options:
    """What TensorFlow may do with a pipeline: any attribute can be set, and none has an effect."""

    def __init__(self):
        self.threading = self.experimental_distribute = self.experimental_optimization = self.autotune = _Settings()


class _Settings:
    """Attributes that can be set."""


def cardinality(dataset):
    """The number of elements."""
    return dataset.cardinality()


def _lines(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as f:
        for line in f:
            yield np.asarray(line.rstrip("\n").removesuffix("\r"), object)


def _of_files(filenames, read):
    given = [filenames] if isinstance(filenames, (str, bytes)) or hasattr(filenames, "__fspath__") else filenames
    names = [path_of(x) for x in (given.as_numpy_iterator() if isinstance(given, Dataset) else np.ravel(given))]

    def elements():
        for name in names:
            yield from read(name)

    return Dataset.from_generator(elements)


class TextLineDataset:
    """The lines of text files."""

    def __new__(cls, filenames, compression_type=None, buffer_size=None, num_parallel_reads=None, name=None):
        """A Dataset of strings."""
        _uncompressed(compression_type)
        return _of_files(filenames, _lines)


class TFRecordDataset:
    """The records of files."""

    def __new__(cls, filenames, compression_type=None, buffer_size=None, num_parallel_reads=None, name=None):
        """A Dataset of strings of bytes."""
        _uncompressed(compression_type)
        return _of_files(filenames, lambda path: (np.asarray(record, object) for record in read_records(path)))


def _uncompressed(compression_type):
    if compression_type:
        raise NotImplementedError("Compressed files are not read here. Decompress them before (gzip, zlib).")


def _number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return None


def make_csv_dataset(
    file_pattern,
    batch_size,
    column_names=None,
    column_defaults=None,
    label_name=None,
    select_columns=None,
    field_delim=",",
    use_quote_delim=True,
    na_value="",
    header=True,
    num_epochs=None,
    shuffle=True,
    shuffle_buffer_size=10000,
    shuffle_seed=None,
    ignore_errors=False,
    **options,
):
    """Batches of the columns of CSV files: dicts, or (dict, label)."""
    patterns = file_pattern if isinstance(file_pattern, (list, tuple)) else [file_pattern]
    paths = sorted(path for p in patterns for path in glob.glob(path_of(p)))
    if not paths:
        raise ValueError(f"There are no files {file_pattern}.")
    rows, names = [], None if column_names is None else list(column_names)
    for path in paths:
        with open(path, newline="", encoding="utf-8") as f:
            quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE
            read = list(csv.reader(f, delimiter=field_delim, quoting=quoting))
        names = read[0] if names is None else names
        rows += read[1:] if header else read
    if ignore_errors:
        rows = [row for row in rows if len(row) == len(names)]
    columns = {
        name: _column([row[i] for row in rows], na_value, None if column_defaults is None else column_defaults[i])
        for i, name in enumerate(names)
    }
    if select_columns is not None:
        chosen = [names[c] if isinstance(c, int) else c for c in select_columns]
        columns = {name: columns[name] for name in chosen}
    if label_name is not None and label_name not in columns:
        raise ValueError(f"`label_name` must be a column of the file: {', '.join(columns)}. Received: {label_name}")
    labels = columns.pop(label_name) if label_name is not None else None
    dataset = Dataset.from_tensor_slices(columns if labels is None else (columns, labels))
    if shuffle:
        dataset = dataset.shuffle(min(shuffle_buffer_size, max(len(rows), 1)), shuffle_seed)
    return dataset.repeat(num_epochs).batch(batch_size)


def _column(texts, na_value, default):
    """A column: of its default's dtype, else whole numbers, fractions or text, whichever all its fields are."""
    kind = None if default is None else str(default if isinstance(default, str) else tensor(default).dtype)
    empty = [text in ("", na_value) for text in texts]
    if kind is None:
        numbers = [_number(text) for text, e in zip(texts, empty) if not e]
        if any(n is None for n in numbers):
            kind = "string"
        else:
            kind = "int32" if all(isinstance(n, int) for n in numbers) else "float32"
    if kind == "string":
        return np.asarray(texts, object)
    return np.asarray([0 if e else float(text) for text, e in zip(texts, empty)]).astype(kind)


class CsvDataset:
    """The rows of CSV files, as tuples."""

    def __new__(cls, filenames, record_defaults, compression_type=None, header=False, field_delim=",", **options):
        """A Dataset of tuples of tensors."""
        from lamina.as_keras.files import decode_csv

        _uncompressed(compression_type)
        lines = _of_files(filenames, lambda path: list(_lines(path))[int(header) :])
        return lines.map(lambda line: tuple(decode_csv(line, record_defaults, field_delim)))


def sample_from_datasets(
    datasets, weights=None, seed=None, stop_on_empty_dataset=False, rerandomize_each_iteration=None
):
    """Elements of datasets that are drawn at random, until all are empty, or one is."""
    draw_seed = int(lamina.random.randint((), 0, 2**31 - 1)) if seed is None else int(seed)

    def elements():
        draw, left = np.random.default_rng(draw_seed), [iter(d) for d in datasets]
        chances = np.ones(len(left)) if weights is None else np.asarray(weights, float).copy()
        while chances.sum() > 0:
            i = draw.choice(len(left), p=chances / chances.sum())
            element = next(left[i], None)
            if element is not None:
                yield element
            elif stop_on_empty_dataset:
                return
            else:
                chances[i] = 0

    return Dataset.from_generator(elements)


def choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset=True):
    """Elements of the datasets whose numbers another one gives."""

    def elements():
        left = [iter(d) for d in datasets]
        for choice in choice_dataset:
            element = next(left[int(choice)], None)
            if element is not None:
                yield element
            elif stop_on_empty_dataset:
                return

    return Dataset.from_generator(elements)
