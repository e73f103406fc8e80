"""The bases of objects that are made from a config: losses, metrics, optimizers, initializers, callbacks, ..."""

import functools
import os

from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.public import public_names, publish
from lamina._core.saveable import Saveable
from lamina._core.user_classes import note_replaced_method, own
from lamina._core.values.plain import plain


class Configurable(Saveable):
    """get_config/from_config, fields as attributes, construction of built-in classes."""

    _builtin = True
    _given = {}  # the constructor's arguments, for pickles: configs leave some out

    @classmethod
    def _wrap_init(cls, self, box):
        cls._core.__init__(self, box)
        own(self, False)

    @classmethod
    def _builtin_init(cls, self, name, module, config):
        config = {k: os.fspath(v) if isinstance(v, os.PathLike) else v for k, v in plain(config).items()}
        cls._core.__init__(self, name, config)
        self.__dict__["_given"] = dict(config)
        own(self)

    def get_config(self):
        """The arguments from which from_config() makes an object like this one.

        Returns:
            A dict of plain values.
        """
        return self._get_config()

    @classmethod
    def from_config(cls, config):
        """An object from get_config().

        Args:
            config: a dict of the constructor's arguments.
        """
        return cls(**config)

    def __reduce__(self):
        """Pickles and copies: the class, the config with the arguments that it leaves out, and the variables' values,
        if there are."""
        return _rebuilt, (
            type(self),
            {**self._given, **self.get_config()},
            [v.numpy() for v in self._pickled_variables()],
        )

    def _pickled_variables(self):
        return ()

    def __setattr__(self, name, value):
        """Arguments and what else C++ keeps by name are set there, where they have their effect; anything else is the
        user's own."""
        if (
            not name.startswith("_")
            and "_anchor" in self.__dict__
            and not isinstance(getattr(type(self), name, None), property)
            and self._has_attribute(name)
        ):
            self._set_attribute(name, value)
            return
        object.__setattr__(self, name, value)
        if "_anchor" in self.__dict__:
            note_replaced_method(self, name, value)

    def __dir__(self):
        return public_names(self, self._attribute_names())

    def _attribute_names(self):
        """Attributes that are found out when they are read."""
        return getattr(type(self), "_fields", ())

    def __getattr__(self, name):
        # Arguments as attributes, also by Keras' private spelling (`_from_logits`).
        field = name[1:] if name.startswith("_") and not name.startswith("__") else name
        if "_anchor" in self.__dict__ and field == name:
            found, value = self._get_attribute(name)
            if found and not (isinstance(value, dict) and "class_name" in value):
                return value
        if field in getattr(type(self), "_fields", ()):
            value = self._get_config().get(field)
            if isinstance(value, dict) and "class_name" in value and "config" in value:
                return deserialize_keras_object(value)
            return value
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


class Light(Configurable):
    """A kind that has nothing to set up: its subclasses need not call super().__init__(), as in Keras."""

    def __init__(self):
        if not self.__dict__.get("_attached"):
            self._core.__init__(self, None, {})
            own(self)
            self.__dict__["_attached"] = True

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        init = cls.__dict__.get("__init__")
        built_in = next(k for k in cls.__mro__ if "_builtin" in k.__dict__)
        if (
            init is None or "_core" not in built_in.__dict__ or built_in is cls
        ):  # below a built-in class of the kind its __init__ is called
            return

        @functools.wraps(init)
        def attached_first(self, *args, **kwargs):
            Light.__init__(self)
            init(self, *args, **kwargs)

        cls.__init__ = attached_first


def _rebuilt(cls, config, values):
    """For pickle."""
    obj = cls.from_config(config)
    variables = list(obj._pickled_variables())
    if len(variables) == len(values):
        for v, value in zip(variables, values):
            v.assign(value)
    return obj


publish("lamina.saving", _rebuilt)
