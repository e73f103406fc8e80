"""keras.models."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded={
        "Functional": "lamina.models.model",
        "Model": "lamina.models.model",
        "Sequential": "lamina.models.sequential",
        "clone_model": "lamina.models.cloning",
        "load_model": "lamina.saving.files",
        "model_from_json": "lamina.models.model",
        "save_model": "lamina.saving.files",
    },
)
