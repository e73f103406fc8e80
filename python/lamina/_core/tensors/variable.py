"""Variable: a named tensor that can be assigned."""

from lamina import _lamina
from lamina._core.public import publish


class Variable(_lamina.VariableCore):
    """A tensor whose value can be replaced.

    Args:
        initializer: a value, or an initializer (then `shape` is needed).
        shape: tuple of ints.
        dtype: defaults to the value's dtype, or floatx.
        trainable: whether optimizers update it.
        autocast: whether reads inside a mixed-precision layer are cast.
        aggregation: how replicas' values would be joined: "none", "mean", "sum" or "only_first_replica".
        synchronization: as in Keras, for replicas.
        name: defaults to "variable".
        **kwargs: none.

    Raises:
        ValueError: for a name with "/", and for another aggregation.
    """

    _builtin = True

    def __init__(
        self,
        initializer,
        shape=None,
        dtype=None,
        trainable=True,
        autocast=True,
        aggregation="none",
        synchronization="auto",
        name=None,
        **kwargs,
    ):
        if isinstance(initializer, _lamina.VariableCore) and kwargs.get("_core"):
            super().__init__(initializer)
            return
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(
                f"Argument `name` must be a string and cannot contain character `/`. Received: name={name}"
            )
        if aggregation not in (None, "none", "mean", "sum", "only_first_replica"):
            raise ValueError(
                "Invalid value for argument `aggregation`. Expected one of None, 'none', 'mean', 'sum', "
                f"'only_first_replica'. Received: aggregation={aggregation}"
            )
        super().__init__(
            _lamina.VariableCore.make(initializer, shape, dtype, trainable, autocast, aggregation or "none", name)
        )
        self.synchronization = synchronization

    @classmethod
    def _wrap(cls, core):
        return cls(core, _core=True)

    def assign(self, value):
        """Replaces the value.

        Args:
            value: of the variable's shape; the dtype is cast.

        Returns:
            The new value.

        Raises:
            ValueError: for another shape.
        """
        _lamina.VariableCore.assign(self, value)
        return self.value

    def assign_add(self, value):
        """Adds to the value.

        Args:
            value: of the variable's shape; the dtype is cast.

        Returns:
            The new value.
        """
        _lamina.VariableCore.assign_add(self, value)
        return self.value

    def assign_sub(self, value):
        """Takes from the value.

        Args:
            value: of the variable's shape; the dtype is cast.

        Returns:
            The new value.
        """
        _lamina.VariableCore.assign_sub(self, value)
        return self.value

    def __reduce__(self):
        """copy.copy, copy.deepcopy and pickle make a variable of its own with the same value, name, path and
        settings."""
        settings = {
            name: getattr(self, name) for name in ("path", "overwrite_with_gradient", "regularizer", "constraint")
        }
        made = (type(self), self.numpy(), self.stored_dtype, self.trainable, self.autocast, self.aggregation, self.name)
        return _restored_variable, made + (settings, dict(self.__dict__))

    def __format__(self, spec):
        return format(self.value, spec) if spec else str(self)

    @property
    def handle(self):
        """The variable itself."""
        return self

    def __eq__(self, other):
        return super().__eq__(other)

    __hash__ = _lamina.VariableCore.__hash__

    def __repr__(self):
        value = "" if _lamina.tracing() else f", value={self.numpy()}"
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.stored_dtype}{value}>"


def _restored_variable(cls, value, dtype, trainable, autocast, aggregation, name, settings, attributes):
    v = cls._wrap(_lamina.VariableCore.make(value, None, dtype, trainable, autocast, aggregation, name))
    for key, setting in settings.items():
        setattr(v, key, setting)
    v.__dict__.update(attributes)
    return v


publish("lamina", Variable)
publish("lamina.saving", _restored_variable)
