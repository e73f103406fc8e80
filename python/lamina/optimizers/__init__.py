"""keras.optimizers."""
import importlib

from lamina import _lamina
from lamina._kinds import Configurable, serialize_any
from lamina._wrap import get_class, module_dir, own


class Optimizer(Configurable, _lamina.OptimizerCore):
    """Base class: override build(variables) for slots and update_step(gradient, variable, learning_rate)."""

    _builtin = True
    _core = _lamina.OptimizerCore

    def __init__(self, learning_rate, weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
                 loss_scale_factor=None, gradient_accumulation_steps=None, name=None, **kwargs):
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        config = dict(learning_rate=learning_rate, weight_decay=weight_decay, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm, use_ema=use_ema,
                      ema_momentum=ema_momentum, ema_overwrite_frequency=ema_overwrite_frequency, loss_scale_factor=loss_scale_factor,
                      gradient_accumulation_steps=gradient_accumulation_steps, name=name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)))
        _lamina.OptimizerCore.__init__(self, None, config)
        own(self)

    def build(self, variables):
        if getattr(type(self).build, "_base", False) and "_builtin" in type(self).__dict__:
            self._build_own(variables)
        else:
            self._build(variables)

    build._base = True

    def apply(self, grads, trainable_variables=None):
        self._apply(grads, trainable_variables)

    def apply_gradients(self, grads_and_vars):
        grads, variables = zip(*grads_and_vars)
        self.apply(list(grads), list(variables))
        return self.iterations

    def update_step(self, gradient, variable, learning_rate):
        self._update_step(gradient, variable, learning_rate)

    def scale_loss(self, loss):
        return self._scale_loss(loss)

    def finalize_variable_values(self, var_list):
        self._finalize(var_list)

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None):
        from lamina._variable import Variable

        v = Variable(initializer, shape=shape, dtype=dtype, trainable=False, name=name)
        self._track_variable(v)
        return v

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        return self.add_variable(reference_variable.shape, initializer, reference_variable.stored_dtype, name=(reference_variable.path.replace("/", "_") + "_" + (name or "var")))

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        names = [name] if isinstance(name, str) else name
        inits = [initializer] * len(names) if isinstance(initializer, str) else initializer
        out = [[self.add_variable_from_reference(v, n, i) for v in trainable_variables] for n, i in zip(names, inits)]
        return out[0] if isinstance(name, str) else tuple(out)

    def assign(self, variable, value):
        variable.assign(value)

    def assign_add(self, variable, value):
        variable.assign_add(value)

    def assign_sub(self, variable, value):
        variable.assign_sub(value)

    @property
    def learning_rate(self):
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value):
        self._set_learning_rate(value)

    @property
    def iterations(self):
        return self._iterations()

    @property
    def variables(self):
        return self._variables()

    def set_weights(self, weights):
        variables = self.variables
        if len(weights) != len(variables):
            raise ValueError(f"Optimizer variables: expected {len(variables)} values, received {len(weights)}.")
        for v, w in zip(variables, weights):
            v.assign(w)

    def save_own_variables(self, store):
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store):
        if len(store.keys()) != len(self.variables):
            import warnings

            warnings.warn(f"Skipping variable loading for optimizer '{self.name}', because it has {len(self.variables)} variables whereas the saved optimizer has {len(store.keys())} variables.")
            return
        for i, v in enumerate(self.variables):
            v.assign(store[str(i)])

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """apply() with these values in place of the variables': (trainable values, optimizer values)."""
        from lamina._scopes import StatelessScope

        own_vars = self.variables
        trainables = self._trainables()
        if len(optimizer_variables) != len(own_vars):
            raise ValueError(f"Argument `optimizer_variables` must be a list of tensors corresponding 1:1 to {type(self).__name__}().variables. Received list with length {len(optimizer_variables)} (expected {len(own_vars)}).")
        with StatelessScope(state_mapping=list(zip(trainables, trainable_variables)) + list(zip(own_vars, optimizer_variables))) as scope:
            self.apply(grads)
        return [scope.get_current_value(v) for v in trainables], [scope.get_current_value(v) for v in own_vars]


def get(identifier):
    """An optimizer from a name, a config or an instance."""
    from lamina import saving

    if isinstance(identifier, dict):
        obj = saving.deserialize_keras_object(identifier)
    elif isinstance(identifier, str):
        obj = _lamina.get_object(identifier, "keras.optimizers")
    else:
        obj = identifier
    if isinstance(obj, Optimizer):
        return obj
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}")


def serialize(optimizer):
    return serialize_any(optimizer)


def deserialize(config, custom_objects=None):
    from lamina import saving

    if isinstance(config, dict) and "class_name" in config and config["class_name"].lower() == config["class_name"]:
        config = {**config, "class_name": _lamina.class_info(config["class_name"], "keras.optimizers")[0]}
    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if name in ("schedules", "legacy"):
        return importlib.import_module("lamina.optimizers." + name)
    if not name.startswith("_"):
        cls = get_class(name, "keras.optimizers")
        if cls is not None and cls.__name__ == name:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.optimizers' has no attribute {name!r}")


__dir__ = module_dir("lamina.optimizers", "keras.optimizers")
