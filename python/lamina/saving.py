"""keras.saving: files, configs, registration."""
import errno
import inspect
import os
import warnings

import numpy as np

from lamina import _lamina
from lamina._registration import (  # noqa: F401
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from lamina._safe_mode import UNSAID, SafeModeScope, in_safe_mode
from lamina._wrap import user_part as _user_part


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Saves a model: to a `.keras` file, a legacy `.h5` file, or with zipped=False to a directory.

    Raises ValueError for other endings, OSError if the file cannot be written or exists and `overwrite` is false.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    path = os.fspath(filepath)
    if save_format and not path.endswith((".h5", ".hdf5", ".keras")):
        raise ValueError(f"The `save_format` argument is deprecated in Keras 3. Please remove this argument and pass a file path with either `.keras` or `.h5` extension.Received: save_format={save_format}")
    if kwargs:
        raise ValueError(f"The following argument(s) are not supported: {list(kwargs)}")
    _lamina.save_model(model, path, overwrite, True if zipped is None else zipped, bool(include_optimizer))


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """A model from a `.keras` file, a directory of one, or a legacy `.h5` file.

    Code in the file (lambdas) only runs with safe_mode=False, said by this very call. Raises ValueError for what is not a model's file, TypeError
    for classes that are not registered.
    """
    path = os.fspath(filepath)
    if path.endswith((".h5", ".hdf5")):
        _require(path)
    with CustomObjectScope(custom_objects), SafeModeScope(safe_mode):
        return _lamina.load_model(path, compile)


def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Weights to a `.weights.h5` file; with `max_shard_size` (GB) to several, under a `.weights.json` index. Objects in the list `objects_to_skip` are left out."""
    objects_to_skip = kwargs.pop("objects_to_skip", None) or ()
    if kwargs:
        raise TypeError(f"Invalid keyword arguments: {kwargs}")
    _lamina.save_weights(model, os.fspath(filepath), overwrite, None if max_shard_size is None else float(max_shard_size), objects_to_skip)


def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Weights from a `.weights.h5`, `.weights.json`, `.keras` or legacy `.h5` file (there with `by_name`, too).

    Objects in the list `objects_to_skip` (of a `.weights.h5` file), and what only they lead to, keep their values.

    Raises ValueError naming the layer, the expected and the stored shapes; with skip_mismatch that is a warning.
    """
    by_name, objects_to_skip = kwargs.pop("by_name", None), kwargs.pop("objects_to_skip", None) or ()
    if kwargs:
        raise ValueError(f"Invalid keyword arguments: {kwargs}")
    path = os.fspath(filepath)
    if path.endswith((".h5", ".hdf5", ".weights.json", ".keras")) and not by_name:
        _require(path)
    _lamina.load_weights(model, path, bool(skip_mismatch), bool(by_name), objects_to_skip)


def _require(path):
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def lambda_from_config(serialized):
    """A stored lambda, if the caller allowed code from files."""
    if in_safe_mode():
        raise ValueError("Requested the deserialization of a Python lambda. This carries a potential risk of arbitrary code execution and thus it is disallowed by default. If you trust the source of the artifact, you can override this error by passing `safe_mode=False` to the loading function, or calling `keras.config.enable_unsafe_deserialization().")
    import base64
    import marshal
    import types

    c = serialized["config"]
    parts = c["value"] if "value" in c else [c["code"], c.get("defaults"), c.get("closure")]
    code, defaults, closure = parts if isinstance(parts, (list, tuple)) else (parts, None, None)
    code = marshal.loads(base64.b64decode(code))
    cells = tuple(types.CellType(v) for v in closure) if closure else None
    return types.FunctionType(code, {"__builtins__": __builtins__}, code.co_name, tuple(defaults) if defaults else None, cells)


def _encode_lambda(f):
    import codecs
    import marshal

    closure = tuple(c.cell_contents for c in f.__closure__) if f.__closure__ else None
    return {"class_name": "__lambda__", "config": {"value": [codecs.encode(marshal.dumps(f.__code__), "base64").decode("ascii"), f.__defaults__, closure]}}


def serialize_keras_object(obj):
    """A config of plain JSON values."""
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("latin1")}}
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(x) for x in obj]
    if isinstance(obj, dict):
        return {k: serialize_keras_object(v) for k, v in obj.items()}
    if isinstance(obj, _lamina.KerasTensor):
        h = obj._keras_history
        return {"class_name": "__keras_tensor__", "config": {"shape": list(obj.shape), "dtype": obj.dtype, "keras_history": [h.operation.name, h.node_index, h.tensor_index]}}
    if isinstance(obj, (_lamina.Tensor, _lamina.VariableCore)):
        return {"class_name": "__tensor__", "config": {"value": obj.numpy().tolist(), "dtype": obj.dtype}}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, slice):
        return {"class_name": "__slice__", "config": {"start": serialize_keras_object(obj.start), "stop": serialize_keras_object(obj.stop), "step": serialize_keras_object(obj.step)}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, _lamina.Op):
        name = obj.__name__
        from lamina import activations

        if obj.__qualname__.startswith(("losses.", "metrics.")):
            return name
        return "exponential" if name == "exp" else name
    if isinstance(obj, _lamina.Object):
        return _lamina.serialize_object(obj)
    if isinstance(obj, type):
        return {"module": None if obj.__module__ == "__main__" else obj.__module__, "class_name": obj.__name__, "config": {}, "registered_name": get_registered_name(obj)}
    if inspect.isfunction(obj) or callable(obj) and hasattr(obj, "__name__"):
        if obj.__name__ == "<lambda>":
            return _encode_lambda(obj)
        if (obj.__module__ or "").startswith("lamina.activations"):
            return obj.__name__
        return {"module": "builtins", "class_name": "function", "config": get_registered_name(obj), "registered_name": get_registered_name(obj) if get_registered_name(obj) != obj.__name__ else "function"}
    if hasattr(obj, "get_config"):
        return {"module": None if type(obj).__module__ == "__main__" else type(obj).__module__, "class_name": type(obj).__name__, "config": serialize_keras_object(obj.get_config()), "registered_name": get_registered_name(type(obj))}
    raise ValueError(f"Cannot serialize object {obj} (of type {type(obj)}): it has no get_config() method.")


def deserialize_keras_object(config, custom_objects=None, safe_mode=UNSAID, **kwargs):
    """The object that a config describes.

    Code in the config (lambdas) is refused with a ValueError unless safe_mode=False. A call inside another load, from a
    from_config(), follows that load where it is not told; told True it is safe whatever the load was told.
    """
    if config is None or isinstance(config, (bool, int, float)):
        return config
    with CustomObjectScope(custom_objects), SafeModeScope(safe_mode):
        if isinstance(config, str):
            from lamina._registration import _lookup

            found = _lookup(config)
            return config if found is None else found
        if isinstance(config, (list, tuple)):
            return [deserialize_keras_object(x) for x in config]
        if not isinstance(config, dict):
            return config
        if "class_name" not in config or "config" not in config:
            return {k: deserialize_keras_object(v) for k, v in config.items()}
        name, inner = config["class_name"], config["config"]
        if name == "__bytes__":
            return inner["value"].encode("latin1")
        if name == "__numpy__":
            return np.array(inner["value"], dtype=inner["dtype"])
        if name == "__keras_tensor__":
            return _lamina.KerasTensor(inner["shape"], inner["dtype"])
        if name in ("__tensor__", "__slice__", "__ellipsis__"):
            return _lamina.deserialize_value(config)
        if name == "__lambda__":
            return lambda_from_config(config)
        if name == "function":
            if not isinstance(inner, str):
                raise TypeError(f"Expected 'config' to be a non-null str, the function's name. Received: {inner!r} of type {type(inner).__name__}. Full config: {config}")
            from lamina import activations, losses, metrics
            from lamina._registration import lookup_function

            own, registered = lookup_function(inner), config.get("registered_name")
            if own is None and registered and registered not in (inner, "function"):
                own = lookup_function(registered)
            for found in (own, getattr(activations, inner, None), getattr(losses, inner, None), getattr(metrics, inner, None), _lamina.find_op(inner)):
                if found is not None:
                    if own is None and registered and registered not in (inner, "function"):
                        raise ValueError(f"The config gives registered_name='{registered}', but '{inner}' resolved to a Keras built-in, which has no such name.")
                    return found
            raise TypeError(f"Could not locate function '{inner}'. Make sure custom functions are decorated with `@keras.saving.register_keras_serializable()`.")
        if config.get("module") and not str(config["module"]).startswith(("keras", "builtins")):
            from lamina._registration import _resolve

            made = _resolve(config)
            if made is None:
                raise TypeError(f"Could not locate class '{name}'. Make sure custom classes and functions are decorated with `@keras.saving.register_keras_serializable()`. If they are already decorated, make sure they are all imported so that the decorator is run before trying to load them. Full object config: {config}")
            return made
        return _lamina.get_object(config, _module_for(config))


def _module_for(config):
    module = config.get("module") or ""
    return module if module.startswith("keras") and not module.startswith("keras.src") and module != "keras" else ""


def from_serialized(cls, serialized):
    """An instance of a user's class from its serialized form: from_config, then build and compile configs."""
    config = serialized.get("config") or {}
    if isinstance(config, dict):
        config = {k: _revive(v) for k, v in config.items()}
    obj = cls.from_config(config)
    build = serialized.get("build_config")
    if build and hasattr(obj, "build_from_config"):
        if not _build_by_run(obj, build):
            obj.build_from_config(build)
    compile_config = serialized.get("compile_config")
    if compile_config and hasattr(obj, "compile_from_config"):
        obj.compile_from_config(compile_config)
    return obj


def _build_by_run(model, build_config):
    """Whether `model` is a subclass with neither a build() of its own nor a graph: its call() then makes the weights."""
    overridden = _user_part(type(model))
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
    from lamina import config

    if isinstance(shape, dict):
        return {k: _symbolic(s) for k, s in shape.items()}
    if all(d is None or isinstance(d, int) for d in shape):
        return _lamina.KerasTensor(list(shape), config.floatx())
    return [_symbolic(s) for s in shape]


def _revive(v):
    """Plain structures in a user's config become objects where they are serialized ones of special kinds."""
    if isinstance(v, dict) and v.get("class_name", "").startswith("__") and "config" in v:
        return deserialize_keras_object(v)
    return v
