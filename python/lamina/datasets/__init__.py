"""keras.datasets: small datasets for first steps, downloaded once into Keras' cache (~/.keras/datasets)."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    modules=(
        "boston_housing",
        "california_housing",
        "cifar10",
        "cifar100",
        "fashion_mnist",
        "imdb",
        "mnist",
        "reuters",
    ),
)
