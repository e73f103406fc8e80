"""CallbackList: several callbacks as one."""

import numpy as np

from lamina import _lamina
from lamina._core.public import publish
from lamina.callbacks.callback import Callback
from lamina.callbacks.history import History
from lamina.callbacks.progbar_logger import ProgbarLogger


class CallbackList(Callback):
    """Several callbacks as one, for loops of one's own: each event goes to all of them, in order, with one dict of
    logs.

    Args:
        callbacks: Callbacks, or nested lists of them.
        add_history: whether to add a History, if there is none.
        add_progbar: whether to add a ProgbarLogger, if there is none.
        model: the model in training.
        **params: what callbacks find in `params`: verbose, epochs, steps.
    """

    def __init__(self, callbacks=None, add_history=False, add_progbar=False, model=None, **params):
        super().__init__()
        self.callbacks = flattened(callbacks)
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback):
        """Adds a callback behind the others.

        Args:
            callback: a Callback.
        """
        self.callbacks.append(callback)

    def set_params(self, params):
        """Gives all callbacks their `params`.

        Args:
            params: a dict.
        """
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model):
        """Gives all callbacks the model.

        Args:
            model: the model in training.
        """
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)
            if isinstance(callback, History):
                model.history = callback


def _to_all(name):
    def method(self, *args, logs=None):
        *index, logs = (
            args
            if len(args)
            > (
                0
                if name.endswith(("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end"))
                else 1
            )
            else (*args, logs)
        )
        logs = {} if logs is None else {k: _plain_number(v) for k, v in logs.items()}
        for callback in self.callbacks:
            getattr(callback, name)(*index, logs)

    method.__name__, method.__qualname__ = name, f"CallbackList.{name}"
    method.__doc__ = f"""Calls {name}() of all callbacks.

    Args:
        *args: the number of the batch or epoch, if the event has one.
        logs: losses and metrics by name.
    """
    return method


def _plain_number(value):
    return (
        np.asarray(value).item()
        if isinstance(value, (_lamina.Tensor, _lamina.VariableCore)) and np.size(value) == 1
        else value
    )


for _name in [n for n in vars(Callback) if n.startswith("on_")]:
    setattr(CallbackList, _name, _to_all(_name))


def flattened(callbacks):
    """The callbacks of nested lists, of a CallbackList or of a single one."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return flattened(callbacks.callbacks)
    return [c for item in callbacks for c in flattened(item)] if isinstance(callbacks, (list, tuple)) else [callbacks]


publish("lamina.callbacks", CallbackList)
