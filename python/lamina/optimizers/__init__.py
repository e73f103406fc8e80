"""keras.optimizers."""

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.identifiers import by_name
from lamina._core.public import public_module
from lamina.optimizers.optimizer import Optimizer

_by_name = by_name("keras.optimizers", "optimizer")


def serialize(optimizer):
    """The config of an optimizer.

    Args:
        optimizer: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(optimizer)


def get(identifier):
    """The optimizer that is meant.

    Args:
        identifier: a name, a config or an Optimizer; None stays None.

    Raises:
        ValueError: for anything else, and for names that are not known.
    """
    if identifier is None:
        return None
    obj = (
        deserialize(identifier)
        if isinstance(identifier, dict)
        else _by_name(identifier)
        if isinstance(identifier, str)
        else identifier
    )
    if isinstance(obj, Optimizer):
        return obj
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}")


def deserialize(config, custom_objects=None):
    """An optimizer from its config.

    Args:
        config: what serialize() gave; the class's name may be in lower case.
        custom_objects: {name: class or function} that the config may name beside the registered ones.

    Raises:
        TypeError: for a class that is not known.
    """
    if isinstance(config, dict) and "class_name" in config and config["class_name"].lower() == config["class_name"]:
        config = {**config, "class_name": _lamina.class_info(config["class_name"], "keras.optimizers")[0]}
    return deserialize_keras_object(config, custom_objects=custom_objects)


__getattr__, __dir__ = public_module(
    __name__,
    defined=("Optimizer", "deserialize", "get", "serialize"),
    loaded={
        "LossScaleOptimizer": "lamina.optimizers.loss_scale_optimizer",
        "MultiOptimizer": "lamina.optimizers.multi_optimizer",
        "Muon": "lamina.optimizers.muon",
        "OptimizerMap": "lamina.optimizers.multi_optimizer",
    },
    modules=("schedules",),
    find=find_class("keras.optimizers"),
    known=class_names("keras.optimizers"),
)
