"""keras.callbacks."""
from lamina import _lamina
from lamina._kinds import Configurable
from lamina._wrap import get_class, module_dir, own


class Callback(Configurable, _lamina.CallbackCore):
    """Base class: override the on_... methods that matter. `self.model` is the model in training, `self.params` its settings."""

    _builtin = True
    _core = _lamina.CallbackCore

    def __init__(self):
        _lamina.CallbackCore.__init__(self, None, {})
        own(self)
        self.params = None
        self._model = None

    @property
    def model(self):
        return self._model

    def set_params(self, params):
        self.params = params

    def set_model(self, model):
        self._model = model

    def _hook_set_model(self, model):
        self.set_model(model)


def _forward(name):
    core = getattr(_lamina.CallbackCore, "_" + name, None)

    def with_index(self, index, logs=None):
        if core is not None and "_builtin" in type(self).__dict__:
            core(self, index, logs)

    def without_index(self, logs=None):
        if core is not None and "_builtin" in type(self).__dict__:
            core(self, logs)

    f = without_index if name.endswith(("train_begin", "train_end", "test_begin", "test_end", "predict_begin", "predict_end")) else with_index
    f.__name__ = name
    return f


for _name in ("on_train_begin", "on_train_end", "on_test_begin", "on_test_end", "on_predict_begin", "on_predict_end", "on_epoch_begin", "on_epoch_end",
              "on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end"):
    setattr(Callback, _name, _forward(_name))
Callback.on_batch_begin = Callback.on_train_batch_begin
Callback.on_batch_end = Callback.on_train_batch_end


class History(Callback):
    """Losses and metrics an epoch: `history` is a dict of lists, `epoch` the epochs' numbers."""

    _builtin = True

    def __init__(self, *args):
        if args:
            self._wrap_init(self, args[0])
        else:
            _lamina.CallbackCore.__init__(self, _lamina.new_history())
            own(self)

    @property
    def history(self):
        return self._history()

    @property
    def epoch(self):
        return list(self._epochs())


class LambdaCallback(Callback):
    """Calls the given functions: on_epoch_begin(epoch, logs), on_train_batch_end(batch, logs), ..."""

    def __init__(self, on_epoch_begin=None, on_epoch_end=None, on_train_begin=None, on_train_end=None, on_train_batch_begin=None, on_train_batch_end=None, **kwargs):
        super().__init__()
        given = dict(on_epoch_begin=on_epoch_begin, on_epoch_end=on_epoch_end, on_train_begin=on_train_begin, on_train_end=on_train_end,
                     on_train_batch_begin=on_train_batch_begin, on_train_batch_end=on_train_batch_end, **kwargs)
        for name, f in given.items():
            if f is not None:
                setattr(self, name, f)

    def on_epoch_begin(self, epoch, logs=None):
        pass

    def on_epoch_end(self, epoch, logs=None):
        pass

    def on_train_begin(self, logs=None):
        pass

    def on_train_end(self, logs=None):
        pass

    def on_train_batch_begin(self, batch, logs=None):
        pass

    def on_train_batch_end(self, batch, logs=None):
        pass


def __getattr__(name):
    if not name.startswith("_"):
        cls = get_class(name, "keras.callbacks")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.callbacks' has no attribute {name!r}")


__dir__ = module_dir("lamina.callbacks", "keras.callbacks")
