"""keras.distillation."""

from lamina._core.public import public_module

_LOSSES = "lamina.distillation.losses"

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        "DistillationLoss": _LOSSES,
        "Distiller": "lamina.distillation.distiller",
        "FeatureDistillation": _LOSSES,
        "LogitsDistillation": _LOSSES,
    },
)
