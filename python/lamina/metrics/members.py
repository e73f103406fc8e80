"""What built-in metrics have beside their arguments and variables."""


def _from(f, doc):
    return property(f, doc=doc)


def _argument(name):
    return _from(lambda self: self._get_config()[name], f"The argument `{name}`.")


def _constant(value):
    return _from(lambda self: value, "The same for every metric of the class.")


def _threshold_list(self):
    given = self._get_config()["thresholds"]
    if given is None:
        return [-1e10 if self._get_config().get("top_k") is not None else 0.5]
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _even_thresholds(self):
    count = self._get_config()["num_thresholds"]
    return [0.5] if count == 1 else [i / (count - 1) for i in range(count)]


_COUNTS = {
    "init_thresholds": _argument("thresholds"),
    "thresholds": _from(_threshold_list, "The thresholds, as a list."),
}
_AT = lambda name: {"thresholds": _from(_even_thresholds, "The thresholds that are tried."), "value": _argument(name)}
_MATRIX = {
    "total_cm": _from(
        lambda self: next(v for v in self._variables() if v.name == "total_confusion_matrix"),
        "The confusion matrix so far.",
    )
}
_ALL_CLASSES = {"target_class_ids": _from(lambda self: list(range(self._get_config()["num_classes"])), "All classes.")}

MEMBERS = {
    **dict.fromkeys(
        ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall"), _COUNTS
    ),
    "PrecisionAtRecall": _AT("recall"),
    "RecallAtPrecision": _AT("precision"),
    "SensitivityAtSpecificity": _AT("specificity"),
    "SpecificityAtSensitivity": _AT("sensitivity"),
    "IoU": _MATRIX,
    "MeanIoU": {**_MATRIX, **_ALL_CLASSES},
    "OneHotIoU": {**_MATRIX, "sparse_y_true": _constant(False)},
    "OneHotMeanIoU": {**_MATRIX, **_ALL_CLASSES, "sparse_y_true": _constant(False)},
    "BinaryIoU": {
        **_MATRIX,
        "axis": _constant(-1),
        "ignore_class": _constant(None),
        "num_classes": _constant(2),
        "sparse_y_pred": _constant(True),
        "sparse_y_true": _constant(True),
    },
    "FBetaScore": {"axis": _constant(0)},
    "F1Score": {"axis": _constant(0), "beta": _constant(1.0)},
}
