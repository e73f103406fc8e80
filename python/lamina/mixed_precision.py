"""keras.mixed_precision: dtype policies and loss scaling under their older names."""

from lamina._core.public import public_module
from lamina.config import dtype_policy, set_dtype_policy
from lamina.dtype_policies import DTypePolicy

global_policy = dtype_policy
set_global_policy = set_dtype_policy
Policy = DTypePolicy

__getattr__, __dir__ = public_module(
    __name__,
    defined=("DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"),
    loaded={"LossScaleOptimizer": "lamina.optimizers.loss_scale_optimizer"},
)
