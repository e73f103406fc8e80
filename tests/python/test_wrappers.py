"""keras.wrappers: scikit-learn's own checks of estimators, with the failures that Keras' wrappers expect, and more."""

import pickle
import subprocess
import sys
import unittest

import keras
import lamina
import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification, make_regression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

CLASSES = ("SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer")


class Dense:
    """Makes models; its name is the same in each process of a test run."""

    def __call__(self, X, y, loss="mse", activation=None, layers=(10,), library=lamina):
        x = inputs = library.Input((X.shape[1],))
        for units in layers:
            x = library.layers.Dense(units, activation="relu")(x)
        model = library.Model(inputs, library.layers.Dense(y.shape[1] if y.ndim > 1 else 1, activation=activation)(x))
        model.compile(loss=loss, optimizer="rmsprop")
        return model

    def __repr__(self):
        return "dense"


dense = Dense()
SOFTMAX = {"loss": "categorical_crossentropy", "activation": "softmax"}
NOT_REPRODUCIBLE = "assumes that two fits give the same"
# As keras/src/wrappers/sklearn_test.py has them.
EXPECTED = {
    "SKLearnClassifier": {
        "check_classifiers_regression_target": "not an issue in sklearn>=1.6",
        "check_parameters_default_constructible": "not an issue in sklearn>=1.6",
        "check_classifiers_one_label_sample_weights": "0 sample weight is not ignored",
        "check_classifiers_classes": "with few samples not all classes are predicted",
        "check_classifier_data_not_an_array": NOT_REPRODUCIBLE,
        "check_supervised_y_2d": NOT_REPRODUCIBLE,
        "check_fit_idempotent": NOT_REPRODUCIBLE,
        "check_classifiers_train": "decision_function may give probabilities",
    },
    "SKLearnRegressor": {"check_parameters_default_constructible": "not an issue in sklearn>=1.6"},
    "SKLearnTransformer": {"check_parameters_default_constructible": "not an issue in sklearn>=1.6"},
}


@parametrize_with_checks(
    [
        lamina.wrappers.SKLearnClassifier(
            dense, model_kwargs={**SOFTMAX, "layers": [20, 20, 20]}, fit_kwargs={"epochs": 5, "verbose": 0}
        ),
        # Of one output, whose softmax is 1: as Keras tests them, since scikit-learn would have two fits give the same.
        lamina.wrappers.SKLearnRegressor(dense, model_kwargs={"activation": "softmax"}, fit_kwargs={"verbose": 0}),
        lamina.wrappers.SKLearnTransformer(dense, model_kwargs={"activation": "softmax"}, fit_kwargs={"verbose": 0}),
    ],
    expected_failed_checks=lambda estimator: EXPECTED[type(estimator).__name__],
)
def test_checks_of_scikit_learn(estimator, check):
    try:
        check(estimator)
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))


def samples(kind):
    if kind == "SKLearnClassifier":
        X, y = make_classification(60, 6, n_informative=4, n_classes=3, random_state=1)
        return X.astype("float32"), np.array(["low", "middle", "high"])[y]
    X, y = make_regression(60, 6, random_state=1)
    return X.astype("float32"), (y / 100).astype("float32")


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("given", ["a function", "a model"])
def test_what_keras_gives(kind, given, engine):
    """With the same initial weights and order of samples."""
    X, y = samples(kind)
    outputs = 3 if kind == "SKLearnClassifier" else 1
    more = SOFTMAX if kind == "SKLearnClassifier" else {}
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(s).astype("float32") * 0.3 for s in ((6, 10), (10,), (10, outputs), (outputs,))]
    found = []
    for library in (keras, lamina):

        def make(X, y, library=library):
            model = dense(X, y, library=library, **more)
            model.set_weights(weights)
            return model

        model = make if given == "a function" else make(X, np.zeros((1, outputs)))
        estimator = getattr(library.wrappers, kind)(model, fit_kwargs={"epochs": 2, "shuffle": False, "verbose": 0})
        if given == "a model":  # whose weights are drawn anew in each fit
            estimator._get_model = estimator._model_for = lambda X, y, make=make: make(X, y)
        estimator.fit(X, y, batch_size=20)
        found.append((estimator.predict(X), estimator.model_.get_weights(), estimator.history_.history["loss"]))
        if kind == "SKLearnTransformer":
            np.testing.assert_array_equal(estimator.transform(X)[:, 0], estimator.predict(X))
        else:
            assert 0 <= estimator.score(X, y) <= 1 or kind == "SKLearnRegressor"
    (theirs, their_weights, their_loss), (ours, our_weights, our_loss) = found
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    if ours.dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    else:
        np.testing.assert_array_equal(ours, theirs)
    for a, b in zip(our_weights, their_weights):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(our_loss, their_loss, rtol=1e-5)


def test_a_model_is_cloned_and_stays_as_it_is():
    X, y = samples("SKLearnRegressor")
    model = dense(X, y)
    before = model.get_weights()
    arguments = {"epochs": 1, "verbose": 0}
    estimator = lamina.wrappers.SKLearnRegressor(model, fit_kwargs=arguments).fit(X, y, epochs=3)
    assert estimator.model_ is not model and estimator.epoch_ == 3
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert arguments == {"epochs": 1, "verbose": 0}  # Keras changes it


@pytest.mark.parametrize("given", ["a function", "a model"])
def test_a_warm_start_goes_on(given):
    """Which Keras documents, but does not do."""
    X, y = samples("SKLearnRegressor")
    model = dense(X, y) if given == "a model" else dense
    estimator = lamina.wrappers.SKLearnRegressor(model, warm_start=True, fit_kwargs={"verbose": 0}).fit(X, y)
    first, weights = estimator.model_, estimator.model_.get_weights()
    other = clone(estimator)
    assert estimator.fit(X, y).model_ is first and (given == "a function" or first is model)
    assert any((a != b).any() for a, b in zip(weights, first.get_weights()))
    weights = first.get_weights()
    other.fit(X, y)
    assert other.model_ is not first  # a clone has a model of its own
    for a, b in zip(weights, first.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_a_clone_keeps_all_arguments():
    estimator = lamina.wrappers.SKLearnClassifier(dense, model_kwargs=SOFTMAX, fit_kwargs={"epochs": 3})
    assert clone(estimator).get_params() == estimator.get_params()
    assert clone(estimator).epoch_ == 0


def test_in_a_pipeline_and_in_a_pickle():
    X, y = samples("SKLearnClassifier")
    estimator = lamina.wrappers.SKLearnClassifier(dense, model_kwargs=SOFTMAX, fit_kwargs={"epochs": 60, "verbose": 0})
    pipeline = make_pipeline(StandardScaler(), estimator).fit(X, y)
    assert pipeline.score(X, y) > 0.5 and set(pipeline.classes_) == {"low", "middle", "high"}
    assert pipeline.decision_function(X).shape == (60, 3)
    np.testing.assert_array_equal(pipeline.classes_[pipeline.decision_function(X).argmax(1)], pipeline.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(pipeline)).predict(X), pipeline.predict(X))


@pytest.mark.parametrize("library", [keras, lamina])
def test_mistakes(library):
    X, y = samples("SKLearnRegressor")
    wrappers = library.wrappers
    inputs = library.Input((6,))
    with pytest.raises(RuntimeError, match="needs to be compiled"):
        wrappers.SKLearnRegressor(library.Model(inputs, library.layers.Dense(1)(inputs))).fit(X, y)
    with pytest.raises(ValueError, match="Only binary and multiclass"):
        wrappers.SKLearnClassifier(dense).fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        wrappers.SKLearnClassifier(dense).fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="not fitted"):
        wrappers.SKLearnRegressor(dense).predict(X)
    with pytest.raises(RuntimeError, match="metadata routing"):
        wrappers.SKLearnRegressor(dense).set_fit_request(epochs=True)


def test_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = lamina.wrappers.SKLearnRegressor(dense).set_fit_request(sample_weight=True)
        assert estimator.get_metadata_routing().fit.requests == {"sample_weight": True}


def test_without_scikit_learn():
    program = (
        "import sys; sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "import lamina\nlamina.wrappers.SKLearnRegressor(lamina.Sequential())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "ImportError: SKLearnRegressor requires `scikit-learn` to be installed." in done.stderr, done.stderr
