"""Distiller: trains a small model to do as a large one does."""

from lamina import losses, metrics, tree
from lamina._core import ops
from lamina._core.configs.serialized import deserialize_keras_object, serialize_keras_object
from lamina._core.public import publish
from lamina.models.model import Model
from lamina.models.sequential import Sequential

_OUTPUT = "final_output"  # the key of a model's own output among its features


class Distiller(Model):
    """A student that is trained on the targets and on what its teacher makes of the inputs. The teacher is frozen.
    `distiller.student` is the model to keep.

    Args:
        teacher: a trained Model.
        student: a Model with inputs and outputs of the same shapes and dtypes.
        distillation_losses: a DistillationLoss, or a list of them.
        distillation_loss_weights: what each of a list counts; None counts each once.
        student_loss_weight: from 0 to 1: what the loss on the targets counts; the rest is the losses' above.
        name: a name.
        **kwargs: arguments of Model.

    Raises:
        ValueError: if the models do not fit each other or the losses, or a weight is out of range.
    """

    def __init__(
        self,
        teacher,
        student,
        distillation_losses,
        distillation_loss_weights=None,
        student_loss_weight=0.5,
        name="distiller",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        _check_models(teacher, student)
        if not isinstance(student_loss_weight, (int, float)):
            raise ValueError(f"student_loss_weight must be a number, got {type(student_loss_weight)}")
        if not 0.0 <= student_loss_weight <= 1.0:
            raise ValueError(f"student_loss_weight must be between 0.0 and 1.0, got {student_loss_weight}")
        if distillation_losses is None:
            raise ValueError(
                "'distillation_losses' cannot be `None`. Provide a distillation loss (e.g., LogitsDistillation or "
                "FeatureDistillation) or a list of distillation losses."
            )
        if not isinstance(distillation_losses, (list, tuple)):
            distillation_losses, distillation_loss_weights = [distillation_losses], [1.0]
        if distillation_loss_weights is None:
            distillation_loss_weights = [1.0] * len(distillation_losses)
        if len(distillation_loss_weights) != len(distillation_losses):
            raise ValueError(
                f"Number of distillation_loss_weights ({len(distillation_loss_weights)}) must match number of "
                f"distillation_losses ({len(distillation_losses)})"
            )
        for loss in distillation_losses:
            loss.validate_model_compatibility(teacher, student)
        self.teacher, self.student = teacher, student
        self.student_loss_weight = student_loss_weight
        self.distillation_losses, self.distillation_loss_weights = distillation_losses, distillation_loss_weights
        self._teacher_feature_extractor = _features(teacher, [_layer(loss, "teacher") for loss in distillation_losses])
        self._student_feature_extractor = _features(student, [_layer(loss, "student") for loss in distillation_losses])
        self.teacher.trainable = False
        self.student_loss_tracker = metrics.Mean(name="student_loss")
        self.distillation_loss_tracker = metrics.Mean(name="distillation_loss")
        self.total_loss_tracker = metrics.Mean(name="total_loss")

    def compile(self, optimizer="adam", loss=None, metrics=None, **kwargs):
        """Settles how the student is trained.

        Args:
            optimizer: an optimizer or its name.
            loss: the student's loss on the targets: a loss or its name, or a structure of them.
            metrics: a list of further metrics.
            **kwargs: arguments of Model.compile().

        Raises:
            ValueError: without a loss, or if `metrics` is no list.
        """
        if loss is None:
            raise ValueError("'loss' cannot be `None`.")
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise ValueError(f"metrics must be a list or tuple, got {type(metrics)}")
        self._student_loss = tree.map_structure(lambda l: losses.get(l) if isinstance(l, str) else l, loss)
        super().compile(optimizer=optimizer, loss=None, metrics=metrics, **kwargs)

    def call(self, inputs, training=None, **kwargs):
        """The student's outputs.

        Args:
            inputs: tensors.
            training: whether this is training.
            **kwargs: further arguments of the student.
        """
        return self.student(inputs, training=training, **kwargs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The weighted sum of the student's loss and of the distillation losses.

        Args:
            x: inputs.
            y: targets.
            y_pred: the student's outputs; None computes them.
            sample_weight: not used, as in Keras.
            training: whether this is training.

        Returns:
            A scalar tensor.
        """
        if y_pred is None:
            y_pred = self(x, training=training)
        student = self._loss_on_targets(y, y_pred) if self.student_loss_weight > 0 and y is not None else 0.0
        distilled = self._loss_to_teacher(x, y_pred) if self.student_loss_weight < 1 else 0.0
        total = self.student_loss_weight * student + (1.0 - self.student_loss_weight) * distilled
        self.student_loss_tracker.update_state(student)
        self.distillation_loss_tracker.update_state(distilled)
        self.total_loss_tracker.update_state(total)
        return total

    def _loss_on_targets(self, y, y_pred):
        values = tree.flatten(tree.map_structure(lambda f, a, b: f(a, b), self._student_loss, y, y_pred))
        value = values[0] if len(values) == 1 else ops.sum(ops.stack(values))
        return ops.mean(value) if len(value.shape) else value

    def _loss_to_teacher(self, x, y_pred):
        plain = self._teacher_feature_extractor is None
        teacher = (
            {_OUTPUT: self.teacher(x, training=False)} if plain else self._teacher_feature_extractor(x, training=False)
        )
        student = (
            {_OUTPUT: y_pred}
            if self._student_feature_extractor is None
            else self._student_feature_extractor(x, training=True)
        )
        total = 0.0
        for loss, weight in zip(self.distillation_losses, self.distillation_loss_weights):
            names = _layer(loss, "teacher"), _layer(loss, "student")
            if names[0] is None:  # such a loss compares the models' outputs
                names = None, None
            outputs = teacher[names[0] or _OUTPUT], student[names[1] or _OUTPUT]
            loss.validate_outputs(*outputs)
            value = loss.compute_loss(*outputs)
            if len(getattr(value, "shape", ())):
                raise ValueError(
                    f"Distillation loss {type(loss).__name__} returned a non-scalar loss with shape {value.shape}. The "
                    "compute_loss method must return a scalar tensor."
                )
            total = total + weight * value
        return total

    def get_config(self):
        """The models, losses and weights as plain values."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "teacher": serialize_keras_object(self.teacher),
            "student": serialize_keras_object(self.student),
            "distillation_losses": [serialize_keras_object(loss) for loss in self.distillation_losses],
            "distillation_loss_weights": list(self.distillation_loss_weights),
            "student_loss_weight": self.student_loss_weight,
        }

    @classmethod
    def from_config(cls, config):
        """A Distiller from get_config().

        Args:
            config: a dict.
        """
        made = {key: deserialize_keras_object(config[key]) for key in ("teacher", "student")}
        made["distillation_losses"] = [deserialize_keras_object(loss) for loss in config["distillation_losses"]]
        return cls(**{**config, **made})


def _layer(loss, role):
    return getattr(loss, f"{role}_layer_name", None)


def _features(model, names):
    """A model of the outputs of these layers and of the model itself; None where no layer is asked for."""
    names = list(dict.fromkeys(name for name in names if name))
    if not names:
        return None
    if getattr(model, "inputs", None) is None:
        raise ValueError(
            f"Cannot create feature extractor for {model.name}. The model has no symbolic inputs attribute."
        )
    output = model.layers[-1].output if isinstance(model, Sequential) else model.output
    outputs = {_OUTPUT: output, **{name: model.get_layer(name=name).output for name in names}}
    return Model(inputs=model.inputs, outputs=outputs, name=f"{model.name}_multi_feature_extractor")


def _check_models(teacher, student):
    for role, model in (("Teacher", teacher), ("Student", student)):
        if not isinstance(model, Model):
            raise ValueError(f"{role} must be a keras.Model, got {type(model)}")
    for what in ("inputs", "outputs"):
        ours, theirs = getattr(teacher, what, None), getattr(student, what, None)
        if ours is None or theirs is None:
            continue
        tree.assert_same_structure(ours, theirs)
        for t, s in zip(tree.flatten(ours), tree.flatten(theirs)):
            _check_pair(t, s, what[:-1])


def _check_pair(teacher, student, what):
    shapes = f"Teacher: {tuple(teacher.shape)}, Student: {tuple(student.shape)}."
    if len(teacher.shape) != len(student.shape):
        raise ValueError(f"Teacher and student {what} shapes have different dimensions. {shapes}")
    if any(a is not None and b is not None and a != b for a, b in zip(teacher.shape, student.shape)):
        raise ValueError(f"Teacher and student {what} shapes are incompatible. {shapes} All dimensions must match.")
    if teacher.dtype != student.dtype:
        raise ValueError(
            f"Teacher and student {what} dtypes must match. Teacher: {teacher.dtype}, Student: {student.dtype}."
        )


publish("lamina.distillation", Distiller)
