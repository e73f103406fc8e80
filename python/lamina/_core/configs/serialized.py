"""Objects as configs of plain JSON values, and back."""

import inspect
import sys

import numpy as np

from lamina import _lamina
from lamina._core import homes
from lamina._core.configs.build_by_run import build_by_run
from lamina._core.configs.lambdas import encode_lambda, lambda_from_config
from lamina._core.configs.registration import (
    CustomObjectScope,
    get_registered_name,
    get_registered_object,
    lookup,
    lookup_function,
    scope_objects,
)
from lamina._core.configs.safe_mode import UNSAID, SafeModeScope
from lamina._core.errors import making_from_config
from lamina._core.public import publish


def serialize_keras_object(obj):
    """The config of an object.

    Args:
        obj: a layer, a loss and so on, a function, a tensor, an array, or a structure of them.

    Returns:
        Plain JSON values.

    Raises:
        ValueError: for what has no config.
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(x) for x in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {k: serialize_keras_object(v) for k, v in obj.items()}
    if isinstance(obj, _lamina.KerasTensor):
        h = getattr(obj, "_keras_history", None)  # None: it was made by hand
        history = h and [h.operation.name, h.node_index, h.tensor_index]
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(obj.shape), "dtype": obj.dtype, "keras_history": history},
        }
    if isinstance(obj, (_lamina.Tensor, _lamina.VariableCore)):
        return {"class_name": "__tensor__", "config": {"value": obj.numpy().tolist(), "dtype": obj.dtype}}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, slice):
        return {
            "class_name": "__slice__",
            "config": {
                "start": serialize_keras_object(obj.start),
                "stop": serialize_keras_object(obj.stop),
                "step": serialize_keras_object(obj.step),
            },
        }
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, _lamina.Op):
        name = obj.__name__
        if obj.__qualname__.startswith(("losses.", "metrics.")):
            return name
        return "exponential" if name == "exp" else name
    if isinstance(obj, _lamina.Object):
        return _lamina.serialize_object(obj)
    if isinstance(obj, type):
        return {
            "module": None if obj.__module__ == "__main__" else obj.__module__,
            "class_name": obj.__name__,
            "config": {},
            "registered_name": get_registered_name(obj),
        }
    if inspect.isfunction(obj) or callable(obj) and hasattr(obj, "__name__"):
        if obj.__name__ == "<lambda>":
            return encode_lambda(obj)
        if (obj.__module__ or "").startswith("lamina.activations"):
            return obj.__name__
        return {
            "module": "builtins",
            "class_name": "function",
            "config": get_registered_name(obj),
            "registered_name": "function",
        }
    if hasattr(obj, "get_config"):
        return {
            "module": _module_of(type(obj)),
            "class_name": type(obj).__name__,
            "config": serialize_keras_object(obj.get_config()),
            "registered_name": get_registered_name(type(obj)),
        }
    raise ValueError(f"Cannot serialize object {obj} (of type {type(obj)}): it has no get_config() method.")


def _module_of(cls):
    """What files call a class' module: Keras' name of ours."""
    module = cls.__module__
    if module == "__main__":
        return None
    rest = module.removeprefix("lamina.")
    return f"keras.{rest}" if rest in _PYTHON_MODULES else module


def deserialize_keras_object(config, custom_objects=None, safe_mode=UNSAID, **kwargs):
    """The object that a config describes.

    A call inside another load, from a from_config(), follows that load where it is not told about safe mode; told True
    it is safe whatever the load was told.

    Args:
        config: what serialize_keras_object() gave.
        custom_objects: {name: class or function} that the config may name beside the registered ones.
        safe_mode: whether code in the config (lambdas) is refused.
        **kwargs: `module_objects`, {name: class or function} where names are looked up last; a class that is named
            alone is made without arguments. Others are taken as in Keras, without effect.

    Raises:
        ValueError: for code in safe mode, and for what only TensorFlow has.
        TypeError: for classes and functions that are not known, and for what is no config.
    """
    if config is None or isinstance(config, (bool, int, float)):
        return config
    module_objects = kwargs.get("module_objects") or {}
    with CustomObjectScope({**module_objects, **scope_objects(), **(custom_objects or {})}), SafeModeScope(safe_mode):
        if isinstance(config, str):
            found = lookup(config)
            if isinstance(found, type) and found is module_objects.get(config):
                return found()
            return config if found is None else found
        if isinstance(config, (list, tuple)):
            return [deserialize_keras_object(x) for x in config]
        if not isinstance(config, dict):
            return config
        if "class_name" not in config or "config" not in config:
            return {k: deserialize_keras_object(v) for k, v in config.items()}
        name, inner = config["class_name"], config["config"]
        if name == "__bytes__":
            return inner["value"].encode("utf-8")
        if name == "__numpy__":
            return np.array(inner["value"], dtype=inner["dtype"])
        if name == "__keras_tensor__":
            return _lamina.KerasTensor(inner["shape"], inner["dtype"])
        if name == "__slice__":
            return slice(*(deserialize_keras_object(inner[k]) for k in ("start", "stop", "step")))
        if name in ("__tensor__", "__ellipsis__"):
            return _lamina.deserialize_value(config)
        if name == "__lambda__":
            return lambda_from_config(config)
        if name == "__typespec__":
            _refuse_typespec(config)
        if name == "function":
            return _function_of(config, inner)
        if config.get("module") and not str(config["module"]).startswith(("keras", "builtins")):
            made = resolve(config)
            if made is None:
                raise TypeError(
                    f"Could not locate class '{name}'. Make sure custom classes and functions are decorated with "
                    "`@keras.saving.register_keras_serializable()`. If they are already decorated, make sure they "
                    "are all imported so that the decorator is run before trying to load them. Full object config: "
                    f"{config}"
                )
            return made
        with making_from_config():
            return _lamina.get_object(config, _module_for(config))


def _refuse_typespec(config):
    """The description of a tensor of TensorFlow, which only TensorFlow can make an object of."""
    if not isinstance(config["config"], (list, tuple)):
        raise TypeError(
            "Expected 'config' to be a list or a tuple for a `__typespec__`. Received: "
            f"{config['config']!r} of type {type(config['config']).__name__}. Full config: {config}"
        )
    raise ValueError(
        f"A `__typespec__` describes a tensor of TensorFlow ({config.get('spec_name')}), of which there is no object "
        "here. Give the shape and the dtype instead, by keras.KerasTensor or keras.layers.InputSpec."
    )


def _function_of(config, name):
    """The function that a config names: a user's, registered under its name or registered_name, or a public one."""
    if not isinstance(name, str):
        raise TypeError(
            f"Expected 'config' to be a non-null str, the function's name. Received: {name!r} of type "
            f"{type(name).__name__}. Full config: {config}"
        )
    own, registered = lookup_function(name), config.get("registered_name")
    other = registered if registered and registered not in (name, "function") else None
    if own is None and other:
        own = lookup_function(other)
    found = own if own is not None else _find_function(name)
    if found is None:
        raise TypeError(
            f"Could not locate function '{name}'. Make sure custom functions are decorated with "
            "`@keras.saving.register_keras_serializable()`."
        )
    if own is None and other:
        raise ValueError(
            f"The config gives registered_name='{registered}', but '{name}' resolved to a Keras built-in, which has no "
            "such name."
        )
    return found


def _find_function(name):
    """A user's function, or one of the public modules, by name; None if there is none."""
    for find in (lookup_function, homes.function, _lamina.find_op):
        found = find(name)
        if found is not None:
            return found
    return None


def _module_for(config):
    module = config.get("module") or ""
    return module if module.startswith("keras") and not module.startswith("keras.src") and module != "keras" else ""


def from_serialized(cls, serialized):
    """An instance of a user's class from its serialized form: from_config, then build and compile configs."""
    config = serialized.get("config") or {}
    if isinstance(config, dict):
        config = {k: _revive(v) for k, v in config.items()}
    if not hasattr(cls, "from_config"):
        raise TypeError(
            f"Unable to reconstruct an instance of '{cls.__name__}' because the class is missing a `from_config()` "
            f"method. Full object config: {serialized}"
        )
    obj = cls.from_config(config)
    build = serialized.get("build_config")
    if build and hasattr(obj, "build_from_config") and not build_by_run(obj, build):
        obj.build_from_config(build)
    compile_config = serialized.get("compile_config")
    if compile_config and hasattr(obj, "compile_from_config"):
        obj.compile_from_config(compile_config)
    return obj


def _revive(v):
    """Plain structures in a user's config become objects where they are serialized ones of special kinds."""
    if isinstance(v, dict) and v.get("class_name", "").startswith("__") and "config" in v:
        return deserialize_keras_object(v)
    return v


def _in_keras_package(module, name):
    """A user's class in an imported module below `keras`: as in Keras, those need not be registered."""
    if not isinstance(module, str) or module.split(".", 1)[0] != "keras":
        return None
    found = getattr(sys.modules.get(module), name or "", None)
    own = isinstance(found, type) and issubclass(found, _lamina.Object) and "_builtin" not in found.__dict__
    return found if own else None


# Classes that Python defines and files name, by their module there.
_PYTHON_CLASSES = {
    ("keras.utils", "FeatureSpace"),
    *(("keras.src.layers.preprocessing.feature_space", n) for n in ("Cross", "Feature", "TFDConcat", "TFDIdentity")),
}


_PYTHON_MODULES = ("distillation",)  # public modules all of whose classes Python defines


def _of_python(module, name):
    package, _, rest = str(module).partition(".")
    if package in ("keras", "lamina") and rest in _PYTHON_MODULES:
        return homes.defined(f"lamina.{rest}", name)
    if (module, name) not in _PYTHON_CLASSES:
        return None
    return homes.defined("lamina.utils", "FeatureSpace")._parts().get(name)


def _users_class(serialized):
    """What a user registered for a config: of one with a module of Keras under exactly the name that it gives, since
    the user's class may have the name of a built-in one."""
    class_name, module = serialized.get("class_name"), serialized.get("module")
    registered = serialized.get("registered_name", class_name)
    if isinstance(module, str) and (module == "keras" or module.startswith("keras.")):
        return get_registered_object(registered) if registered else None
    return lookup(registered or class_name) or lookup(class_name)


def resolve(serialized):
    """Makes an object of a user's class from its config; None leaves it to the built-in classes."""
    name = serialized.get("registered_name") or serialized.get("class_name")
    class_name = serialized.get("class_name")
    if serialized.get("bare"):
        found = lookup(class_name)
        if found is None:
            return None
        return found() if inspect.isclass(found) else found
    if class_name == "function":
        target = serialized.get("config")
        found = lookup(name) if name != "function" else None
        return found if found is not None else lookup_function(target if isinstance(target, str) else "")
    if class_name == "__lambda__":
        return lambda_from_config(serialized)
    found = class_of(serialized)
    return None if found is None else from_serialized(found, serialized)


def class_of(serialized):
    """The user's class that the names of a config mean (its "config" is not looked at); None for a built-in class."""
    module, class_name = serialized.get("module"), serialized.get("class_name")
    found = _users_class(serialized) or _of_python(module, class_name)
    found = found or _in_keras_package(module, class_name)
    return found if inspect.isclass(found) else None


publish("lamina.saving", deserialize_keras_object, serialize_keras_object)
