"""Normalization: adapt() and what it finds."""

from lamina import _lamina
from lamina._core import ops
from lamina.layers.members.reading import Reading


def _adapt(self, data):
    """Takes mean and variance from data.

    Args:
        data: an array, a tensor, a PyDataset or an iterable of batches.

    Raises:
        ValueError: if there are no batches.
        TypeError: for other data.
    """
    if hasattr(data, "shape"):
        batches = [data]
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, (list, tuple)):
        batches = [data[i] for i in range(len(data))]
    elif hasattr(data, "__iter__"):
        batches = list(data)
        if not batches:
            raise ValueError(
                "adapt() received an empty iterable (no batches). Expected at least one batch. Pass a non-empty "
                "iterable of arrays or tensors, e.g. layer.adapt([x])."
            )
    else:
        raise TypeError(
            f"Unsupported data type: {type(data)}. `adapt` supports `np.ndarray`, tensors, `keras.utils.PyDataset`, "
            "and iterables of batches (e.g. list, generator)."
        )
    batches = [b[0] if isinstance(b, (tuple, list)) else b for b in batches]
    for b in batches:
        if not hasattr(b, "shape"):
            raise TypeError(
                "adapt() expects an iterable that yields arrays or tensors with a `.shape` attribute (e.g. numpy "
                f"arrays or backend tensors). Got an element of type {type(b).__name__}."
            )
    _lamina.adapt_normalization(self, batches)


def _adapted(name):
    return lambda layer: next((v for v in layer.non_trainable_weights if v.name == name), None)


def _statistic(name):
    def read(layer):
        value = layer.get_config()[name]
        if value is None:
            value = _adapted(name)(layer)
            if value is None:
                return None
            sizes = layer.get_build_config()["input_shape"]
            axes = () if layer.axis is None else (layer.axis,) if isinstance(layer.axis, int) else layer.axis
            kept = {a % len(sizes) for a in axes}
            value = ops.reshape(value, tuple(n if a in kept else 1 for a, n in enumerate(sizes)))
        return ops.cast(ops.convert_to_tensor(value), layer.compute_dtype)

    return Reading(
        read,
        f"The {name} that inputs are normalized with: the one given, or that of the data of adapt() in a shape that "
        "broadcasts. None before.",
    )


MEMBERS = {
    "Normalization": {
        "adapt": _adapt,
        "mean": _statistic("mean"),
        "variance": _statistic("variance"),
        "adapt_mean": Reading(_adapted("mean"), "The variable of the mean that adapt() found; None before."),
        "adapt_variance": Reading(
            _adapted("variance"), "The variable of the variance that adapt() found; None before."
        ),
    },
}
