"""Scopes in which no variable changes."""

import threading

from lamina import _lamina
from lamina._core.public import publish

_local = threading.local()


class StatelessScope:
    """Inside, on this thread, no variable changes: the mapped ones are read as the given values, and what is assigned
    stays in the scope.

    Gradients flow to the given values.

    Args:
        state_mapping: (variable, value) pairs; the shapes must agree, dtypes are cast.
        collect_losses: whether losses that layers add are kept in `losses`, too.
        initialize_variables: accepted as in Keras; variables have values from the start.

    Raises:
        ValueError: for a key that is no Variable, or a value of another shape.
    """

    def __init__(self, state_mapping=None, collect_losses=False, initialize_variables=True):
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses = []
        self._values = _lamina.StatelessValues()
        for variable, value in state_mapping or []:
            if not isinstance(variable, _lamina.VariableCore):
                raise ValueError(
                    "Invalid reference variable in StatelessScope: all keys in argument `mapping` must be Variable "
                    f"instances. Received instead: {variable}"
                )
            self._values.set(variable, value)

    def __enter__(self):
        self._values.enter()
        _local.stateless = [*getattr(_local, "stateless", ()), self]
        return self

    def __exit__(self, *exc):
        _local.stateless.pop()
        self._values.leave()

    def add_loss(self, loss):
        """Keeps a loss.

        Args:
            loss: a scalar tensor.
        """
        self.losses.append(loss)

    def add_update(self, update):
        """Gives a variable a value inside the scope.

        Args:
            update: (variable, value).
        """
        variable, value = update
        self._values.set(variable, value)

    def get_current_value(self, variable):
        """What a variable was given or was last assigned inside.

        Args:
            variable: a Variable.

        Returns:
            A tensor, or None if neither.
        """
        return self._values.get(variable)


def in_stateless_scope():
    """Whether this thread is inside a StatelessScope."""
    return _lamina.in_stateless_scope()


def get_stateless_scope():
    """The innermost StatelessScope that this thread is in, or None."""
    scopes = getattr(_local, "stateless", None)
    return scopes[-1] if scopes else None


publish("lamina", StatelessScope)
