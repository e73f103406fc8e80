"""Models as estimators of scikit-learn."""

import numpy as np

from lamina._core.public import publish
from lamina.models.cloning import clone_model
from lamina.models.model import Model
from lamina.wrappers.targets import Columns, OneHot, kind_of

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
except ImportError:  # the classes say so when they are used
    BaseEstimator = type("BaseEstimator", (), {})
    ClassifierMixin = type("ClassifierMixin", (), {})
    RegressorMixin = type("RegressorMixin", (), {})
    TransformerMixin = type("TransformerMixin", (), {})
    _INSTALLED = False
else:
    _INSTALLED = True


class _Estimator(BaseEstimator):
    def __init__(self, model, warm_start=False, model_kwargs=None, fit_kwargs=None):
        if not _INSTALLED:
            raise ImportError(
                f"{type(self).__name__} requires `scikit-learn` to be installed. Run `pip install scikit-learn` to "
                "install it."
            )
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self):
        """For sklearn.base.clone(): an estimator that is not fitted. With `warm_start` it has a model of its own."""
        model = self.model
        if self.warm_start and isinstance(model, Model):
            model = _copy(model)
        return type(self)(model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    @property
    def epoch_(self):
        """How many epochs the last fit trained."""
        history = getattr(self, "history_", None)
        return 0 if history is None else len(history.epoch)

    def set_fit_request(self, **kwargs):
        """Says which metadata fit() asks a meta-estimator for, where scikit-learn's metadata routing is enabled.

        Args:
            **kwargs: for each name whether it is asked for: True, False, None, or the name under which it is given.

        Returns:
            The estimator.

        Raises:
            RuntimeError: where metadata routing is not enabled.
        """
        import sklearn
        from sklearn.utils.metadata_routing import MetadataRequest

        if not sklearn.get_config().get("enable_metadata_routing", False):
            raise RuntimeError(
                "This method is only available when metadata routing is enabled. You can enable it using "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        self._metadata_request = MetadataRequest(owner=type(self).__name__)
        for param, alias in kwargs.items():
            self._metadata_request.fit.add_request(param=param, alias=alias)
        return self

    def fit(self, X, y, **kwargs):
        """Fits a model to samples.

        Args:
            X: samples of shape (samples, features).
            y: targets of shape (samples,), or a column of them.
            **kwargs: arguments of the model's fit(); they precede those of `fit_kwargs`.

        Returns:
            The estimator.

        Raises:
            ValueError: for samples or targets that scikit-learn does not take.
            RuntimeError: for a model that is not compiled with a loss and an optimizer.
        """
        from sklearn.utils.validation import validate_data

        X, y = validate_data(self, X, y)
        self._targets = self._targets_for(y)
        y = self._targets.encode(y)
        model = self._model_for(X, y)
        if not model.compiled or not model.loss or not model.optimizer:
            raise RuntimeError("Given model needs to be compiled, and have a loss and an optimizer.")
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def _model_for(self, X, y):
        """With `warm_start` the given model itself, or the one that a callable made at first."""
        if isinstance(self.model, Model):
            return self.model if self.warm_start else clone_model(self.model)
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        return self.model(X=X, y=y, **(self.model_kwargs or {}))

    def _targets_for(self, y):
        kind_of(y)
        return Columns(y)

    def _outputs(self, X):
        """What the model gives for samples of any kind that scikit-learn takes."""
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        return self.model_.predict(validate_data(self, X, reset=False))

    def predict(self, X):
        """Predicts the targets of samples.

        Args:
            X: samples of shape (samples, features).

        Returns:
            An array of as many axes as the targets of fit().

        Raises:
            NotFittedError: before fit(): a ValueError of scikit-learn.
            ValueError: for samples with other features than those of fit().
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs)


def _copy(model):
    """A model of the same architecture, weights and compilation."""
    copy = clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


_ARGUMENTS = """

    Args:
        model: a compiled model, which is cloned before it is fitted; or a function of the keyword arguments X, y and
            those of `model_kwargs` that makes one.
        warm_start: whether fit() goes on with the weights of the fit before, on the given model itself.
        model_kwargs: further arguments of `model`, if it is a function.
        fit_kwargs: arguments of the model's fit().

    Attributes:
        model_: the fitted model.
        history_: the History of the fit.
"""


class SKLearnClassifier(ClassifierMixin, _Estimator):
    def decision_function(self, X):
        """What the model gives for samples, before a class is chosen.

        Args:
            X: samples of shape (samples, features).

        Returns:
            An array of shape (samples, classes).

        Raises:
            NotFittedError: before fit(): a ValueError of scikit-learn.
            ValueError: for samples with other features than those of fit().
        """
        return self._outputs(X)

    def _targets_for(self, y):
        kind = kind_of(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(f"Only binary and multiclass target types are supported. Target type: {kind}")
        self.classes_ = np.unique(y)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return OneHot(y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags


class SKLearnRegressor(RegressorMixin, _Estimator):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class SKLearnTransformer(TransformerMixin, _Estimator):
    def transform(self, X):
        """What the model gives for samples.

        Args:
            X: samples of shape (samples, features).

        Returns:
            An array of shape (samples, outputs).

        Raises:
            NotFittedError: before fit(): a ValueError of scikit-learn.
            ValueError: for samples with other features than those of fit().
        """
        return self._outputs(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


SKLearnClassifier.__doc__ = f"""A model as a classifier of scikit-learn.{_ARGUMENTS}        classes_: the classes.
"""
SKLearnRegressor.__doc__ = f"""A model as a regressor of scikit-learn.{_ARGUMENTS}"""
SKLearnTransformer.__doc__ = f"""A model as a transformer of scikit-learn, a step of a pipeline.{_ARGUMENTS}"""

publish("lamina.wrappers", SKLearnClassifier, SKLearnRegressor, SKLearnTransformer)
