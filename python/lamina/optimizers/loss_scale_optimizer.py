"""LossScaleOptimizer."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina.optimizers.optimizer import Optimizer


class LossScaleOptimizer(Optimizer):
    """Scales the loss, so that float16 gradients do not underflow, and divides gradients by the scale.

    A step with an infinite or NaN gradient is skipped and halves the scale; after `dynamic_growth_steps` finite steps
    in a row it doubles.

    Args:
        inner_optimizer: the optimizer to wrap.
        initial_scale: the first scale.
        dynamic_growth_steps: finite steps until the scale doubles.
        name: defaults to "loss_scale_optimizer".

    Raises:
        ValueError: for arguments that belong to the inner optimizer.
    """

    _builtin = True
    _fields = ("initial_scale", "dynamic_growth_steps")

    def __init__(self, inner_optimizer, initial_scale=2.0**15, dynamic_growth_steps=2000, name=None, **kwargs):
        if isinstance(inner_optimizer, _lamina.ObjectBox):
            self._wrap_init(self, inner_optimizer)
            return
        self._builtin_init(
            self,
            "LossScaleOptimizer",
            "keras.optimizers",
            dict(
                inner_optimizer=inner_optimizer,
                initial_scale=initial_scale,
                dynamic_growth_steps=dynamic_growth_steps,
                name=name,
                **kwargs,
            ),
        )

    @property
    def inner_optimizer(self):
        """The optimizer that it wraps."""
        return self._wrapped()[0]

    def check_finite(self, grads):
        """Whether all elements of the gradients are finite.

        Args:
            grads: a list of tensors; None stands for no gradient.

        Returns:
            A bool tensor.
        """
        return ops.all(ops.convert_to_tensor([ops.all(ops.isfinite(g)) for g in grads if g is not None]))

    @property
    def step_counter(self):
        """The variable that counts finite steps in a row."""
        return self._scale_variables()[0]

    @property
    def dynamic_scale(self):
        """The variable of the scale."""
        return self._scale_variables()[1]

    def _scale_variables(self):
        made = _lamina.loss_scale_variables(self)
        if made is None:
            raise AttributeError(f"The loss scale of the optimizer '{self.name}' is made by build().")
        return made


publish("lamina.optimizers", LossScaleOptimizer)
