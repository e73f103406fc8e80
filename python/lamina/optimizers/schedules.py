"""keras.optimizers.schedules."""
from lamina import _lamina
from lamina._kinds import Configurable, serialize_any
from lamina._wrap import get_class, module_dir, own


class LearningRateSchedule(Configurable, _lamina.LearningRateScheduleCore):
    """Base class: override __call__(step) and get_config()."""

    _builtin = True
    _core = _lamina.LearningRateScheduleCore

    def __init__(self):
        _lamina.LearningRateScheduleCore.__init__(self, None, {})
        own(self)

    def __call__(self, step):
        return self._call(step)


def serialize(learning_rate_schedule):
    return serialize_any(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    from lamina import saving

    return saving.deserialize_keras_object(config, custom_objects=custom_objects)


def __getattr__(name):
    if not name.startswith("_"):
        cls = get_class(name, "keras.optimizers.schedules")
        if cls is not None:
            globals()[name] = cls
            return cls
    raise AttributeError(f"module 'lamina.optimizers.schedules' has no attribute {name!r}")


__dir__ = module_dir("lamina.optimizers.schedules", "keras.optimizers.schedules")
