"""SeedGenerator: a C++ seed generator with Keras' Python face."""

from lamina import _lamina
from lamina._core.configurable import Configurable
from lamina._core.public import publish
from lamina._core.user_classes import own


class SeedGenerator(Configurable, _lamina.SeedGeneratorCore):
    """A source of seeds for random ops; each next() gives a new one.

    Args:
        seed: an int from 0, or None for a random one.
        name: as in Keras.
        **kwargs: none.

    Raises:
        ValueError: for another seed, and for unknown arguments.
    """

    _builtin = True
    _core = _lamina.SeedGeneratorCore
    _fields = ("seed",)

    def __init__(self, seed=None, name=None, **kwargs):
        if isinstance(seed, _lamina.ObjectBox):
            self._wrap_init(self, seed)
            return
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
        if seed is not None and not isinstance(seed, int):
            raise ValueError(f"Argument `seed` must be an integer. Received: seed={seed}")
        if seed is not None and seed < 0:
            raise ValueError(f"Argument `seed` must be greater than or equal to 0. Received: seed={seed}")
        _lamina.SeedGeneratorCore.__init__(self, seed)
        own(self)

    @property
    def state(self):
        """The variable that changes with each seed: uint32 (2,)."""
        return self._seed_state()

    def next(self, ordered=True):
        """A new seed.

        Args:
            ordered: as in Keras; seeds come in order in any case.

        Returns:
            A tensor, uint32 (2,).
        """
        return self._next()


def global_seed_generator():
    """The generator from which random functions without a seed draw."""
    return _lamina.global_seed_generator()


def draw_seed(seed):
    """A seed tensor, uint32 (2,), from an int, a SeedGenerator or None (the global generator)."""
    return _lamina.draw_seed(seed)


publish("lamina.random", SeedGenerator)
