"""Weights for a model that has no build(): made by a run on symbolic tensors of the shapes that it was built with."""

import warnings

from lamina import _lamina
from lamina._core.user_classes import user_part


def build_by_run(model, build_config):
    """Whether `model` is a subclass with neither a build() of its own nor a graph: its call() then makes the weights."""
    overridden = user_part(type(model))
    if not isinstance(model, _lamina.ModelCore) or isinstance(model, _lamina.SequentialCore) or overridden is None or model._is_functional:
        return False
    if overridden[3] & {"build", "build_from_config"} or model.built and model.weights:
        return False
    shapes = {"inputs": build_config["input_shape"]} if "input_shape" in build_config else dict(build_config.get("shapes_dict") or {})
    if not shapes or any(s is None for s in shapes.values()):
        return False
    try:
        run_on_shapes(model, shapes)
    except Exception as e:
        warnings.warn(f"Model '{model.name}' had a build config, but the model cannot be built automatically in `build_from_config(config)`. You should implement `def build_from_config(self, config)`, and you might also want to implement the method  that generates the config at saving time, `def get_build_config(self)`. The method `build_from_config()` is meant to create the state of the model (i.e. its variables) upon deserialization. ({type(e).__name__}: {e})", stacklevel=2)
    return True


def run_on_shapes(model, shapes):
    """Calls the model on symbolic tensors of these shapes, by argument name; so its layers make their weights."""
    tensors = {k[: -len("_shape")] if k.endswith("_shape") else k: _symbolic(s) for k, s in shapes.items()}
    if len(tensors) == 1:
        model(next(iter(tensors.values())))
    else:
        model(**tensors)


def _symbolic(shape):
    if isinstance(shape, dict):
        return {k: _symbolic(s) for k, s in shape.items()}
    if all(d is None or isinstance(d, int) for d in shape):
        return _lamina.KerasTensor(list(shape), _lamina.floatx())
    return [_symbolic(s) for s in shape]
