"""keras.callbacks."""
import inspect
import operator

import numpy as np

from lamina import _lamina
from lamina._kinds import Light
from lamina._wrap import module_dir, module_getattr, own


class Callback(Light, _lamina.CallbackCore):
    """Base class: override the on_... methods that matter. `self.model` is the model in training, `self.params` its settings."""

    _builtin = True
    _core = _lamina.CallbackCore

    @property
    def model(self):
        return self.__dict__.get("_model_set") or self._model()

    @model.setter
    def model(self, model):
        self.set_model(model)

    @property
    def params(self):
        return self._params() or None

    @params.setter
    def params(self, value):
        self._set_params(value)

    def __reduce__(self):
        """A user's callback is pickled and copied with its attributes, without the model."""
        if "_builtin" in type(self).__dict__ or any("_builtin" in k.__dict__ for k in type(self).__mro__[:-1] if "_fields" in k.__dict__):
            return super().__reduce__()
        return _restored, (type(self), {k: v for k, v in self.__dict__.items() if k not in ("_anchor", "_attached", "_model_set")})

    def set_params(self, params):
        self._set_params(params)

    def set_model(self, model):
        # Kept as well: C++ does not hold a model alive for its callbacks.
        self.__dict__["_model_set"] = model
        self._set_model(model)


def _restored(cls, attributes):
    """For pickle."""
    self = cls.__new__(cls)
    Light.__init__(self)
    self.__dict__.update(attributes)
    return self


def _event(name, index=None):
    """The method of an event; `index` names its first argument, if it has one beside the logs. And the hook by which C++ calls a user's
    method in its place: the dict of logs that it may have changed goes back."""
    if index == "epoch":
        def method(self, epoch, logs=None):
            self._event(name, epoch, logs)
    elif index == "batch":
        def method(self, batch, logs=None):
            self._event(name, batch, logs)
    else:
        def method(self, logs=None):
            self._event(name, logs)
    method.__name__ = name

    def hook(self, *args):
        getattr(self, name)(*args)
        return {key: _plain(value) for key, value in args[-1].items()}

    setattr(Callback, name, method)
    setattr(Callback, "_hook_" + name, hook)
    return method


def _plain(value):
    """A log for C++: a number as such, and anything that is none as it is, to come back as the same object."""
    if type(value) in (float, int, str, bool, type(None)):
        return value
    if isinstance(value, (np.number, np.bool_)):
        return value.item()
    if isinstance(value, (_lamina.Tensor, _lamina.VariableCore)) and np.size(value) == 1:
        return np.asarray(value).item()
    return _lamina.carried(value)


for _phase in ("train", "test", "predict"):
    for _when in ("begin", "end"):
        _event(f"on_{_phase}_{_when}")
        _event(f"on_{_phase}_batch_{_when}", "batch")
_event("on_epoch_begin", "epoch")
_event("on_epoch_end", "epoch")
for _when in ("begin", "end"):  # Keras 1's names of the train_batch events
    setattr(Callback, f"on_batch_{_when}", getattr(Callback, f"on_train_batch_{_when}"))
    setattr(Callback, f"_hook_on_batch_{_when}", lambda self, *args, _name=f"on_batch_{_when}": (getattr(self, _name)(*args), {k: _plain(v) for k, v in args[-1].items()})[1])


class History(Callback):
    """Losses and metrics an epoch: `history` is a dict of lists, `epoch` the epochs' numbers. fit() makes one and returns it."""

    def __init__(self):
        super().__init__()
        self.history = {}
        self.epoch = []

    def on_train_begin(self, logs=None):
        self.epoch = []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)


class CallbackList(Callback):
    """Several callbacks as one, for loops of one's own: each event goes to all of them, in order, with one dict of logs.

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
        self.callbacks.append(callback)

    def set_params(self, params):
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model):
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)
            if isinstance(callback, History):
                model.history = callback


def _to_all(name):
    def method(self, *args, logs=None):
        *index, logs = args if len(args) > (0 if name.endswith(("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end")) else 1) else (*args, logs)
        logs = {} if logs is None else {k: _plain_number(v) for k, v in logs.items()}
        for callback in self.callbacks:
            getattr(callback, name)(*index, logs)

    method.__name__ = name
    return method


def _plain_number(value):
    return np.asarray(value).item() if isinstance(value, (_lamina.Tensor, _lamina.VariableCore)) and np.size(value) == 1 else value


for _name in [n for n in vars(Callback) if n.startswith("on_")]:
    setattr(CallbackList, _name, _to_all(_name))


def flattened(callbacks):
    """The callbacks of nested lists, of a CallbackList or of a single one."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return flattened(callbacks.callbacks)
    return [c for item in callbacks for c in flattened(item)] if isinstance(callbacks, (list, tuple)) else [callbacks]


class ProgbarLogger(Callback):
    """Prints a progress bar; fit(), evaluate() and predict() add one themselves unless verbose is 0."""

    _builtin = True
    __signature__ = inspect.Signature()

    def __init__(self, *args):
        if args:
            self._wrap_init(self, args[0])
        else:
            _lamina.CallbackCore.__init__(self, _lamina.new_progbar_logger())
            own(self)


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
    self._builtin_init(self, "LearningRateScheduler", "keras.callbacks", {"schedule": _of_epoch_and_rate(schedule), "verbose": verbose})
    self.__dict__["_schedule"] = schedule


def _set_schedule(self, schedule):
    self._set_attribute("schedule", _of_epoch_and_rate(schedule))
    self.__dict__["_schedule"] = schedule


def _monitor_op(self):
    """How values are compared: None until the first epoch, then ops.less, ops.greater or what was set."""
    from lamina import ops

    op = self._get_attribute("monitor_op")[1]
    return {"less": ops.less, "greater": ops.greater}[op] if isinstance(op, str) else op


def _set_monitor_op(self, op):
    from lamina import ops

    for name, known in (("less", (ops.less, np.less, operator.lt)), ("greater", (ops.greater, np.greater, operator.gt))):
        if any(op is k for k in known):
            op = name
    self._set_attribute("monitor_op", op)


def _best_weights(self):
    weights = self._get_attribute("best_weights")[1]
    return None if weights is None else [np.asarray(w) for w in weights]


def _set_best_weights(self, weights):
    self._set_attribute("best_weights", None if weights is None else [np.asarray(w) for w in weights])


def _method(name, doc):
    def method(self, *args):
        return self._method(name, *args)

    method.__name__, method.__doc__ = name, doc
    return method


# What classes have beyond their C++ description.
_OP = {"monitor_op": property(_monitor_op, _set_monitor_op)}
_MEMBERS = {
    "LearningRateScheduler": {"__init__": _learning_rate_scheduler, "schedule": property(lambda self: self.__dict__["_schedule"], _set_schedule)},
    "EarlyStopping": {**_OP, "best_weights": property(_best_weights, _set_best_weights),
                      "get_monitor_value": _method("get_monitor_value", "The watched log, or None with a warning. Subclasses may override it.")},
    "ModelCheckpoint": _OP,
    "ReduceLROnPlateau": {**_OP, "in_cooldown": _method("in_cooldown", "Whether epochs are not counted at the moment. Subclasses may override it.")},
}

__getattr__ = module_getattr("lamina.callbacks", "keras.callbacks")
__dir__ = module_dir("lamina.callbacks", "keras.callbacks")
