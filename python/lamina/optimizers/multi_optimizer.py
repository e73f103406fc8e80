"""MultiOptimizer, and the map that gives it an optimizer for each variable."""

from collections.abc import MutableMapping

from lamina import _lamina
from lamina._core.configs.serialized import deserialize_keras_object
from lamina._core.configurable import Configurable
from lamina._core.public import publish
from lamina._core.user_classes import own
from lamina.optimizers.optimizer import Optimizer


class OptimizerMap(Configurable, _lamina.OptimizerMapCore):
    """Optimizers by variables' paths: a key is a path, or a regular expression that matches all of one.

    Args:
        default_optimizer: for variables that no key matches.
        optimizer_map: a dict of further ones.
    """

    _builtin = True
    _core = _lamina.OptimizerMapCore

    def __init__(self, default_optimizer, optimizer_map=None):
        if isinstance(default_optimizer, _lamina.ObjectBox):
            self._wrap_init(self, default_optimizer)
            return
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be a Keras Optimizer instance. Received: {default_optimizer}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map must be a dictionary. Received: {optimizer_map}")
        _lamina.OptimizerMapCore.__init__(self, default_optimizer, optimizer_map or {})
        own(self)

    @property
    def default_optimizer(self):
        """The optimizer of variables that no key matches."""
        return self._default()

    @property
    def _optimizer_map(self):
        return self._entries()

    @_optimizer_map.setter
    def _optimizer_map(self, entries):
        self._replace(entries)

    def __getitem__(self, key):
        return self._find(key)

    def __setitem__(self, key, optimizer):
        if not isinstance(key, str):
            raise ValueError(f"key must be a string. Received: {key}")
        if not isinstance(optimizer, Optimizer):
            raise ValueError(f"optimizer must be a Keras Optimizer instance. Received: {optimizer}")
        self._set(key, optimizer)

    def __delitem__(self, key):
        self._erase(key)

    def __len__(self):
        return len(self._entries())

    def __iter__(self):
        return iter(self._entries())

    def __call__(self, variable):
        return self[variable.path]

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A map from get_config().

        Args:
            config: the optimizers as configs.
            custom_objects: {name: class or function} that the config may name.
        """
        parts = deserialize_keras_object(config, custom_objects=custom_objects)
        return cls(parts["default_optimizer"], parts["optimizer_map"])


for _name in (
    "keys",
    "items",
    "values",
    "get",
    "pop",
    "popitem",
    "clear",
    "update",
    "setdefault",
    "__contains__",
):  # its metaclass is not that of C++ classes
    setattr(OptimizerMap, _name, getattr(MutableMapping, _name))
MutableMapping.register(OptimizerMap)


class MultiOptimizer(Optimizer):
    """Several optimizers, each for its own variables. It has no learning rate: they have.

    Args:
        optimizer_map: an OptimizerMap, or a function that gives a variable's optimizer.
        loss_scale_factor: in place of the optimizers' own.
        name: defaults to "multi_optimizer".
    """

    _builtin = True

    def __init__(self, optimizer_map, loss_scale_factor=None, name=None):
        if isinstance(optimizer_map, _lamina.ObjectBox):
            self._wrap_init(self, optimizer_map)
            return
        self._builtin_init(
            self,
            "MultiOptimizer",
            "keras.optimizers",
            {"optimizer_map": optimizer_map, "loss_scale_factor": loss_scale_factor, "name": name},
        )

    @property
    def optimizers(self):
        """The optimizers, each once."""
        return self._wrapped()

    @property
    def _inner_optimizers(self):
        return self._wrapped()

    @property
    def _optimizer_map(self):
        return _lamina.multi_optimizer_map(self)

    @property
    def _var_to_optimizer_idx(self):
        return {self._var_key(v): _lamina.multi_optimizer_place(self, v) for v in self._trainables()}


publish("lamina.optimizers", MultiOptimizer, OptimizerMap)
