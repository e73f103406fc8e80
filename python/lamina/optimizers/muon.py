"""Muon."""

from lamina import _lamina
from lamina._core import ops
from lamina._core.public import publish
from lamina.optimizers.optimizer import Optimizer


class Muon(Optimizer):
    """Orthogonal updates of matrices (Jordan et al., 2024; step size of Liu et al., 2025); AdamW for other variables,
    embeddings and excluded layers.

    Args:
        learning_rate: a number, a schedule or a callable.
        adam_beta_1: Adam's decay of the average of gradients.
        adam_beta_2: Adam's decay of the average of squared gradients.
        adam_weight_decay: the weight decay of variables that Adam updates.
        epsilon: added to Adam's root.
        exclude_layers: regular expressions of the paths of variables that Adam updates.
        exclude_embeddings: whether Adam updates embeddings.
        muon_a: the factor of x in a Newton-Schulz step.
        muon_b: the factor of x^3.
        muon_c: the factor of x^5.
        adam_lr_ratio: Adam's learning rate as a share of `learning_rate`.
        momentum: decay of the average of gradients.
        ns_steps: Newton-Schulz steps.
        nesterov: whether to look one momentum step ahead.
        rms_rate: the root mean square of updates as a share of the learning rate; None leaves them orthogonal.
    """

    _builtin = True
    _fields = (
        "adam_beta_1",
        "adam_beta_2",
        "adam_weight_decay",
        "epsilon",
        "exclude_layers",
        "exclude_embeddings",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "rms_rate",
    )

    def __init__(
        self,
        learning_rate=0.001,
        adam_beta_1=0.9,
        adam_beta_2=0.999,
        adam_weight_decay=0.004,
        epsilon=1e-07,
        weight_decay=0.004,
        clipnorm=None,
        clipvalue=None,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        name=None,
        exclude_layers=None,
        exclude_embeddings=True,
        muon_a=3.4445,
        muon_b=-4.775,
        muon_c=2.0315,
        adam_lr_ratio=1,
        momentum=0.95,
        ns_steps=5,
        nesterov=True,
        rms_rate=0.2,
        **kwargs,
    ):
        if isinstance(learning_rate, _lamina.ObjectBox):
            self._wrap_init(self, learning_rate)
            return
        given = {key: value for key, value in locals().items() if key not in ("self", "kwargs", "__class__")}
        self._builtin_init(self, "Muon", "keras.optimizers", {**given, **kwargs})

    def _should_use_adamw(self, variable):
        return _lamina.muon_uses_adam(self, variable)

    def zeropower_via_newtonschulz5(self, x, steps):
        """The nearest matrix with orthonormal rows or columns, roughly.

        Args:
            x: a tensor (..., n, m).
            steps: Newton-Schulz steps.

        Returns:
            A tensor of x's shape.
        """
        return _lamina.muon_orthogonalize(self, x, steps)

    def transpose_last_axis(self, X):
        """The matrices over the last two axes, transposed.

        Args:
            X: (..., n, m).

        Returns:
            (..., m, n)
        """
        return ops.swapaxes(X, -1, -2)

    def lr_adjust(self, x):
        """An orthogonal update times rms_rate sqrt(max(n, m)).

        Args:
            x: a tensor (n, m).

        Returns:
            A tensor of x's shape.
        """
        return _lamina.muon_adjust(self, x)


publish("lamina.optimizers", Muon)
