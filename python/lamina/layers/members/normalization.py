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
    return Reading(
        lambda layer: _lamina.normalization_statistic(layer, name),
        f"The {name} that inputs are normalized with, in a shape that broadcasts: the one given, or that of the data "
        "of adapt(). None before the layer is built.",
    )


def _config_list(name):
    """An argument that Keras keeps as a list where it names several."""

    def read(layer):
        value = layer._get_config()[name]
        return list(value) if isinstance(value, (list, tuple)) else value

    return Reading(read, f"The argument `{name}`: an integer, or a list of several.")


def _given_statistic(name):
    return Reading(lambda layer: layer._get_config()[name], f"The {name} given as an argument, or None.")


def convert_weight(self, weight):
    """The weight for the backend that the layer computes with: there is one alone.

    Args:
        weight: a tensor or variable.

    Returns:
        The same.
    """
    return weight


def _finalize_state(self):
    """Does nothing: mean and variance follow from the weights whenever they are asked for. Keras has layers prepare
    them here."""


def _normalized_weights(self):
    """(the vector u, the kernel) as a call in training would leave them: the kernel divided by its largest singular
    value, as estimated from u."""
    u, matrix = ops.convert_to_tensor(self.vector_u), ops.reshape(self.kernel, (-1, self.kernel_shape[-1]))
    for _ in range(self.power_iterations):
        v = ops.normalize(ops.matmul(u, ops.transpose(matrix)), axis=None)
        u = ops.normalize(ops.matmul(v, matrix), axis=None)
    u, v = ops.stop_gradient(u), ops.stop_gradient(v)
    largest = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
    kernel = ops.reshape(ops.divide(matrix, largest), self.kernel_shape)
    return ops.cast(u, self.vector_u.dtype), ops.cast(kernel, self.kernel.dtype)


def _wrapped_kernel(layer):
    wrapped = layer.layer
    return wrapped.kernel if hasattr(wrapped, "kernel") else wrapped.embeddings


MEMBERS = {
    "LayerNormalization": {"axis": _config_list("axis")},
    "RMSNormalization": {"axis": _config_list("axis")},
    "Rescaling": {"convert_weight": convert_weight},
    "SpectralNormalization": {
        "kernel": Reading(_wrapped_kernel, "The wrapped layer's weight that is normalized."),
        "kernel_shape": Reading(lambda layer: tuple(layer.kernel.shape), "The shape of `kernel`."),
        "normalized_weights": _normalized_weights,
    },
    "Normalization": {
        "adapt": _adapt,
        "mean": _statistic("mean"),
        "variance": _statistic("variance"),
        "input_mean": _given_statistic("mean"),
        "input_variance": _given_statistic("variance"),
        "convert_weight": convert_weight,
        "finalize_state": _finalize_state,
        "adapt_mean": Reading(_adapted("mean"), "The variable of the mean that adapt() found; None before."),
        "adapt_variance": Reading(
            _adapted("variance"), "The variable of the variance that adapt() found; None before."
        ),
    },
}
