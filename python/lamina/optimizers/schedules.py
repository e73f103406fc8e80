"""keras.optimizers.schedules."""
from lamina import _lamina
from lamina._kinds import Light, deserializer, serialize_any
from lamina._wrap import module_dir, module_getattr


class LearningRateSchedule(Light, _lamina.LearningRateScheduleCore):
    """Base class: override __call__(step) and get_config()."""

    _builtin = True
    _core = _lamina.LearningRateScheduleCore

    def __call__(self, step):
        return self._call(step)


def serialize(learning_rate_schedule):
    return serialize_any(learning_rate_schedule)


deserialize = deserializer()
__getattr__ = module_getattr("lamina.optimizers.schedules", "keras.optimizers.schedules")
__dir__ = module_dir("lamina.optimizers.schedules", "keras.optimizers.schedules")
