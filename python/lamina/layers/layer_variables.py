"""What a layer owns: weights, losses, metrics, and its part of a weights' file."""

from lamina import _lamina
from lamina._core.stateless import get_stateless_scope


class LayerVariables:
    """Weights, losses and metrics. `self` is a LayerCore."""

    _builtin = True

    def add_weight(
        self,
        *args,
        trainable=True,
        autocast=True,
        regularizer=None,
        constraint=None,
        aggregation="none",
        overwrite_with_gradient=False,
        name=None,
        **kwargs,
    ):
        """Makes a variable of this layer: add_weight(shape, initializer, dtype, ...).

        Args:
            *args: shape, initializer and dtype by position.
            trainable: whether optimizers update it.
            autocast: whether a layer of mixed precision reads it in its compute dtype.
            regularizer: a penalty on it, which is added to the model's loss.
            constraint: a function of its value, applied after each update.
            aggregation: how replicas' values would be joined: "none", "mean", "sum" or "only_first_replica".
            overwrite_with_gradient: whether an update puts the gradient in its place.
            name: without "/".
            **kwargs: shape (a tuple of ints, () by default), initializer (a name, a config, an object or a function; by
                the dtype by default) and dtype (of the layer's policy by default) by name.

        Returns:
            A Variable.

        Raises:
            ValueError: for a name with "/", a name in the shape's place, or an argument that is given twice.
            TypeError: for unknown arguments.
        """
        if args and isinstance(args[0], str):
            raise ValueError(
                "The first argument of `add_weight()` is `shape`. To name the weight, pass `name` as a keyword "
                f"argument: add_weight(name='{args[0]}', ...)."
            )
        if len(args) > 3:
            raise TypeError(
                f"add_weight() takes at most 3 positional arguments (shape, initializer, dtype), received {len(args)}."
            )
        for key, value in zip(("shape", "initializer", "dtype"), args):
            if key in kwargs:
                raise ValueError(
                    f"In layer '{self.name}', `{key}` was passed both positionally and as a keyword argument to "
                    "`add_weight()`."
                )
            kwargs[key] = value
        shape, initializer, dtype = (
            kwargs.pop("shape", None),
            kwargs.pop("initializer", None),
            kwargs.pop("dtype", None),
        )
        if kwargs:
            raise TypeError(f"add_weight() got unexpected keyword arguments {sorted(kwargs)}.")
        if name is not None and "/" in name:
            raise ValueError(f"Argument `name` must not contain '/'. Received: name={name}")
        return self._add_weight(
            _lamina.auto_name("variable") if name is None else name,
            shape,
            initializer,
            None if dtype is None else dtype,
            trainable,
            autocast,
            regularizer,
            constraint,
            aggregation or "none",
            overwrite_with_gradient,
        )

    def add_variable(
        self,
        shape,
        initializer,
        dtype=None,
        trainable=True,
        autocast=True,
        regularizer=None,
        constraint=None,
        name=None,
    ):
        """add_weight() with the shape and the initializer in their places.

        Args:
            shape: a tuple of ints.
            initializer: a name, a config, an object or a function.
            dtype: of the layer's policy by default.
            trainable: whether optimizers update it.
            autocast: whether a layer of mixed precision reads it in its compute dtype.
            regularizer: a penalty on it.
            constraint: a function of its value, applied after each update.
            name: without "/".

        Returns:
            A Variable.
        """
        return self.add_weight(
            shape=shape,
            initializer=initializer,
            dtype=dtype,
            trainable=trainable,
            autocast=autocast,
            regularizer=regularizer,
            constraint=constraint,
            name=name,
        )

    @property
    def weights(self):
        """The variables of this layer and those inside it, without seeds' and metrics' state."""
        return self._weights()

    @property
    def trainable_weights(self):
        """The weights that optimizers update; none if the layer is not trainable."""
        return self._trainable_weights()

    @property
    def non_trainable_weights(self):
        """The weights that optimizers leave alone."""
        return self._non_trainable_weights()

    @property
    def variables(self):
        """All variables of this layer and those inside it, seeds' state too, each once."""
        out, seen = [], set()
        for v in self._all_variables():  # those of metrics are not among them: metrics_variables
            if v.id not in seen:
                seen.add(v.id)
                out.append(v)
        return out

    @property
    def trainable_variables(self):
        """The variables that optimizers update; none if the layer is not trainable."""
        return self._trainable_weights()

    @property
    def non_trainable_variables(self):
        """The variables that optimizers leave alone, seeds' state too."""
        trainable = {v.id for v in self._trainable_weights()}
        return [v for v in self._all_variables() if v.id not in trainable]

    def get_weights(self):
        """The values of `weights`.

        Returns:
            A list of NumPy arrays.
        """
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        """Assigns values to `weights`.

        Args:
            weights: arrays in the order and with the shapes of get_weights().

        Raises:
            ValueError: if there are more or fewer, or one has another shape.
        """
        self._set_weights(weights)

    def add_loss(self, loss):
        """Adds to what is minimized beside the model's own loss.

        Args:
            loss: a scalar tensor, or a list of them.
        """
        scope = get_stateless_scope()
        if scope is not None and scope.collect_losses:
            for value in loss if isinstance(loss, (list, tuple)) else [loss]:
                scope.add_loss(value)
        self._add_loss(loss)

    def add_metric(self, *args, **kwargs):
        """Not available, as in Keras 3.

        Args:
            *args: not looked at.
            **kwargs: not looked at.

        Raises:
            NotImplementedError: always; metrics are given to compile().
        """
        raise NotImplementedError(
            "Layer `add_metric()` is deprecated. Add your metric in `Model.compile(metrics=[...])`."
        )

    @property
    def losses(self):
        """What add_loss() and regularizers have added in this layer and those inside it: scalar tensors."""
        return self._losses()

    @property
    def metrics(self):
        """The metrics that are attributes of this layer or of those inside it."""
        out = list(self.__dict__.get("_own_metrics", {}).values())
        for layer in self._sublayers():
            out.extend(m for m in layer.metrics if not any(m is o for o in out))
        return out

    @property
    def metrics_variables(self):
        """The variables of `metrics`."""
        return [v for m in self.metrics for v in m.variables]

    @property
    def _layers(self):
        return self._sublayers()

    @property
    def _seed_generators(self):
        return self._seeds()

    def _flatten_layers(self, include_self=True, recursive=True):
        return self._flatten(include_self, recursive)

    def save_own_variables(self, store):
        """Writes this layer's own variables, without those of layers inside it. Subclasses may write others.

        Args:
            store: a dict of arrays by name, which goes to the file.
        """
        values = self._stored_values() if getattr(self, "lora_enabled", False) else self._own_variables()
        for i, v in enumerate(values):
            store[str(i)] = v

    def load_own_variables(self, store):
        """Reads what save_own_variables() wrote.

        Args:
            store: a dict of arrays by name.

        Raises:
            ValueError: if there are not as many as the layer has variables.
        """
        mine = self._stored_variables()
        if len(store.keys()) != len(mine):
            if len(mine) == 0 and not self.built:
                raise ValueError(
                    f"Layer '{self.name}' was never built and thus it doesn't have any variables. However the "
                    f"weights file lists {len(store.keys())} variables for this layer."
                )
            raise ValueError(
                f"Layer '{self.name}' expected {len(mine)} variables, but received {len(store.keys())} variables "
                f"during loading. Expected: {[v.name for v in mine]}"
            )
        for i, v in enumerate(mine):
            v.assign(store[str(i)])
        self._clear_lora()
