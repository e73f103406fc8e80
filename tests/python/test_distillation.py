"""keras.distillation against Keras, on both engines."""

import lamina as keras
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
Y = (X.sum(1) > 0).astype("int32")


def models(library, outputs=3):
    def make(name, width):
        layers = library.layers
        return library.Sequential(
            [library.Input((4,)), layers.Dense(width, activation="relu", name="hidden"), layers.Dense(outputs)],
            name=name,
        )

    return make("teacher", 8), make("student", 8)


def copied(models, weights=None):
    for i, model in enumerate(models):
        generator = np.random.default_rng(i)
        model.set_weights([generator.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    return models


def losses(library, which):
    d = library.distillation
    kinds = {
        "logits": lambda: d.LogitsDistillation(temperature=2.0, loss=library.losses.KLDivergence()),
        "named": lambda: d.LogitsDistillation(loss="mse"),
        "features": lambda: d.FeatureDistillation("mse", "hidden", "hidden"),
        "outputs": lambda: d.FeatureDistillation("mae"),
    }
    made = [kinds[w]() for w in which.split("+")]
    return made[0] if len(made) == 1 else made


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("which, weights", [("logits", None), ("named+features", [1.0, 0.3]), ("outputs+logits", None)])
def test_trains_as_keras(which, weights, eagerly):
    import keras as real

    histories, results = [], []
    for library in (keras, real):
        teacher, student = copied(models(library))
        distiller = library.distillation.Distiller(
            teacher, student, losses(library, which), weights, student_loss_weight=0.4
        )
        options = {"run_eagerly": eagerly} if library is keras else {}
        loss = library.losses.SparseCategoricalCrossentropy(from_logits=True)
        distiller.compile(library.optimizers.SGD(0.1), loss, metrics=["accuracy"], **options)
        before = [w.copy() for w in teacher.get_weights()]
        histories.append(distiller.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history)
        results.append([np.array(w) for w in student.get_weights()])
        for a, b in zip(teacher.get_weights(), before):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(distiller.predict(X, verbose=0), student.predict(X, verbose=0), rtol=1e-6)
    assert set(histories[0]) == set(histories[1])
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=2e-5, err_msg=name)
    for a, b in zip(*results):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6)


def test_is_saved_with_both_models(tmp_path):
    teacher, student = copied(models(keras))
    distiller = keras.distillation.Distiller(teacher, student, losses(keras, "named+features"), [1.0, 0.5])
    distiller.compile("sgd", "mse")
    again = keras.distillation.Distiller.from_config(distiller.get_config())
    assert again.distillation_loss_weights == [1.0, 0.5]
    assert [type(loss).__name__ for loss in again.distillation_losses] == ["LogitsDistillation", "FeatureDistillation"]
    assert again.distillation_losses[1].get_config() == distiller.distillation_losses[1].get_config()
    assert again.student.get_config() == student.get_config()
    distiller.fit(X, np.ones((32, 3), "float32"), verbose=0)
    distiller.save(tmp_path / "distiller.keras")
    loaded = keras.models.load_model(tmp_path / "distiller.keras", compile=False)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), distiller.predict(X, verbose=0))


def test_losses_of_several_outputs():
    loss = keras.distillation.LogitsDistillation(temperature=1.0, loss=["mse", None])
    value = loss.compute_loss([np.ones((2, 3)), np.ones((2, 2))], [np.zeros((2, 3)), np.zeros((2, 2))])
    assert float(value) == 1.0
    with pytest.raises(ValueError, match="structure"):
        keras.distillation.FeatureDistillation(["mse", None]).validate_outputs(np.ones(3), np.ones(3))


def test_refuses_what_does_not_fit():
    teacher, student = models(keras)
    d = keras.distillation
    loss = d.LogitsDistillation()

    class Own(keras.Model):
        def call(self, x):
            return x

    for call, word in (
        (lambda: d.Distiller(teacher, 3, loss), "Student must be a keras.Model"),
        (lambda: d.Distiller(teacher, models(keras, 5)[1], loss), "output shapes are incompatible"),
        (lambda: d.Distiller(teacher, student, None), "cannot be `None`"),
        (lambda: d.Distiller(teacher, student, [loss], [1.0, 2.0]), "must match number"),
        (lambda: d.Distiller(teacher, student, loss, student_loss_weight=1.5), "between 0.0 and 1.0"),
        (lambda: d.Distiller(teacher, student, loss, student_loss_weight="x"), "must be a number"),
        (lambda: d.Distiller(teacher, student, d.FeatureDistillation("mse", "none")), "In teacher model"),
        (lambda: d.Distiller(Own(), student, d.FeatureDistillation("mse", "hidden")), "teacher model.* subclassed"),
        (lambda: d.Distiller(teacher, student, loss).compile("sgd"), "'loss' cannot be `None`"),
        (lambda: d.Distiller(teacher, student, loss).compile("sgd", "mse", metrics="mae"), "must be a list"),
        (lambda: d.LogitsDistillation(temperature=0), "positive"),
        (lambda: d.LogitsDistillation(temperature="a"), "must be a number"),
        (lambda: d.LogitsDistillation(loss=None), "At least one loss"),
        (lambda: d.FeatureDistillation(loss=[None]), "at least one non-`None`"),
    ):
        with pytest.raises(ValueError, match=word):
            call()
    with pytest.raises(NotImplementedError):
        d.DistillationLoss().compute_loss(1, 2)
