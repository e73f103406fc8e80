"""Targets of scikit-learn's kind as models take them, and back."""

import numpy as np


def kind_of(y):
    """What scikit-learn calls such targets: "binary", "multiclass", "continuous", ... ValueError for others."""
    from sklearn.utils.multiclass import type_of_target

    kind = type_of_target(y)
    if kind == "unknown":
        raise ValueError(f"Unknown label type for data: {y!r}")
    return kind


class Columns:
    """Targets as a matrix, and predictions in the targets' shape.

    Args:
        y: the targets that a model is fitted to.
    """

    def __init__(self, y):
        self._flat = y.ndim == 1

    def encode(self, y):
        """Targets with a column for each output."""
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def decode(self, predictions):
        """What a model gave, with as many axes as the targets; ValueError for several columns where they had one."""
        return np.squeeze(predictions, axis=1) if self._flat and predictions.ndim == 2 else predictions


class OneHot(Columns):
    """Classes as a column each, and back.

    Args:
        y: the classes that a model is fitted to.
    """

    def __init__(self, y):
        from sklearn.preprocessing import OneHotEncoder

        super().__init__(y)
        self._encoder = OneHotEncoder(sparse_output=False).fit(super().encode(y))

    def encode(self, y):
        """A row of 0 and 1 for each sample."""
        return self._encoder.transform(super().encode(y))

    def decode(self, predictions):
        """The class of the largest prediction of each sample."""
        return super().decode(self._encoder.inverse_transform(predictions))
