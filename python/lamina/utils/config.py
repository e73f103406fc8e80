"""Config: named values with attribute access."""

import json

from lamina._core.errors import suggestion
from lamina._core.public import publish


class Config:
    """Named values: entries of a dict that are attributes as well, and that can be frozen.

    Args:
        **kwargs: the first values.
    """

    def __init__(self, **kwargs):
        self.__dict__["_config"], self.__dict__["_frozen"] = kwargs, False

    @property
    def frozen(self):
        """Whether the values are frozen."""
        return self._frozen

    def freeze(self):
        """Lets nothing be changed from now on."""
        self.__dict__["_frozen"] = True

    def unfreeze(self):
        """Lets values be changed again."""
        self.__dict__["_frozen"] = False

    def _change(self):
        if self._frozen:
            raise ValueError("Cannot mutate attribute(s) because the config is frozen.")
        return self._config

    def as_dict(self):
        """A copy of the values as a dict."""
        return dict(self._config)

    def to_json(self):
        """The values as JSON text."""
        return json.dumps(self._config)

    def keys(self):
        """The names."""
        return self._config.keys()

    def values(self):
        """The values."""
        return self._config.values()

    def items(self):
        """Pairs of name and value."""
        return self._config.items()

    def pop(self, *args):
        """Takes out a value.

        Args:
            *args: its name, and what to give where there is none.

        Raises:
            KeyError: if there is none and no second argument.
            ValueError: if the config is frozen.
        """
        return self._change().pop(*args)

    def update(self, *args, **kwargs):
        """Sets several values.

        Args:
            *args: a dict or pairs.
            **kwargs: values by name.

        Raises:
            ValueError: if the config is frozen.
        """
        self._change().update(*args, **kwargs)

    def get(self, keyname, value=None):
        """A value, or another where there is none.

        Args:
            keyname: its name.
            value: the other.
        """
        return self._config.get(keyname, value)

    def __setattr__(self, name, value):
        if hasattr(type(self), name):
            raise AttributeError(f"'{name}' is a method of Config, so that no value can have this name.")
        self._change()[name] = value

    def __getattr__(self, name):
        if name.startswith("__") or name in ("_config", "_frozen"):
            raise AttributeError(name)
        if name not in self._config:
            raise AttributeError(f"Unknown attribute: '{name}'.{suggestion(name, self._config)}")
        return self._config[name]

    def __delattr__(self, name):
        if name not in self._config:
            raise AttributeError(f"Unknown attribute: '{name}'.{suggestion(name, self._config)}")
        del self._change()[name]

    def __setitem__(self, name, value):
        setattr(self, name, value)

    def __getitem__(self, name):
        return self._config[name]

    def __delitem__(self, name):
        del self._change()[name]

    def __contains__(self, name):
        return name in self._config

    def __iter__(self):
        return iter(sorted(self._config))

    def __len__(self):
        return len(self._config)

    def __eq__(self, other):
        return isinstance(other, Config) and other._config == self._config

    __hash__ = None

    def __repr__(self):
        return f"<Config {self._config}>"


publish("lamina.utils", Config)
