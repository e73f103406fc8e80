"""Metric: the base of all metrics."""

from lamina import _lamina
from lamina._core.configurable import Configurable
from lamina._core.public import publish
from lamina._core.stateless import StatelessScope
from lamina._core.user_classes import own


class Metric(Configurable, _lamina.MetricCore):
    """A number that is taken over batches: make variables in __init__(), override update_state() and result().

    Args:
        dtype: that of its variables and its result.
        name: made from the class by default.
    """

    _builtin = True
    _core = _lamina.MetricCore

    def __init__(self, dtype=None, name=None):
        _lamina.MetricCore.__init__(
            self, None, {"name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)), "dtype": dtype}
        )
        own(self)

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args, **kwargs):
        """Takes a batch into account. Subclasses override it.

        Args:
            *args: y_true, y_pred and sample_weight as tensors; of some metrics values.
            **kwargs: the same by name.
        """
        self._update_state(*args, **kwargs)

    def result(self):
        """The metric of all batches since reset_state(). Subclasses override it.

        Returns:
            A scalar tensor, or a dict of them.
        """
        return self._result()

    def reset_state(self):
        """Sets all variables back to zero. Subclasses may override it."""
        self._reset_state()

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        """Makes a variable of the metric's state.

        Args:
            shape: a tuple of ints.
            initializer: a name, a config, an object or a function.
            dtype: the metric's by default.
            aggregation: how replicas' values would be joined.
            name: made by default.

        Returns:
            A Variable.
        """
        return self._add_variable(name or _lamina.auto_name("variable"), shape, initializer, dtype)

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None):
        """add_variable() of a scalar that starts at zero, unless it is told otherwise.

        Args:
            shape: a tuple of ints.
            initializer: a name, a config, an object or a function; "zeros" by default.
            dtype: the metric's by default.
            name: made by default.

        Returns:
            A Variable.
        """
        return self.add_variable(shape, "zeros" if initializer is None else initializer, dtype=dtype, name=name)

    def __setattr__(self, name, value):
        if (
            name in getattr(type(self), "_fields", ())
            and "_anchor" in self.__dict__
            and name != "name"
            and not self._has_attribute(name)
        ):
            raise AttributeError(
                f"`{name}` of {type(self).__name__} is settled when the metric is made: its variables depend on it. "
                f"Make a new one, with {name}={value!r}."
            )
        super().__setattr__(name, value)

    def _attribute_names(self):
        variables = self._variables() if "_anchor" in self.__dict__ else ()
        return (*super()._attribute_names(), *(v.name for v in variables))

    def __getattr__(self, name):
        """A metric's variables by name (`true_positives`), and its arguments."""
        if not name.startswith("_"):
            for v in self._variables():
                if v.name == name:
                    return v
            found = self._attribute(name)
            if found is not None:
                return found
        return super().__getattr__(name)

    def _pickled_variables(self):
        return self.variables

    @property
    def variables(self):
        """The metric's state, with that of metrics that are its attributes."""
        out = list(self._variables())
        for value in self.__dict__.values():
            if isinstance(value, _lamina.MetricCore):
                out.extend(value.variables)
        return out

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        """update_state() with these values in place of the variables'.

        Args:
            metric_variables: a value for each of `variables`.
            *args: arguments of update_state().
            **kwargs: further ones.

        Returns:
            The new values.

        Raises:
            ValueError: if there are more or fewer values than variables.
        """
        return self._stateless(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables):
        """result() with these values in place of the variables'.

        Args:
            metric_variables: a value for each of `variables`.

        Returns:
            What result() gives.

        Raises:
            ValueError: if there are more or fewer values than variables.
        """
        return self._stateless(metric_variables, self.result)[0]

    def stateless_reset_state(self):
        """The values that reset_state() would give the variables.

        Returns:
            A list of tensors.
        """
        return self._stateless([v.value for v in self.variables], self.reset_state)[1]

    def _stateless(self, values, f):
        if len(values) != len(self.variables):
            raise ValueError(
                "Argument `metric_variables` must be a list of tensors corresponding 1:1 to "
                f"{type(self).__name__}().variables. Received list with length {len(values)}, but expected "
                f"{len(self.variables)} variables."
            )
        with StatelessScope(state_mapping=list(zip(self.variables, values))) as scope:
            out = f()
        return out, [scope.get_current_value(v) for v in self.variables]

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"

    __str__ = __repr__


Metric._kind = Metric
publish("lamina.metrics", Metric)
