"""What built-in callbacks have beside their arguments."""

import inspect
import operator

import numpy as np

from lamina import _lamina
from lamina._core import ops


def _of_epoch_and_rate(schedule):
    """The schedule as a function of epoch and learning rate; it may take the epoch alone."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return (lambda epoch, rate: schedule(epoch)) if callable(schedule) else schedule
    except ValueError:  # no signature to be had
        pass
    return schedule


def _learning_rate_scheduler(self, schedule, verbose=0):
    if isinstance(schedule, _lamina.ObjectBox):
        self._wrap_init(self, schedule)
        return
    self._builtin_init(
        self, "LearningRateScheduler", "keras.callbacks", {"schedule": _of_epoch_and_rate(schedule), "verbose": verbose}
    )
    self.__dict__["_schedule"] = schedule


def _lambda_callback(self, *args, **functions):
    """Further keywords become attributes: methods that the class has, or the caller's own."""
    if len(args) == 1 and isinstance(args[0], _lamina.ObjectBox):
        self._wrap_init(self, args[0])
        return
    events = dict(zip(type(self)._fields, args, strict=False))
    events.update((k, f) for k, f in functions.items() if k in type(self)._fields)
    self._builtin_init(self, "LambdaCallback", "keras.callbacks", events)
    for name, f in functions.items():
        if name not in events:
            object.__setattr__(self, name, f)


def _set_schedule(self, schedule):
    self._set_attribute("schedule", _of_epoch_and_rate(schedule))
    self.__dict__["_schedule"] = schedule


def _monitor_op(self):
    """How values are compared: None until the first epoch, then ops.less, ops.greater or what was set."""
    op = self._get_attribute("monitor_op")[1]
    return {"less": ops.less, "greater": ops.greater}[op] if isinstance(op, str) else op


def _set_monitor_op(self, op):
    for name, known in (
        ("less", (ops.less, np.less, operator.lt)),
        ("greater", (ops.greater, np.greater, operator.gt)),
    ):
        if any(op is k for k in known):
            op = name
    self._set_attribute("monitor_op", op)


def _best_weights(self):
    """The weights of the best epoch as NumPy arrays; None before there is one, or if they are not kept."""
    weights = self._get_attribute("best_weights")[1]
    return None if weights is None else [np.asarray(w) for w in weights]


def _set_best_weights(self, weights):
    self._set_attribute("best_weights", None if weights is None else [np.asarray(w) for w in weights])


def _get_monitor_value(self, logs):
    """The watched log. Subclasses may override it.

    Args:
        logs: losses and metrics by name.

    Returns:
        A number, or None with a warning if it is not among them.
    """
    return self._method("get_monitor_value", logs)


def _in_cooldown(self):
    """Whether epochs are not counted at the moment. Subclasses may override it."""
    return self._method("in_cooldown")


_OP = {"monitor_op": property(_monitor_op, _set_monitor_op)}
MEMBERS = {
    "LearningRateScheduler": {
        "__init__": _learning_rate_scheduler,
        "schedule": property(
            lambda self: self.__dict__["_schedule"], _set_schedule, doc="The function that was given."
        ),
    },
    "LambdaCallback": {"__init__": _lambda_callback},
    "EarlyStopping": {
        **_OP,
        "best_weights": property(_best_weights, _set_best_weights),
        "get_monitor_value": _get_monitor_value,
    },
    "ModelCheckpoint": _OP,
    "ReduceLROnPlateau": {
        **_OP,
        "in_cooldown": _in_cooldown,
    },
}
