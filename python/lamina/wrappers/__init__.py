"""keras.wrappers: models as estimators of scikit-learn, which must be installed to use them."""

from lamina._core.public import public_module

__getattr__, __dir__ = public_module(
    __name__,
    loaded=dict.fromkeys(
        ("SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"), "lamina.wrappers.sklearn_estimators"
    ),
)
