"""What a student is to have of its teacher: DistillationLoss and its kinds."""

from lamina import losses, tree
from lamina._core import ops
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.public import publish


def _loss(item):
    return losses.get(item) if isinstance(item, str) else item


def _some_loss(given, message):
    """The losses of a structure; ValueError where there is none."""
    made = tree.map_structure(_loss, given)
    if all(item is None for item in tree.flatten(made)):
        raise ValueError(message)
    return made


def _sum_of(loss, teacher, student, one):
    """The sum of one(loss, teacher's, student's) over a structure of losses; where there is no loss it is 0."""

    def term(f, a, b):
        return 0.0 if f is None else one(f, a, b)

    return ops.sum(ops.stack(tree.flatten(tree.map_structure(term, loss, teacher, student))))


class DistillationLoss:
    """Base class: how far a student's outputs are from those of its teacher. Subclasses override compute_loss()."""

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """The loss.

        Args:
            teacher_outputs: tensors, or a structure of them.
            student_outputs: the same of the student.
            **kwargs: for subclasses.

        Returns:
            A scalar tensor.

        Raises:
            NotImplementedError: if a subclass has none.
        """
        raise NotImplementedError("Subclasses must implement compute_loss")

    def validate_outputs(self, teacher_outputs, student_outputs):
        """Checks that the outputs fit each other.

        Args:
            teacher_outputs: tensors, or a structure of them.
            student_outputs: the same of the student.

        Raises:
            ValueError: if their structures differ.
        """
        tree.assert_same_structure(teacher_outputs, student_outputs)

    def validate_model_compatibility(self, teacher, student):
        """Checks that the models fit this loss. Subclasses may override it.

        Args:
            teacher: a Model.
            student: a Model.
        """


class FeatureDistillation(DistillationLoss):
    """The difference between the outputs of a layer of the teacher and of one of the student.

    Args:
        loss: a loss or its name, or a structure of them as the layers' outputs have it; None where an output
            does not count.
        teacher_layer_name: the teacher's layer; None takes the model's output.
        student_layer_name: the student's layer; None takes the model's output.

    Raises:
        ValueError: if there is no loss.
    """

    def __init__(self, loss="mse", teacher_layer_name=None, student_layer_name=None):
        self.teacher_layer_name, self.student_layer_name = teacher_layer_name, student_layer_name
        self.loss = _some_loss(
            loss, "The `loss` argument in `FeatureDistillation` must contain at least one non-`None` value."
        )

    def validate_model_compatibility(self, teacher, student):
        """Checks that the models have the layers.

        Args:
            teacher: a Model.
            student: a Model.

        Raises:
            ValueError: if a layer is missing, or a model without symbolic inputs and outputs is asked for one.
        """
        models = {"teacher": (teacher, self.teacher_layer_name), "student": (student, self.student_layer_name)}
        if any(name is not None for _, name in models.values()):
            subclassed = [role for role, (model, _) in models.items() if getattr(model, "inputs", None) is None]
            if subclassed:
                raise ValueError(
                    "FeatureDistillation with specific layer names requires Functional or Sequential models. The "
                    f"{' and '.join(subclassed)} model(s) appear to be subclassed (no symbolic inputs/outputs). "
                    "Leave out the layer names, or use LogitsDistillation, to compare the models' outputs."
                )
        for role, (model, name) in models.items():
            if name is not None:
                try:
                    model.get_layer(name=name)
                except ValueError as error:
                    raise ValueError(f"In {role} model: {error}") from None

    def validate_outputs(self, teacher_outputs, student_outputs):
        """Checks that the outputs fit each other and the losses.

        Args:
            teacher_outputs: tensors, or a structure of them.
            student_outputs: the same of the student.

        Raises:
            ValueError: if the structures differ.
        """
        super().validate_outputs(teacher_outputs, student_outputs)
        try:
            tree.assert_same_structure(self.loss, teacher_outputs)
        except ValueError as error:
            raise ValueError(f"Loss structure mismatch. {error}") from None

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """The loss.

        Args:
            teacher_outputs: the teacher's features.
            student_outputs: the student's.
            **kwargs: not used.

        Returns:
            A scalar tensor.
        """
        return _sum_of(self.loss, teacher_outputs, student_outputs, lambda f, a, b: ops.mean(f(a, b)))

    def get_config(self):
        """The arguments as plain values."""
        return {
            "loss": losses.serialize(self.loss),
            "teacher_layer_name": self.teacher_layer_name,
            "student_layer_name": self.student_layer_name,
        }

    @classmethod
    def from_config(cls, config):
        """A loss from get_config().

        Args:
            config: a dict.
        """
        return cls(**{**config, "loss": losses.deserialize(config["loss"])})


class LogitsDistillation(DistillationLoss):
    """The difference between the outputs of teacher and student before the softmax, softened by a temperature (Hinton
    et al., "Distilling the Knowledge in a Neural Network", 2015).

    Args:
        temperature: what the outputs are divided by; higher ones make probabilities more alike.
        loss: a loss or its name, or a structure of them as the models' outputs have it; None where an output
            does not count. KLDivergence gets probabilities, and its value is multiplied by the temperature squared;
            others get the divided outputs.

    Raises:
        ValueError: if there is no loss, or the temperature is no positive number.
    """

    def __init__(self, temperature=3.0, loss="kl_divergence"):
        self.loss = _some_loss(loss, "At least one loss must be non-`None`.")
        if not isinstance(temperature, (int, float)):
            raise ValueError(f"temperature must be a number, got {type(temperature)}")
        if temperature <= 0.0:
            raise ValueError("temperature must be positive.")
        self.temperature = temperature

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """The loss.

        Args:
            teacher_outputs: the teacher's outputs.
            student_outputs: the student's.
            **kwargs: not used.

        Returns:
            A scalar tensor.
        """

        def one(f, a, b):
            a, b = a / self.temperature, b / self.temperature
            if isinstance(f, losses.KLDivergence):
                return ops.mean(f(ops.softmax(a), ops.softmax(b))) * self.temperature**2
            return ops.mean(f(a, b))

        return _sum_of(self.loss, teacher_outputs, student_outputs, one)

    def get_config(self):
        """The arguments as plain values."""
        return {"temperature": self.temperature, "loss": serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config):
        """A loss from get_config().

        Args:
            config: a dict.
        """
        return cls(**{**config, "loss": losses.deserialize(config["loss"])})


publish("lamina.distillation", DistillationLoss, FeatureDistillation, LogitsDistillation)
