"""A layer's config: of a user's class it is found out from the arguments of its constructor."""

import inspect

import numpy as np

from lamina import _lamina
from lamina._core.configs.serialized import deserialize_keras_object


def _with_dtype_name(config):
    """The config with a dtype policy in place of its config, and as its name where it says no more: what constructors
    of users' classes expect."""
    dtype = config.get("dtype") if isinstance(config, dict) else None
    if isinstance(dtype, dict) and "class_name" in dtype:
        dtype = deserialize_keras_object(dtype)
    if not isinstance(dtype, _lamina.DTypePolicyCore):
        return config
    return {**config, "dtype": dtype.name if type(dtype).__name__ == "DTypePolicy" else dtype}


class LayerConfigs:
    """get_config() and from_config(). `self` is a LayerCore."""

    _builtin = True

    def get_config(self):
        """The arguments from which from_config() makes a layer like this one, without its weights.

        For a subclass that does not override it, the arguments of its constructor are among them.

        Returns:
            A dict of plain values.

        Raises:
            NotImplementedError: if the constructor was given something that a config cannot hold.
        """
        config = self._get_config()
        cls = type(self)
        if cls.get_config is not LayerConfigs.get_config and not isinstance(self, _lamina.ModelCore):
            return config  # a subclass adds its arguments itself
        if isinstance(self, _lamina.ModelCore) and self._is_functional and "layers" in config:
            return config  # a subclass that hands its graph to Model.__init__
        if (
            "_builtin" not in cls.__dict__
            and "_init_arguments" in self.__dict__
            and cls.__init__ is not object.__init__
            and not getattr(cls.__init__, "_base_init", False)
            and not any(
                "_builtin" in k.__dict__ and "__init__" in k.__dict__ and cls.__init__ is k.__dict__["__init__"]
                for k in cls.__mro__
            )
        ):
            args, kwargs = self.__dict__["_init_arguments"]
            try:
                bound = inspect.signature(cls.__init__).bind(self, *args, **kwargs)
                bound.apply_defaults()
            except TypeError:
                return config
            given = dict(list(bound.arguments.items())[1:])
            for p in bound.signature.parameters.values():
                if p.kind is p.VAR_KEYWORD:
                    given.update(given.pop(p.name, {}))
                elif p.kind is p.VAR_POSITIONAL and not given.get(p.name):
                    given.pop(p.name, None)
            basic = (int, float, str, bool, type(None), list, tuple, dict, np.integer, np.floating)
            missing = [k for k, v in given.items() if not isinstance(v, basic) and k not in config]
            if missing:
                raise NotImplementedError(
                    f"Object {self.name} was created by passing non-serializable argument values in `__init__()`, "
                    "and therefore the object must override `get_config()` in order to be serializable. Please "
                    "implement `get_config()`."
                )
            for k, v in given.items():
                if k not in config:
                    config[k] = v
        return config

    @classmethod
    def from_config(cls, config):
        """A layer from get_config().

        Args:
            config: a dict of the constructor's arguments.

        Raises:
            TypeError: if the constructor fails on them.
        """
        config = _with_dtype_name(config)
        try:
            return cls(**config)
        except Exception as e:
            raise TypeError(
                f"Error when deserializing class '{cls.__name__}' using config={config}.\n\nException encountered: {e}"
            ) from e
