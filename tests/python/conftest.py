import os
import sys

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Keras on JAX is what results are compared with: hardly anything runs twice there: optimising it takes longer.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


@pytest.fixture(autouse=True)
def seeded():
    """Every test draws the same initial weights and data in every run: what fails once fails again."""
    import lamina

    lamina.utils.set_random_seed(2027)
    if keras := sys.modules.get("keras"):
        keras.utils.set_random_seed(2027)


@pytest.fixture(params=["graph", "eager"])
def engine(request):
    import lamina

    before = lamina.config.engine()
    lamina.config.set_engine(request.param)
    yield request.param
    lamina.config.set_engine(before)
