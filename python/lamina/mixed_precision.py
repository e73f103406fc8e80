"""keras.mixed_precision: dtype policies and loss scaling under their older names."""
from lamina.config import dtype_policy, set_dtype_policy  # noqa: F401
from lamina.dtype_policies import DTypePolicy  # noqa: F401
from lamina.optimizers import LossScaleOptimizer  # noqa: F401

global_policy = dtype_policy
set_global_policy = set_dtype_policy
Policy = DTypePolicy
