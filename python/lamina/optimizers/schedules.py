"""keras.optimizers.schedules."""

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configs.serialized import serialize_keras_object
from lamina._core.configurable import Light
from lamina._core.identifiers import deserializer
from lamina._core.public import public_module


class LearningRateSchedule(Light, _lamina.LearningRateScheduleCore):
    """A learning rate that depends on the step: override __call__(step), which gives a scalar, and get_config()."""

    _builtin = True
    _core = _lamina.LearningRateScheduleCore

    def __call__(self, step):
        return self._call(step)


def serialize(learning_rate_schedule):
    """The config of a schedule.

    Args:
        learning_rate_schedule: the object.

    Returns:
        A dict of plain JSON values; of a built-in function its name.
    """
    return serialize_keras_object(learning_rate_schedule)


deserialize = deserializer(__name__, "a schedule")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("LearningRateSchedule", "deserialize", "serialize"),
    find=find_class("keras.optimizers.schedules"),
    known=class_names("keras.optimizers.schedules"),
)
