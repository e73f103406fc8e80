"""A model's steps as functions of an iterator: train_function, test_function, predict_function."""

from lamina.models import data_sources
from lamina.utils.batches import unpack_x_y_sample_weight


class StepFunctions:
    """The steps as functions. `self` is a ModelCore."""

    _builtin = True

    def make_train_function(self, force=False):
        """Makes `train_function`, which trains on the next batch of an iterator and gives its logs.

        Args:
            force: whether compiled steps are forgotten and traced again: after changing what they were traced from.
        """
        self._make_function("train_function", lambda data: self._train_on_batch(*data, None), force)

    def make_test_function(self, force=False):
        """The same for `test_function`.

        Args:
            force: as in make_train_function().
        """
        self._make_function("test_function", lambda data: self._test_on_batch(*data), force)

    def make_predict_function(self, force=False):
        """The same for `predict_function`, which gives outputs.

        Args:
            force: as in make_train_function().
        """
        self._make_function("predict_function", lambda data: self.predict_on_batch(data[0]), force)

    def _make_function(self, name, run, force):
        if force:
            self._invalidate()
        if force or self.__dict__.get("_" + name) is None:
            self.__dict__["_" + name] = lambda iterator: run(
                [data_sources.arrays(part) for part in unpack_x_y_sample_weight(next(iterator))]
            )


def _forgetting(name):
    """A property for a function that runs steps: None until it is made. Setting it to None forgets compiled steps, as
    Keras' users do after changing what they were traced from."""

    def forget(self, value):
        if value is not None:
            raise ValueError(
                f"`{name}` can be set to None, so that compiled steps are forgotten; to change what a step does, "
                f"override `{name.split('_')[0]}_step()`."
            )
        self.__dict__["_" + name] = None
        self._invalidate()

    doc = f"What make_{name}() made, or None. Setting it to None has steps traced again."
    return property(lambda self: self.__dict__.get("_" + name), forget, doc=doc)


for _name in ("train_function", "test_function", "predict_function"):
    setattr(StepFunctions, _name, _forgetting(_name))
