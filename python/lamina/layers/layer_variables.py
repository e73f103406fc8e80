"""What a layer owns: weights, losses, metrics, and its part of a weights' file."""

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
        """Makes a variable of this layer: add_weight(shape, initializer, dtype, ...)."""
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
            name,
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
        return self._weights()

    @property
    def trainable_weights(self):
        return self._trainable_weights()

    @property
    def non_trainable_weights(self):
        return self._non_trainable_weights()

    @property
    def variables(self):
        out, seen = [], set()
        for v in self._all_variables():  # those of metrics are not among them: metrics_variables
            if v.id not in seen:
                seen.add(v.id)
                out.append(v)
        return out

    @property
    def trainable_variables(self):
        return self._trainable_weights()

    @property
    def non_trainable_variables(self):
        trainable = {v.id for v in self._trainable_weights()}
        return [v for v in self._all_variables() if v.id not in trainable]

    def get_weights(self):
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        self._set_weights(weights)

    def add_loss(self, loss):
        scope = get_stateless_scope()
        if scope is not None and scope.collect_losses:
            for value in loss if isinstance(loss, (list, tuple)) else [loss]:
                scope.add_loss(value)
        self._add_loss(loss)

    def add_metric(self, *args, **kwargs):
        raise NotImplementedError(
            "Layer `add_metric()` is deprecated. Add your metric in `Model.compile(metrics=[...])`."
        )

    @property
    def losses(self):
        return self._losses()

    @property
    def metrics(self):
        out = list(self.__dict__.get("_own_metrics", {}).values())
        for layer in self._sublayers():
            out.extend(m for m in layer.metrics if not any(m is o for o in out))
        return out

    @property
    def metrics_variables(self):
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
        for i, v in enumerate(self._own_variables()):
            store[str(i)] = v

    def load_own_variables(self, store):
        mine = self._own_variables()
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
