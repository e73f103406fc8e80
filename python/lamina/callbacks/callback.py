"""Callback: the base of all callbacks, and how C++ calls a user's methods."""

import numpy as np

from lamina import _lamina
from lamina._core.configurable import Light
from lamina._core.public import publish


class Callback(Light, _lamina.CallbackCore):
    """Base class: override the on_... methods that matter. `self.model` is the model in training, `self.params` its
    settings."""

    _builtin = True
    _core = _lamina.CallbackCore

    @property
    def model(self):
        """The model in training."""
        return self._model

    @model.setter
    def model(self, model):
        self.set_model(model)

    @property
    def _model(self):  # which a set_model() of a subclass may set by itself, as Keras' does
        return self.__dict__.get("_model_set") or _lamina.CallbackCore._model(self)

    @_model.setter
    def _model(self, model):
        # Kept as well: C++ does not hold a model alive for its callbacks.
        self.__dict__["_model_set"] = model
        self._set_model(model)

    @property
    def params(self):
        """What fit() was called with: verbose, epochs, steps."""
        return self._params() or None

    @params.setter
    def params(self, value):
        self._set_params(value)

    def __reduce__(self):
        """A user's callback is pickled and copied with its attributes, without the model."""
        if "_builtin" in type(self).__dict__ or any(
            "_builtin" in k.__dict__ for k in type(self).__mro__[:-1] if "_fields" in k.__dict__
        ):
            return super().__reduce__()
        return _restored, (
            type(self),
            {k: v for k, v in self.__dict__.items() if k not in ("_anchor", "_attached", "_model_set")},
        )

    def set_params(self, params):
        """Called before training.

        Args:
            params: what becomes `params`.
        """
        self._set_params(params)

    def set_model(self, model):
        """Called before training.

        Args:
            model: what becomes `model`.
        """
        self._model = model


def _restored(cls, attributes):
    """For pickle."""
    self = cls.__new__(cls)
    Light.__init__(self)
    self.__dict__.update(attributes)
    return self


def _event_doc(name, index):
    *_, what, when = name.split("_")
    moment = "before" if when == "begin" else "after"
    place = name.removeprefix("on_").removesuffix(f"_{when}").removesuffix("_batch")
    during = {"train": "training", "test": "evaluation", "predict": "prediction"}
    event = f"each batch of {during[place]}" if index == "batch" else "each epoch" if index else during[what]
    lines = [f"Called {moment} {event}. Subclasses override it.", "", "Args:"]
    if index:
        lines.append(f"    {index}: its number, from 0.")
    known = "losses and metrics so far" if when == "begin" else "losses and metrics"
    return "\n".join([*lines, f"    logs: {known} by name; what it changes others see."])


def _event(name, index=None):
    """The method of an event; `index` names its first argument, if it has one beside the logs. And the hook by which
    C++ calls a user's method in its place: the dict of logs that it may have changed goes back."""
    if index == "epoch":

        def method(self, epoch, logs=None):
            self._event(name, epoch, logs)
    elif index == "batch":

        def method(self, batch, logs=None):
            self._event(name, batch, logs)
    else:

        def method(self, logs=None):
            self._event(name, logs)

    method.__name__, method.__qualname__ = name, f"Callback.{name}"
    method.__doc__ = _event_doc(name, index)

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
    setattr(
        Callback,
        f"_hook_on_batch_{_when}",
        lambda self, *args, _name=f"on_batch_{_when}": (
            getattr(self, _name)(*args),
            {k: _plain(v) for k, v in args[-1].items()},
        )[1],
    )


publish("lamina.callbacks", Callback, _restored)
