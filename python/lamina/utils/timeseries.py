"""timeseries_dataset_from_array: windows of a series, in batches."""

import numpy as np

from lamina.data.dataset import Dataset


def timeseries_dataset_from_array(
    data,
    targets,
    sequence_length,
    sequence_stride=1,
    sampling_rate=1,
    batch_size=128,
    shuffle=False,
    seed=None,
    start_index=None,
    end_index=None,
    format="tf",
):
    """Windows of a time series, with the targets that belong to them.

    Args:
        data: an array whose first axis is time.
        targets: one per window's start, or None: then batches are windows alone.
        sequence_length: steps in a window.
        sequence_stride: steps between the starts of two windows.
        sampling_rate: steps between two of a window.
        batch_size: windows per batch; None gives single windows.
        shuffle: whether the windows come in a random order.
        seed: of that order.
        start_index: the first step that is used.
        end_index: the step after the last that is used.
        format: "tf" or "grain", whose dataset Keras would give; it is a `lamina.data.Dataset` either way.

    Returns:
        A `lamina.data.Dataset` of arrays (batch, sequence_length, ...), or of such arrays and their targets.

    Raises:
        ValueError: for lengths and indices that do not fit the data.
    """
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    data = np.asarray(data)
    start, stop = _bounds(len(data), start_index, end_index)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if value <= 0:
            raise ValueError(f"`{name}` must be higher than 0. Received: {name}={value}")
        if value >= len(data):
            raise ValueError(
                f"`{name}` must be lower than the length of the data. Received: {name}={value}, for data of length "
                f"{len(data)}"
            )
    count = stop - start - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)
        count = min(count, len(targets))
        targets = targets[start:stop]
    starts = np.arange(0, max(0, count), sequence_stride, dtype="int32" if count < 2**31 else "int64")
    if shuffle:
        np.random.RandomState(np.random.randint(1e6) if seed is None else seed).shuffle(starts)
    steps = np.arange(sequence_length, dtype=starts.dtype) * sampling_rate
    part = data[start:stop]

    def windows(at):
        rows = part[np.asarray(at)[..., None] + steps]
        return rows if targets is None else (rows, targets[np.asarray(at)])

    positions = Dataset.from_tensor_slices(starts) if len(starts) else Dataset.range(0)
    if batch_size is not None:
        if shuffle:
            positions = positions.shuffle(batch_size * 8, seed)
        return positions.batch(batch_size).map(windows).prefetch(1)
    if shuffle:
        positions = positions.shuffle(1024, seed)
    return positions.map(windows)


def _bounds(length, start, end):
    if start:
        if start < 0:
            raise ValueError(f"`start_index` must be 0 or greater. Received: start_index={start}")
        if start >= length:
            raise ValueError(
                f"`start_index` must be lower than the length of the data. Received: start_index={start}, for data of "
                f"length {length}"
            )
    if end:
        if start and end <= start:
            raise ValueError(
                f"`end_index` must be higher than `start_index`. Received: start_index={start}, and end_index={end}"
            )
        if end >= length:
            raise ValueError(
                f"`end_index` must be lower than the length of the data. Received: end_index={end}, for data of length "
                f"{length}"
            )
        if end <= 0:
            raise ValueError(f"`end_index` must be higher than 0. Received: end_index={end}")
    return start or 0, length if end is None else end
