"""keras.optimizers.schedules."""

from lamina import _lamina
from lamina._core.builtin_classes import class_names, find_class
from lamina._core.configurable import Light
from lamina._core.identifiers import deserializer, serializer
from lamina._core.public import public_module


class LearningRateSchedule(Light, _lamina.LearningRateScheduleCore):
    """Base class: override __call__(step) and get_config()."""

    _builtin = True
    _core = _lamina.LearningRateScheduleCore

    def __call__(self, step):
        return self._call(step)


serialize = serializer(__name__, "a schedule")
deserialize = deserializer(__name__, "a schedule")
__getattr__, __dir__ = public_module(
    __name__,
    defined=("LearningRateSchedule", "deserialize", "serialize"),
    find=find_class("keras.optimizers.schedules"),
    known=class_names("keras.optimizers.schedules"),
)
