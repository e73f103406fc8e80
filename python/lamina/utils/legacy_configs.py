"""Configs as Keras 2 wrote them: a class by its name alone, which the caller says where to look up."""

import inspect

from lamina._core.configs.registration import CustomObjectScope, get_registered_name, get_registered_object
from lamina._core.public import publish

_NESTED = "__passive_serialization__"  # marks a config that stands for an object of another's config


def serialize_keras_object(instance):
    """The config of an object, or the name of a function, as Keras 2 wrote them.

    Args:
        instance: an object with get_config(), a function or a class, or None.

    Returns:
        `{"class_name": ..., "config": ...}`, a name, or None.

    Raises:
        ValueError: for an object that has neither a config nor a name.
    """
    if instance is None:
        return None
    if not inspect.isclass(instance) and hasattr(instance, "get_config"):
        config = {key: _serialized_item(item) for key, item in instance.get_config().items()}
        return {"class_name": get_registered_name(type(instance)), "config": config}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ValueError(f"Cannot serialize {instance} because it doesn't implement `get_config()`.")


def _serialized_item(item):
    if isinstance(item, str):
        return item
    try:
        made = serialize_keras_object(item)
    except ValueError:
        return item
    return {**made, _NESTED: True} if isinstance(made, dict) else made


def deserialize_keras_object(identifier, module_objects=None, custom_objects=None, printable_module_name="object"):
    """The object of a config that serialize_keras_object() of this module gave.

    Args:
        identifier: a config, a name, a function (which is returned) or None.
        module_objects: {name: class or function} where names are looked up last.
        custom_objects: {name: class or function} where they are looked up first.
        printable_module_name: what errors call the object.

    Returns:
        An object; a class that is named alone is made without arguments.

    Raises:
        ValueError: for names that are not known, and for what is no config.
    """
    if identifier is None or inspect.isfunction(identifier):
        return identifier
    if isinstance(identifier, str):
        found = _found(identifier, module_objects, custom_objects, printable_module_name)
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, dict):
        raise ValueError(f"Could not interpret serialized {printable_module_name}: {identifier}")
    if "class_name" not in identifier or "config" not in identifier:
        raise ValueError(
            f"Improper config format for {identifier}. Expecting python dict contains `class_name` and `config` as keys"
        )
    cls = _found(identifier["class_name"], module_objects, custom_objects, printable_module_name)
    config = {key: _restored_item(item, custom_objects) for key, item in identifier["config"].items()}
    with CustomObjectScope(custom_objects):
        return cls.from_config(config) if hasattr(cls, "from_config") else cls(**config)


def _found(name, module_objects, custom_objects, kind):
    found = get_registered_object(name, custom_objects, module_objects)
    if found is None:
        raise ValueError(
            f"Unknown {kind}: '{name}'. Name its class in `custom_objects`, or open a "
            "`keras.utils.custom_object_scope` with it."
        )
    return found


def _restored_item(item, custom_objects):
    if isinstance(item, dict) and item.get(_NESTED):
        nested = {key: value for key, value in item.items() if key != _NESTED}
        return deserialize_keras_object(nested, {}, custom_objects, "config_item")
    if isinstance(item, str) and inspect.isfunction(function := get_registered_object(item, custom_objects)):
        return function
    return item


publish("lamina.utils.legacy", serialize_keras_object, deserialize_keras_object)
