"""lamina.data: pipelines of data, in C++, with the methods that tutorials call on tf.data.Dataset."""

from lamina._core.public import public_module

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

__getattr__, __dir__ = public_module(
    __name__,
    defined=("AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY"),
    loaded={"Dataset": "lamina.data.dataset", "TensorSpec": "lamina.data.dataset"},
)
