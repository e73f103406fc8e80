"""Keras' inner parts of models for training, made of models: what a layer becomes by inheriting from `Trainer`, and the
losses and metrics of compile() as objects. And what reads data batch by batch.
"""

import collections
import functools
import inspect

import lamina
import numpy as np
from lamina import _lamina, tree
from lamina.models import data_sources


# ---- a layer that is trained by itself ----
class Trainer:
    """Mixed into a layer: the layer's own model does what is asked of it."""

    def __init__(self):
        object.__setattr__(self, "_own_model", _model_of(self))


_METHODS = (
    *("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"),
    *("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "get_metrics_result"),
    *("reset_metrics", "get_compile_config", "compile_from_config", "stateless_compute_loss"),
    *("make_train_function", "make_test_function", "make_predict_function"),
)
_ATTRIBUTES = (
    *("optimizer", "metrics", "metrics_names", "metrics_variables", "compiled", "loss", "jit_compile", "run_eagerly"),
    *("steps_per_execution", "stop_training", "history", "train_function", "test_function", "predict_function"),
    *("_loss_tracker", "_compile_metrics"),
)


def _method(name):
    def method(self, *args, **kwargs):
        return getattr(lamina.Model, name)(self._own_model, *args, **kwargs)

    method.__name__ = name
    return method


def _attribute(name):
    return property(
        lambda self: getattr(self._own_model, name), lambda self, value: setattr(self._own_model, name, value)
    )


for _name in _METHODS:
    if hasattr(lamina.Model, _name):
        setattr(Trainer, _name, _method(_name))
for _name in _ATTRIBUTES:
    setattr(Trainer, _name, _attribute(_name))


def _model_of(layer):
    """A model that calls the layer, and the layer's own steps where it has some."""

    def override(name):
        return lambda self, *args, **kwargs: getattr(layer, name)(*args, **kwargs)

    takes_training = "training" in inspect.signature(layer.call).parameters
    own = [n for n in _METHODS if getattr(type(layer), n, None) is not getattr(Trainer, n, None)]

    def call(self, inputs, training=None):
        return self.layer(inputs, training=training) if takes_training else self.layer(inputs)

    members = {"call": call, **{name: override(name) for name in own}}
    model = type(type(layer).__name__, (lamina.Model,), members)(dtype=layer.dtype_policy)
    model.layer = layer
    return model


def _metric_of(kind):
    return property(lambda model: next((m for m in model.metrics if kind(m)), None))


lamina.Model._loss_tracker = _metric_of(lambda m: m.name == "loss")
lamina.Model._compile_metrics = _metric_of(lambda m: m.name == "compile_metrics")


# ---- what compile() makes of its arguments ----
class _Compiled:
    def __init__(self, output_names=None, **arguments):
        self.output_names, self.arguments, self.model = output_names, arguments, None

    def build(self, y_true, y_pred):
        """A model with such outputs, whose compile() gets the arguments."""
        if self.model is not None:
            return
        leaves = tree.flatten(y_pred)
        inputs = [
            lamina.Input(batch_shape=(None,) * len(np.shape(y) if isinstance(y, np.ndarray) else y.shape))
            for y in leaves
        ]
        names = self.output_names or [None] * len(leaves)
        outputs = [lamina.layers.Identity(name=name)(x) for name, x in zip(names, inputs)]
        if self.output_names:
            self.model = lamina.Model(inputs, tree.pack_sequence_as(y_pred, outputs))
        else:
            self.model = _Anything()
        self.model.compile("sgd", **self.arguments)
        zeros = lambda y: np.zeros([d or 1 for d in y.shape], getattr(y, "dtype", None))
        self.see(*(tree.map_structure(zeros, y) for y in (y_true, y_pred)))  # what is matched with the outputs, is now

    def see(self, y_true, y_pred):
        raise NotImplementedError


class _Anything(lamina.Model):
    def call(self, x):
        return x


class CompileLoss(_Compiled):
    def __init__(self, loss, loss_weights=None, reduction="sum_over_batch_size", output_names=None):
        super().__init__(output_names, loss=loss, loss_weights=loss_weights)

    def see(self, y_true, y_pred):
        self(y_true, y_pred)
        self.model.reset_metrics()

    def __call__(self, y_true, y_pred, sample_weight=None):
        self.build(y_true, y_pred)
        return self.model.compute_loss(None, *map(data_sources.arrays, (y_true, y_pred, sample_weight)))

    @property
    def metrics(self):
        return [m for m in self.model.metrics if m.name not in ("loss", "compile_metrics")]


class CompileMetrics(_Compiled):
    def __init__(self, metrics, weighted_metrics, name="compile_metrics", output_names=None):
        super().__init__(output_names, metrics=metrics, weighted_metrics=weighted_metrics)

    def see(self, y_true, y_pred):
        self.update_state(y_true, y_pred)
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.build(y_true, y_pred)
        self.model.compute_metrics(None, *map(data_sources.arrays, (y_true, y_pred, sample_weight)))

    def result(self):
        return self.model._compile_metrics.result()

    def reset_state(self):
        self.model.reset_metrics()

    @property
    def metrics(self):
        return self.model._compile_metrics.metrics


# ---- data ----
class _Seeing(lamina.Model):
    """Notes the batches that fit() hands to the training step."""

    def call(self, x):
        return x

    def train_step(self, data):
        x, y, w = lamina.utils.unpack_x_y_sample_weight(data)
        self.seen.append(x if y is None else (x, y) if w is None else (x, y, w))
        return {}


class _Adapter:
    """The batches that fit() makes of its arguments."""

    batch_size = has_partial_batch = partial_batch_size = None

    def __init__(self, *arguments, **options):
        self.arguments, self.options = arguments, options
        self.source = data_sources.source(*arguments, **options)

    @property
    def num_batches(self):
        return self.source.batches

    def get_numpy_iterator(self):
        model = _Seeing()
        model.compile(run_eagerly=True)
        seen = model.seen = collections.deque()
        x, y, w = self.arguments
        fit = functools.partial(model.fit, x, y, sample_weight=w, verbose=0, **self.options)
        fit()
        while seen:
            yield tree.map_structure(lambda v: None if v is None else np.asarray(v), seen.popleft())

    get_jax_iterator = get_numpy_iterator


class ArrayDataAdapter(_Adapter):
    def __init__(self, x, y=None, sample_weight=None, batch_size=None, steps=None, shuffle=False, class_weight=None):
        super().__init__(x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight)
        self.batch_size = batch_size or 32
        self.partial_batch_size = tree.flatten(x)[0].shape[0] % self.batch_size
        self.has_partial_batch = self.partial_batch_size > 0


class TFDatasetAdapter(_Adapter):
    def __init__(self, dataset, class_weight=None, distribution=None):
        super().__init__(dataset, None, None, class_weight=class_weight)


class GrainDatasetAdapter(_Adapter):
    def __init__(self, dataset):
        super().__init__(dataset, None, None)


class GeneratorDataAdapter(_Adapter):
    def __init__(self, generator):
        super().__init__(generator, None, None)


class PyDatasetAdapter(_Adapter):
    def __init__(self, x, class_weight=None, shuffle=False):
        super().__init__(x, None, None, class_weight=class_weight, shuffle=shuffle)
        self.dataset = x

    def on_epoch_begin(self):
        self.dataset.on_epoch_begin()

    def on_epoch_end(self):
        self.dataset.on_epoch_end()


class TorchDataLoaderAdapter(_Adapter):
    def __init__(self, dataloader):
        super().__init__(dataloader, None, None)
        self.batch_size = dataloader.batch_size
        if self.num_batches is not None and self.batch_size:
            self.partial_batch_size = len(dataloader.dataset) % self.batch_size
            self.has_partial_batch = self.partial_batch_size > 0


def class_weight_to_sample_weights(y, class_weight):
    return _lamina.class_weights_to_sample_weights(data_sources.arrays(y), class_weight)


def get_data_adapter(x, y=None, sample_weight=None, batch_size=None, shuffle=False, class_weight=None, **_):
    return data_sources.source(x, y, sample_weight, batch_size, shuffle, class_weight)
