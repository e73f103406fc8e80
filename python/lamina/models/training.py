"""compile(), fit(), evaluate(), predict(), and the steps that they are made of."""

import inspect

import numpy as np

from lamina import _lamina, config
from lamina._core.keywords import checked_keywords
from lamina._core.values.plain import plain
from lamina._core.values.structures import map_structure
from lamina.callbacks.callback_list import flattened
from lamina.callbacks.history import History
from lamina.models import data_sources
from lamina.models.compile_metrics import CompileMetrics
from lamina.utils.batches import unpack_x_y_sample_weight


def _current(weights):
    """Weights in which a Variable is asked for its value at each step."""
    read = lambda w: (lambda: w) if isinstance(w, _lamina.VariableCore) else w
    return map_structure(read, weights)


class Training:
    """What models have for training. `self` is a ModelCore."""

    _builtin = True

    @checked_keywords("Model")
    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
    ):
        """Chooses optimizer, losses and metrics for fit() and evaluate().

        Args:
            optimizer: a name, a config or an Optimizer.
            loss: a name, a Loss or a function of (y_true, y_pred); of several outputs a list or a dict by output.
            loss_weights: factors of several outputs' losses, as a list or a dict. A Variable counts with the value that
                it has at each step.
            metrics: names, Metrics or functions, in the structure of `loss`.
            weighted_metrics: the same, but weighted with the sample weights.
            run_eagerly: whether steps run op by op, so that a debugger can stop in them.
            steps_per_execution: how many steps run between two calls of the callbacks' methods.
            jit_compile: whether steps are compiled: True, False or "auto".
            auto_scale_loss: whether float16 gradients are scaled (a LossScaleOptimizer around the optimizer).

        Raises:
            ValueError: for names that are not known, and structures that do not match the outputs.
            TypeError: for unknown arguments.
        """
        self._compile(
            {
                "optimizer": optimizer,
                "loss": loss,
                "loss_weights": _current(plain(loss_weights)),
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "run_eagerly": bool(run_eagerly),
                "steps_per_execution": plain(steps_per_execution),
                "jit_compile": jit_compile,
                "auto_scale_loss": auto_scale_loss,
            }
        )
        self._find_metrics_of_layers()
        self.__dict__["_own_loss"] = loss  # as it was given: a train_step() of a subclass may call it

    @property
    def loss(self):
        """The loss that compile() was given, or what a subclass has set since: for its own use, training keeps
        compile()'s."""
        return self.__dict__.get("_own_loss", self._loss_argument)

    @loss.setter
    def loss(self, loss):
        self.__dict__["_own_loss"] = loss

    @property
    def optimizer(self):
        """The optimizer that compile() was given. Another one may be set, with an effect from the next step on."""
        if not self.compiled and self._optimizer is None:
            raise AttributeError(
                f"The model '{self.name}' has no optimizer: it is not compiled. Call `compile()` first."
            )
        return self._optimizer

    @optimizer.setter
    def optimizer(self, optimizer):
        self._optimizer = optimizer

    @property
    def jit_compile(self):
        """Whether steps are compiled: what compile() was given; "auto" is yes, unless the model runs eagerly."""
        return not self.run_eagerly if self._jit_compile == "auto" else self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value):
        self._jit_compile = value

    @checked_keywords("Model")
    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Trains for `epochs` passes over the data.

        Args:
            x: arrays or tensors of samples along the first axis (of several inputs a list or a dict), a PyDataset, a
                generator, or an iterable of batches.
            y: targets like x; None where x yields them.
            batch_size: samples per step; 32 by default, for arrays only.
            epochs: the number of the last epoch.
            verbose: 0 (silent), 1 (a progress bar), 2 (a line an epoch) or "auto".
            callbacks: Callbacks, in nested lists if need be.
            validation_split: the share of the samples, from the end, to validate on.
            validation_data: (x, y[, sample_weight]) or a source of batches to validate on.
            shuffle: whether samples come in another order each epoch; "batch" shuffles the samples of each batch among
                themselves, for files that are read fastest in order.
            class_weight: {class: weight of its samples}.
            sample_weight: a weight a sample, or a sample and time step.
            initial_epoch: the number of the first epoch, from 0.
            steps_per_epoch: the most steps per epoch.
            validation_steps: the most steps of a validation.
            validation_batch_size: that of training by default.
            validation_freq: validate each so many epochs, or a list of the epochs to validate after.

        Returns:
            A History: `history` has the losses and metrics of the epochs.

        Raises:
            ValueError: if compile() was not called, and for data that do not match.
        """
        _check_counts(
            batch_size=batch_size,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            initial_epoch=initial_epoch,
        )
        if not self.compiled:
            raise ValueError("You must call `compile()` before calling `fit()`.")
        _check_own_step(self, "train_step")
        if isinstance(validation_split, (str, bytes)) or not 0 <= (validation_split or 0) < 1:
            raise ValueError(
                "`validation_split` must be a number from 0 up to, but not including, 1: the share of the data to "
                f"validate on. Received: validation_split={validation_split!r}"
            )
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = data_sources.split(x, y, sample_weight, validation_split)
        source = data_sources.source(
            x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, class_weight=class_weight
        )
        validation = None
        if validation_data is not None:
            vx, vy, vw = data_sources.unpack(validation_data)
            validation = data_sources.source(vx, vy, vw, batch_size=validation_batch_size or batch_size, shuffle=False)
        options = {
            "epochs": epochs,
            "verbose": _verbose(verbose),
            "initial_epoch": initial_epoch,
            "steps_per_epoch": steps_per_epoch,
            "validation_steps": validation_steps,
            "validation_freq": validation_freq,
        }
        callbacks = flattened(callbacks)
        history = next((c for c in callbacks if isinstance(c, History)), None)
        if history is None:
            history = History()
            callbacks.append(history)
        object.__setattr__(self, "history", history)
        self._find_metrics_of_layers()
        self._fit(source, options, callbacks, validation)
        return history

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Loss and metrics on data, without training.

        Args:
            x: as in fit().
            y: as in fit().
            batch_size: samples per step; 32 by default.
            verbose: as in fit().
            sample_weight: as in fit().
            steps: the most steps.
            callbacks: as in fit().
            return_dict: whether results come by name.
            **kwargs: none.

        Returns:
            A number, a list of them (the loss first), or a dict.

        Raises:
            ValueError: if compile() was not called, and for unknown arguments.
        """
        if kwargs:
            raise ValueError(f"Arguments not recognized: {kwargs}")
        _check_counts(batch_size=batch_size, steps=steps)
        source = data_sources.source(x, y, sample_weight, batch_size=batch_size, shuffle=False)
        self._find_metrics_of_layers()
        return self._logs(self._evaluate(source, steps, _verbose(verbose), flattened(callbacks)), return_dict)

    @checked_keywords("Model")
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Outputs for data.

        Args:
            x: as in fit().
            batch_size: samples per step; 32 by default.
            verbose: as in fit().
            steps: the most steps.
            callbacks: as in fit().

        Returns:
            A NumPy array of all samples' outputs, or a structure of arrays.
        """
        _check_counts(batch_size=batch_size, steps=steps)
        source = data_sources.source(x, None, None, batch_size=batch_size, shuffle=False)
        out = self._predict(source, steps, _verbose(verbose), flattened(callbacks))
        return out if isinstance(out, np.ndarray) else map_structure(np.asarray, out)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One training step.

        Args:
            x: the inputs of a batch.
            y: its targets.
            sample_weight: a weight a sample.
            class_weight: {class: weight of its samples}.
            return_dict: whether results come by name.

        Returns:
            The loss and the metrics so far: a number, a list or a dict.
        """
        return self._logs(
            self._train_on_batch(
                data_sources.arrays(x), data_sources.arrays(y), data_sources.arrays(sample_weight), class_weight
            ),
            return_dict,
        )

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Loss and metrics on one batch, without training.

        Args:
            x: the inputs of a batch.
            y: its targets.
            sample_weight: a weight a sample.
            return_dict: whether results come by name.

        Returns:
            A number, a list or a dict.
        """
        return self._logs(
            self._test_on_batch(data_sources.arrays(x), data_sources.arrays(y), data_sources.arrays(sample_weight)),
            return_dict,
        )

    def predict_on_batch(self, x):
        """Outputs for one batch.

        Args:
            x: the inputs.

        Returns:
            A NumPy array, or a structure of arrays.
        """
        out = self._predict_on_batch(x)
        return out if isinstance(out, np.ndarray) else map_structure(np.asarray, out)

    def _logs(self, logs, return_dict):
        if return_dict:
            return logs
        values = []
        names = []
        for m in self.metrics:
            names.extend([inner.name for inner in m.metrics] if isinstance(m, CompileMetrics) else [m.name])
        for name in dict.fromkeys(names):
            if name in logs:
                values.append(logs[name])
        rest = [v for k, v in logs.items() if k not in names]
        flat = []
        for v in values + rest:
            flat.extend(v.values() if isinstance(v, dict) else [v])
        return flat[0] if len(flat) == 1 else flat

    def train_step(self, data):
        """What fit() does with a batch. Subclasses override it.

        Args:
            data: (x, y[, sample_weight]) as tensors.

        Returns:
            A dict of scalars by name: the loss and the metrics.
        """
        x, y, w = unpack_x_y_sample_weight(data)
        return self._train_step(x, y, w)

    def test_step(self, data):
        """What evaluate() does with a batch. Subclasses override it.

        Args:
            data: (x, y[, sample_weight]) as tensors.

        Returns:
            A dict of scalars by name.
        """
        x, y, w = unpack_x_y_sample_weight(data)
        return self._test_step(x, y, w)

    def predict_step(self, data):
        """What predict() does with a batch. Subclasses override it.

        Args:
            data: (x,) or what else the source gives.

        Returns:
            A tensor, or a structure of tensors.
        """
        return self._predict_step(unpack_x_y_sample_weight(data)[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss to minimize: compile()'s, and what layers have added. Subclasses override it.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: a weight a sample.
            training: whether this is a training step.

        Returns:
            A scalar tensor.
        """
        return self._compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Updates the metrics with a batch. Subclasses override it.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: a weight a sample.

        Returns:
            What get_metrics_result() gives.
        """
        return self._compute_metrics(x, y, y_pred, sample_weight)

    def get_metrics_result(self):
        """The metrics so far.

        Returns:
            A dict of scalars by name.
        """
        self._find_metrics_of_layers()
        return self._metrics_result()

    def reset_metrics(self):
        """Sets all metrics back, as at the start of an epoch."""
        self._reset_metrics()

    @property
    def metrics(self):
        """The loss' own metric, those of compile() as one (`compile_metrics`), the losses of several outputs, and those
        that are attributes of the model and of the layers within, but not of models within."""
        self._find_metrics_of_layers()
        return self._metrics()

    def _find_metrics_of_layers(self):
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, Training):
                for metric in layer.__dict__.get("_own_metrics", {}).values():
                    self._track_metric(metric)

    @property
    def metrics_names(self):
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    def get_compile_config(self):
        """The arguments of compile() as a config.

        Returns:
            A dict of plain values; empty if compile() was not called.
        """
        return self._compile_config() or {}

    def compile_from_config(self, config):
        """compile() with the arguments of get_compile_config().

        Args:
            config: a dict of them.
        """
        self._compile_from_config(config)


def _check_own_step(model, name):
    """Says it where a model's own step is written for JAX, which hands its variables round."""
    own = inspect.signature(getattr(type(model), name)).parameters
    if list(own)[1:3] == ["state", "data"]:
        raise NotImplementedError(
            f"{type(model).__name__}.{name}(self, state, data) is written for JAX, whose functions cannot look into "
            f"Lamina. Write {name}(self, data): compute the loss under a keras.GradientTape, apply its gradients with "
            "self.optimizer.apply_gradients(), update the metrics, and return a dict of their results."
        )


def _check_counts(**given):
    for name, value in given.items():
        if value is not None and not hasattr(value, "__index__"):
            raise TypeError(
                f"`{name}` must be an integer or None. Received: {name}={value!r} (of type {type(value).__name__})"
            )


def _verbose(v):
    if v == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    if isinstance(v, str):
        raise ValueError(
            f"`verbose` must be 'auto', 0 (silent), 1 (a progress bar) or 2 (a line an epoch). Received: verbose={v!r}"
        )
    return int(v)
