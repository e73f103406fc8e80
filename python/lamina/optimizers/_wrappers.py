"""Optimizers that hold others (LossScaleOptimizer, MultiOptimizer with its OptimizerMap), and Muon with its helpers."""
from collections.abc import MutableMapping

from lamina import _lamina
from lamina._kinds import Configurable
from lamina._wrap import own
from lamina.optimizers import Optimizer


class LossScaleOptimizer(Optimizer):
    """Scales the loss, so that float16 gradients do not underflow, and divides gradients by the scale.

    A step with an infinite or NaN gradient is skipped and halves the scale; after `dynamic_growth_steps` finite steps
    in a row it doubles.

    Args:
        inner_optimizer: the optimizer to wrap.
        initial_scale: the first scale.
        dynamic_growth_steps: finite steps until the scale doubles.
        name: defaults to "loss_scale_optimizer".

    Raises:
        ValueError: for arguments that belong to the inner optimizer.
    """

    _builtin = True
    _fields = ("initial_scale", "dynamic_growth_steps")

    def __init__(self, inner_optimizer, initial_scale=2.0**15, dynamic_growth_steps=2000, name=None, **kwargs):
        if isinstance(inner_optimizer, _lamina.ObjectBox):
            self._wrap_init(self, inner_optimizer)
            return
        self._builtin_init(self, "LossScaleOptimizer", "keras.optimizers",
                           dict(inner_optimizer=inner_optimizer, initial_scale=initial_scale, dynamic_growth_steps=dynamic_growth_steps, name=name, **kwargs))

    @property
    def inner_optimizer(self):
        return self._wrapped()[0]

    def check_finite(self, grads):
        """Whether all elements of the gradients are finite, as a bool tensor. None stands for no gradient."""
        from lamina import ops

        return ops.all(ops.convert_to_tensor([ops.all(ops.isfinite(g)) for g in grads if g is not None]))

    @property
    def step_counter(self):
        return self._scale_variables()[0]

    @property
    def dynamic_scale(self):
        return self._scale_variables()[1]

    def _scale_variables(self):
        made = _lamina.loss_scale_variables(self)
        if made is None:
            raise AttributeError(f"The loss scale of the optimizer '{self.name}' is made by build().")
        return made


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
        from lamina import saving

        parts = saving.deserialize_keras_object(config, custom_objects=custom_objects)
        return cls(parts["default_optimizer"], parts["optimizer_map"])


for _name in ("keys", "items", "values", "get", "pop", "popitem", "clear", "update", "setdefault", "__contains__"):  # its metaclass is not that of C++ classes
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
        self._builtin_init(self, "MultiOptimizer", "keras.optimizers", dict(optimizer_map=optimizer_map, loss_scale_factor=loss_scale_factor, name=name))

    @property
    def optimizers(self):
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


class Muon(Optimizer):
    """Orthogonal updates of matrices (Jordan et al., 2024; step size of Liu et al., 2025); AdamW for other variables, embeddings and excluded layers.

    Args:
        learning_rate: a number, a schedule or a callable.
        adam_beta_1: Adam's decay of the average of gradients.
        adam_beta_2: Adam's decay of the average of squared gradients.
        adam_weight_decay: the weight decay of variables that Adam updates.
        epsilon: added to Adam's root.
        exclude_layers: regular expressions of the paths of variables that Adam updates.
        exclude_embeddings: whether Adam updates embeddings.
        muon_a: the factor of x in a Newton-Schulz step.
        muon_b: the factor of x^3.
        muon_c: the factor of x^5.
        adam_lr_ratio: Adam's learning rate as a share of `learning_rate`.
        momentum: decay of the average of gradients.
        ns_steps: Newton-Schulz steps.
        nesterov: whether to look one momentum step ahead.
        rms_rate: the root mean square of updates as a share of the learning rate; None leaves them orthogonal.
    """

    _builtin = True
    _fields = ("adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings", "muon_a", "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps",
               "nesterov", "rms_rate")

    def __init__(self, learning_rate=0.001, adam_beta_1=0.9, adam_beta_2=0.999, adam_weight_decay=0.004, epsilon=1e-07, weight_decay=0.004, clipnorm=None, clipvalue=None,
                 global_clipnorm=None, use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None, name=None,
                 exclude_layers=None, exclude_embeddings=True, muon_a=3.4445, muon_b=-4.775, muon_c=2.0315, adam_lr_ratio=1, momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2,
                 **kwargs):
        if isinstance(learning_rate, _lamina.ObjectBox):
            self._wrap_init(self, learning_rate)
            return
        given = {key: value for key, value in locals().items() if key not in ("self", "kwargs", "__class__")}
        self._builtin_init(self, "Muon", "keras.optimizers", {**given, **kwargs})

    def _should_use_adamw(self, variable):
        return _lamina.muon_uses_adam(self, variable)

    def zeropower_via_newtonschulz5(self, x, steps):
        """The nearest matrix with orthonormal rows or columns, roughly. x: (..., n, m)."""
        return _lamina.muon_orthogonalize(self, x, steps)

    def transpose_last_axis(self, X):
        """The matrices over the last two axes, transposed."""
        from lamina import ops

        return ops.swapaxes(X, -1, -2)

    def lr_adjust(self, x):
        """An orthogonal update (n, m) times rms_rate sqrt(max(n, m))."""
        return _lamina.muon_adjust(self, x)


for _cls in (LossScaleOptimizer, OptimizerMap, MultiOptimizer, Muon):
    _cls.__module__ = "lamina.optimizers"
