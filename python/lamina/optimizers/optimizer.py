"""Optimizer: the base of all optimizers."""

import warnings

from lamina import _lamina
from lamina._core.configs.registration import CustomObjectScope
from lamina._core.configurable import Configurable
from lamina._core.keywords import unknown_keyword_is_value_error
from lamina._core.public import publish
from lamina._core.stateless import StatelessScope
from lamina._core.tensors.variable import Variable
from lamina._core.user_classes import own, user_part
from lamina._core.values.plain import plain


class Optimizer(Configurable, _lamina.OptimizerCore):
    """Base class: override build(variables) for slots and update_step(gradient, variable, learning_rate).

    Args:
        learning_rate: a number, a LearningRateSchedule, or a callable without arguments.
        weight_decay: share of a variable, times the learning rate, taken off before each update.
        clipnorm: the largest norm of each gradient. At most one of the three limits may be set.
        clipvalue: the largest absolute value of gradients' elements.
        global_clipnorm: the largest norm of all gradients together.
        use_ema: keep an exponential moving average of the variables, which replaces them at the end of training.
        ema_momentum: the share of the old average in the new.
        ema_overwrite_frequency: replace the variables by their averages every so many steps.
        loss_scale_factor: the loss is multiplied and gradients are divided by it.
        gradient_accumulation_steps: update once in so many steps, with the mean of their gradients.
        name: defaults to the class's name.
        **kwargs: none.

    Raises:
        ValueError: for values out of range, and for unknown arguments.
    """

    _builtin = True
    _core = _lamina.OptimizerCore

    def __init__(
        self,
        learning_rate,
        weight_decay=None,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        **kwargs,
    ):
        if kwargs.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=2)
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        config = {
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
            "use_ema": use_ema,
            "ema_momentum": ema_momentum,
            "ema_overwrite_frequency": ema_overwrite_frequency,
            "loss_scale_factor": loss_scale_factor,
            "gradient_accumulation_steps": gradient_accumulation_steps,
            "name": name or _lamina.auto_name(_lamina.snake_case(type(self).__name__)),
        }
        _lamina.OptimizerCore.__init__(self, None, plain(config))
        self._own()

    @classmethod
    def _builtin_init(cls, self, name, module, config):
        if config.pop("decay", None) is not None:
            warnings.warn("Argument `decay` is no longer supported and will be ignored.", stacklevel=2)
        unknown_keyword_is_value_error(cls._core.__init__, name, self, name, plain(config))
        self._own()

    def _own(self):
        own(self)
        overridden = (user_part(type(self)) or ((), (), (), ()))[3]
        self._override("build" in overridden, "update_step" in overridden)

    def __setattr__(self, name, value):
        """The class's arguments are set in C++, where they have their effect at the next step."""
        if (
            name in getattr(type(self), "_fields", ())
            and "_anchor" in self.__dict__
            and not isinstance(getattr(type(self), name, None), property)
        ):
            self._set_argument(name, value)
        else:
            super().__setattr__(name, value)

    def build(self, variables=None, var_list=None):
        """Makes the slots of these variables; apply() does so at its first call.

        Args:
            variables: the variables to train.
            var_list: the same by the name that some optimizers of Keras give it.

        Raises:
            TypeError: if neither is given, or both are.
        """
        if (variables is None) == (var_list is None):
            raise TypeError("build() of an optimizer takes the list of variables, as `variables` or as `var_list`.")
        self._build(list(var_list if variables is None else variables))

    def apply(self, grads, trainable_variables=None):
        """One step.

        Args:
            grads: a gradient of each variable's shape, None where there is none.
            trainable_variables: the variables; by default those given to build().

        Raises:
            ValueError: if there is no gradient at all, or a variable was not given to build().
        """
        self._apply(list(grads), None if trainable_variables is None else list(trainable_variables))

    def apply_gradients(self, grads_and_vars):
        """One step, with gradients and variables in pairs.

        Args:
            grads_and_vars: (gradient, variable) pairs.

        Returns:
            The variable that counts steps.
        """
        grads, variables = zip(*grads_and_vars)
        self.apply(list(grads), list(variables))
        return self._iterations

    def update_step(self, gradient, variable, learning_rate):
        """Updates one variable and its slots. Subclasses override it.

        Args:
            gradient: a tensor of the variable's shape and dtype.
            variable: the variable.
            learning_rate: a scalar tensor of the variable's dtype.
        """
        self._update_step(gradient, variable, learning_rate)

    def scale_loss(self, loss):
        """The loss to differentiate.

        Args:
            loss: a scalar tensor.

        Returns:
            The loss, times the loss scale if there is one.
        """
        return self._scale_loss(loss)

    def finalize_variable_values(self, var_list):
        """At the end of training: moving averages, if kept, replace the variables.

        Args:
            var_list: the variables.
        """
        self._finalize(var_list)

    def add_variable(self, shape, initializer="zeros", dtype=None, aggregation="none", layout=None, name=None):
        """Makes a variable of the optimizer's state.

        Args:
            shape: a tuple of ints.
            initializer: a name, a config, an object or a function.
            dtype: floatx by default.
            aggregation: how replicas' values would be joined.
            layout: as in Keras, for its distribution over devices.
            name: made by default.

        Returns:
            A Variable.
        """
        v = Variable(initializer, shape=shape, dtype=dtype, trainable=False, name=name)
        self._track_variable(v)
        return v

    def add_variable_from_reference(self, reference_variable, name=None, initializer="zeros"):
        """Makes a variable with the shape and dtype of another: a slot.

        Args:
            reference_variable: the other.
            name: the slot's name, behind the other's path.
            initializer: a name, a config, an object or a function.

        Returns:
            A Variable.
        """
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.stored_dtype,
            name=(reference_variable.path.replace("/", "_") + "_" + (name or "var")),
        )

    def add_optimizer_variables(self, trainable_variables, name, initializer="zeros"):
        """One slot a variable (None for those that their gradient overwrites).

        Args:
            trainable_variables: the variables.
            name: the slots' name; several names make several lists.
            initializer: one for all, or one per name.

        Returns:
            A list of Variables; with several names a tuple of such lists.

        Raises:
            ValueError: if there are not as many initializers as names.
        """
        names = [name] if isinstance(name, str) else list(name)
        one = isinstance(name, str) or isinstance(initializer, (str, _lamina.InitializerCore))
        initializers = [initializer] * len(names) if one else list(initializer)
        if len(names) != len(initializers):
            raise ValueError(
                "The number of provided names must match the number of provided initializers.  Received "
                f"name='{name}', initializer='{initializer}'"
            )
        out = tuple([] for _ in names)
        for v in trainable_variables:
            for slots, n, i in zip(out, names, initializers):
                slots.append(
                    None if self._overwrite_variable_with_gradient(v) else self.add_variable_from_reference(v, n, i)
                )
        return out[0] if isinstance(name, str) else out

    def assign(self, variable, value):
        """Puts a value in a variable's place.

        Args:
            variable: the variable.
            value: of its shape.
        """
        variable.assign(value)

    def assign_add(self, variable, value):
        """Adds to a variable.

        Args:
            variable: the variable.
            value: of its shape.
        """
        variable.assign_add(value)

    def assign_sub(self, variable, value):
        """Takes from a variable.

        Args:
            variable: the variable.
            value: of its shape.
        """
        variable.assign_sub(value)

    @property
    def learning_rate(self):
        """The learning rate's variable; with a schedule its current value."""
        return self._learning_rate_value()

    @learning_rate.setter
    def learning_rate(self, value):
        self._set_learning_rate(value)

    @property
    def iterations(self):
        """Updates made: a variable, or with accumulated gradients a tensor."""
        steps = self.gradient_accumulation_steps
        return self._iterations // steps if steps else self._iterations

    @property
    def variables(self):
        """The optimizer's state: iterations, learning rate, slots."""
        return self._variables()

    def _pickled_variables(self):
        return self.variables

    # What subclasses and callbacks reach for.
    _iterations = property(lambda self: self._iterations_variable())
    _trainable_variables = property(lambda self: self._trainables())
    _model_variables_moving_average = property(lambda self: self._averages())
    _accumulated_gradients = property(lambda self: self._accumulators())

    def _get_variable_index(self, variable):
        return self._index_of(variable)

    def _var_key(self, variable):
        return hash(variable)  # of the variable, whichever Python object stands for it

    def _overwrite_variable_with_gradient(self, variable):
        return getattr(variable, "overwrite_with_gradient", False)

    def _clip_gradients(self, grads):
        kept = iter(self._clip([g for g in grads if g is not None]))
        return [None if g is None else next(kept) for g in grads]

    def _apply_weight_decay(self, variables):
        self._decay(list(variables))

    def _use_weight_decay(self, variable):
        return self._decays(variable)

    def set_weights(self, weights):
        """Assigns values to `variables`.

        Args:
            weights: arrays of their shapes, in their order.

        Raises:
            ValueError: if the optimizer is not built, or a shape differs.
        """
        if not self.built:
            raise ValueError(
                "You are calling `set_weights()` on an optimizer that has not yet been built. Please call "
                "`optimizer.build(trainable_variables)` to create the optimizer weights "
                "before calling `set_weights()`."
            )
        for v, w in zip(self.variables, weights):
            if tuple(v.shape) != tuple(w.shape):
                raise ValueError(
                    f"Optimizer variable {v.path} has shape {tuple(v.shape)} not compatible with provided weight "
                    f"shape {tuple(w.shape)}."
                )
            v.assign(w)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """An optimizer from get_config().

        Args:
            config: a dict of the constructor's arguments.
            custom_objects: {name: class or function} that the config may name.
        """
        with CustomObjectScope(custom_objects):
            return cls(**config)

    def save_own_variables(self, store):
        """Writes `variables` for a model's file.

        Args:
            store: a dict of arrays by name, which goes to the file.
        """
        for i, v in enumerate(self.variables):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store):
        """Reads what save_own_variables() wrote; warns and changes nothing if there are more or fewer variables.

        Args:
            store: a dict of arrays by name.
        """
        if len(store.keys()) != len(self.variables):
            unbuilt = "" if self.variables else "This is likely because the optimizer has not been called/built yet."
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(self.variables)} "
                f"variables whereas the saved optimizer has {len(store.keys())} "
                f"variables. {unbuilt}",
                stacklevel=2,
            )
            return
        for i, v in enumerate(self.variables):
            v.assign(store[str(i)])

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """apply() with these values in place of the variables'.

        Args:
            optimizer_variables: a value for each of `variables`.
            grads: a gradient for each trainable variable.
            trainable_variables: a value for each variable that was given to build().

        Returns:
            (new values of the trainable variables, new values of the optimizer's).

        Raises:
            ValueError: if the optimizer is not built, or there are more or fewer values than variables.
        """
        if not self.built:
            raise ValueError(
                f"To call `stateless_apply`, {type(self).__name__} must be built (i.e. its variables must have been "
                "created). You can build it via `optimizer.build(trainable_variables)`."
            )
        own_vars = self.variables
        trainables = self._trainables()
        if len(optimizer_variables) != len(own_vars):
            raise ValueError(
                "Argument `optimizer_variables` must be a list of tensors corresponding 1:1 to "
                f"{type(self).__name__}().variables. Received list with length {len(optimizer_variables)}, but "
                f"expected {len(own_vars)} variables."
            )
        if len(trainable_variables) != len(trainables):
            raise ValueError(
                "Argument `optimizer_variables` must be a list of tensors corresponding 1:1 to the trainable "
                "variables list that the optimizer was built with. Received "
                f"len(trainable_variables) == {len(trainable_variables)} whereas the optimizer was built with "
                f"{len(trainables)} variables."
            )
        with StatelessScope(
            state_mapping=list(zip(trainables, trainable_variables)) + list(zip(own_vars, optimizer_variables))
        ) as scope:
            self.apply(grads)
        return [scope.get_current_value(v) for v in trainables], [scope.get_current_value(v) for v in own_vars]


def _argument_property(name, doc):
    return property(
        lambda self: self._argument(name), lambda self, value: self._set_argument(name, plain(value)), doc=doc
    )


for _name, _doc in {
    "weight_decay": "The share of a variable, times the learning rate, taken off before each update, or None.",
    "clipnorm": "The largest norm of each gradient, or None.",
    "clipvalue": "The largest absolute value of gradients' elements, or None.",
    "global_clipnorm": "The largest norm of all gradients together, or None.",
    "use_ema": "Whether moving averages of the variables are kept.",
    "ema_momentum": "The share of the old average in the new.",
    "ema_overwrite_frequency": "After how many steps averages replace the variables, or None.",
    "loss_scale_factor": "What the loss is multiplied and gradients are divided by, or None.",
    "gradient_accumulation_steps": "How many steps' gradients make one update, or None.",
}.items():
    setattr(Optimizer, _name, _argument_property(_name, _doc))

Optimizer._kind = Optimizer
publish("lamina.optimizers", Optimizer)
