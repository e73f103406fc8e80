"""keras.metrics."""
from lamina import _lamina
from lamina._kinds import Configurable, serialize_any
from lamina._wrap import get_class, module_dir, own


class Metric(Configurable, _lamina.MetricCore):
    """Base class: make variables in __init__, override update_state() and result()."""

    _builtin = True
    _core = _lamina.MetricCore

    def __init__(self, dtype=None, name=None):
        _lamina.MetricCore.__init__(self, None, {"name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)), "dtype": dtype})
        own(self)

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args, **kwargs):
        self._update_state(*args, **kwargs)

    def result(self):
        return self._result()

    def reset_state(self):
        self._reset_state()

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        return self._add_variable(name or _lamina.auto_name("variable"), shape, initializer, dtype)

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None):
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype=dtype, name=name)

    @property
    def variables(self):
        out = list(self._variables())
        for value in self.__dict__.values():
            if isinstance(value, _lamina.MetricCore):
                out.extend(value.variables)
        return out

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        return self._stateless(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables):
        return self._stateless(metric_variables, self.result)[0]

    def stateless_reset_state(self):
        return self._stateless([v.value for v in self.variables], self.reset_state)[1]

    def _stateless(self, values, f):
        from lamina._scopes import StatelessScope

        if len(values) != len(self.variables):
            raise ValueError(f"Argument `metric_variables` must be a list of tensors corresponding 1:1 to {type(self).__name__}().variables. Received list with length {len(values)}, but expected {len(self.variables)} variables.")
        with StatelessScope(state_mapping=list(zip(self.variables, values))) as scope:
            out = f()
        return out, [scope.get_current_value(v) for v in self.variables]

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__


_FUNCTIONS = {"mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error", "MAE": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
              "MAPE": "mean_absolute_percentage_error", "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error", "cosine_proximity": "cosine_similarity"}


def get(identifier):
    """A metric from a name, a config, a class or a callable; None stays None."""
    from lamina import saving

    if identifier is None:
        return None
    if isinstance(identifier, str):
        name = _FUNCTIONS.get(identifier, identifier)
        obj = _lamina.find_op("metrics." + name) or _lamina.find_op("losses." + name) or _lamina.get_object(identifier, "keras.metrics")
    elif isinstance(identifier, dict):
        obj = saving.deserialize_keras_object(identifier)
    else:
        obj = identifier
    if isinstance(obj, type):
        obj = obj()
    if callable(obj):
        return obj
    raise ValueError(f"Could not interpret metric identifier: {identifier}")


def serialize(metric):
    return serialize_any(metric)


def deserialize(config, custom_objects=None):
    from lamina import saving

    if isinstance(config, str):
        return get(config)
    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        plain = _FUNCTIONS.get(name, name)
        op = _lamina.find_op("metrics." + plain) or _lamina.find_op("losses." + plain)
        if op is not None:
            globals()[name] = op
            return op
        cls = get_class(name, "keras.metrics")
        if cls is not None and cls.__name__ == name:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.metrics' has no attribute {name!r}")


__dir__ = module_dir("lamina.metrics", "keras.metrics")
