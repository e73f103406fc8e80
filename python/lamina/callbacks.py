"""keras.callbacks."""
import inspect

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

    @property
    def params(self):
        return self._params() or None

    @params.setter
    def params(self, value):
        self._set_params(value)

    def set_params(self, params):
        self._set_params(params)

    def set_model(self, model):
        # Kept as well: C++ does not hold a model alive for its callbacks.
        self.__dict__["_model_set"] = model
        self._set_model(model)


def _event(name, index=None):
    """The method of an event; `index` names its first argument, if it has one beside the logs."""
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
    return method


for _phase in ("train", "test", "predict"):
    for _when in ("begin", "end"):
        setattr(Callback, f"on_{_phase}_{_when}", _event(f"on_{_phase}_{_when}"))
        setattr(Callback, f"on_{_phase}_batch_{_when}", _event(f"on_{_phase}_batch_{_when}", "batch"))
Callback.on_epoch_begin = _event("on_epoch_begin", "epoch")
Callback.on_epoch_end = _event("on_epoch_end", "epoch")
Callback.on_batch_begin = Callback.on_train_batch_begin
Callback.on_batch_end = Callback.on_train_batch_end


def _made_by(make):
    """__init__ of a class without arguments, which C++ makes; or around an object that is there."""

    def __init__(self, *args):
        if args:
            self._wrap_init(self, args[0])
        else:
            _lamina.CallbackCore.__init__(self, make())
            own(self)

    return __init__


class History(Callback):
    """Losses and metrics an epoch: `history` is a dict of lists, `epoch` the epochs' numbers."""

    _builtin = True
    __init__ = _made_by(_lamina.new_history)

    @property
    def history(self):
        return self._history()

    @property
    def epoch(self):
        return list(self._epochs())


class ProgbarLogger(Callback):
    """Prints a progress bar; fit(), evaluate() and predict() add one themselves unless verbose is 0."""

    _builtin = True
    __init__ = _made_by(_lamina.new_progbar_logger)


def _learning_rate_scheduler(self, schedule, verbose=0):
    if isinstance(schedule, _lamina.ObjectBox):
        self._wrap_init(self, schedule)
        return
    self._builtin_init(self, "LearningRateScheduler", "keras.callbacks", {"schedule": _of_epoch_and_rate(schedule), "verbose": verbose})
    self.schedule = schedule


def _of_epoch_and_rate(schedule):
    """The schedule as a function of epoch and learning rate; it may take the epoch alone."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return (lambda epoch, rate: schedule(epoch)) if callable(schedule) else schedule
    except ValueError:  # no signature to be had
        pass
    return schedule


# What classes have beyond their C++ description.
_MEMBERS = {"LearningRateScheduler": {"__init__": _learning_rate_scheduler}}

__getattr__ = module_getattr("lamina.callbacks", "keras.callbacks")
__dir__ = module_dir("lamina.callbacks", "keras.callbacks")
