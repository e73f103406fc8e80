"""What a batch consists of: inputs, targets and sample weights."""

from lamina._core.public import publish


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    """A batch as data sources yield it.

    Args:
        x: the inputs.
        y: the targets.
        sample_weight: a weight a sample.

    Returns:
        x, or a tuple of what is not None.
    """
    if y is None:
        return x if not isinstance(x, (list, tuple)) else (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data):
    """The parts of what a data source yields.

    Args:
        data: x, (x,), (x, y) or (x, y, sample_weight).

    Returns:
        (x, y, sample_weight), with None for what is missing.

    Raises:
        ValueError: for longer tuples.
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return (data, None, None)
    if len(data) == 1:
        return (data[0], None, None)
    if len(data) == 2:
        return (data[0], data[1], None)
    if len(data) == 3:
        return data
    raise ValueError(
        f"Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: {data}"
    )


publish("lamina.utils", pack_x_y_sample_weight, unpack_x_y_sample_weight)
