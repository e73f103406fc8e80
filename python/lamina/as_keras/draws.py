"""tf.random by keras.random, for scripts where TensorFlow is not installed."""

import numpy as np

import lamina
from lamina import ops
from lamina.as_keras.arrays import sizes, tensor

_seeds = {}


def _seed(seed):
    """A generator for each number that ops are given: their calls draw anew, as TensorFlow's do."""
    if seed is None:
        return None
    return _seeds.setdefault(int(seed), lamina.random.SeedGenerator(int(seed)))


def set_seed(seed):
    """What is drawn from here on follows from this number."""
    _seeds.clear()
    lamina.utils.set_random_seed(int(seed))


def normal(shape, mean=0.0, stddev=1.0, dtype="float32", seed=None, name=None):
    """Normally distributed numbers."""
    drawn = lamina.random.normal(sizes(shape), dtype=dtype, seed=_seed(seed))
    return drawn * stddev + mean


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype="float32", seed=None, name=None):
    """Normally distributed numbers within two standard deviations."""
    return lamina.random.truncated_normal(sizes(shape), dtype=dtype, seed=_seed(seed)) * stddev + mean


def uniform(shape, minval=0, maxval=None, dtype="float32", seed=None, name=None):
    """Uniformly distributed numbers, the upper limit left out; whole ones for dtypes of ints."""
    return _uniform(shape, minval, maxval, dtype, _seed(seed))


def _uniform(shape, minval, maxval, dtype, seed):
    if "int" in str(dtype):
        if maxval is None:
            raise ValueError("tf.random.uniform() needs `maxval` for a dtype of ints.")
        return lamina.random.randint(sizes(shape), int(minval), int(maxval), dtype=dtype, seed=seed)
    maxval = 1 if maxval is None else maxval
    return lamina.random.uniform(sizes(shape), dtype=dtype, seed=seed) * (maxval - minval) + minval


def categorical(logits, num_samples, dtype="int64", seed=None, name=None):
    """Classes drawn by their logits."""
    return lamina.random.categorical(tensor(logits), int(num_samples), dtype=dtype, seed=_seed(seed))


def gamma(shape, alpha, beta=None, dtype="float32", seed=None, name=None):
    """Numbers of a gamma distribution: `shape` of each alpha."""
    alpha = ops.cast(alpha, dtype)
    drawn = lamina.random.gamma(
        (*sizes(shape), *alpha.shape), ops.broadcast_to(alpha, (*sizes(shape), *alpha.shape)), dtype, _seed(seed)
    )
    return drawn if beta is None else drawn / beta


def poisson(shape, lam, dtype="float32", seed=None, name=None):
    """Numbers of a Poisson distribution: `shape` of each lam."""
    lam = np.asarray(lam)
    draw = np.random.default_rng(int(lamina.random.randint((), 0, 2**31 - 1, seed=_seed(seed))))
    return tensor(draw.poisson(lam, (*sizes(shape), *lam.shape)).astype(str(dtype)))


def shuffle(value, seed=None, name=None):
    """Rows in another order."""
    return lamina.random.shuffle(tensor(value), seed=_seed(seed))


def _stateless(seed):
    """Two numbers to the one that keras.random takes."""
    first, second = (int(n) for n in np.asarray(seed).reshape(-1)[:2])
    return int(np.random.SeedSequence([first % 2**32, second % 2**32]).generate_state(1)[0] % 2**31)


def stateless_uniform(shape, seed, minval=0, maxval=None, dtype="float32", name=None, alg="auto_select"):
    """uniform() by two numbers alone."""
    return _uniform(shape, minval, maxval, dtype, _stateless(seed))


def stateless_normal(shape, seed, mean=0.0, stddev=1.0, dtype="float32", name=None, alg="auto_select"):
    """normal() by two numbers alone."""
    return lamina.random.normal(sizes(shape), dtype=dtype, seed=_stateless(seed)) * stddev + mean


def stateless_truncated_normal(shape, seed, mean=0.0, stddev=1.0, dtype="float32", name=None, alg="auto_select"):
    """truncated_normal() by two numbers alone."""
    return lamina.random.truncated_normal(sizes(shape), dtype=dtype, seed=_stateless(seed)) * stddev + mean


def split(seed, num=2, alg="auto_select"):
    """Seeds made of one."""
    state = np.random.SeedSequence([int(n) % 2**32 for n in np.asarray(seed).reshape(-1)])
    return tensor((state.generate_state(2 * num) % 2**31).astype("int32").reshape(num, 2))


def create_rng_state(seed, alg=None):
    """A seed of two numbers."""
    return split([int(seed), 0], 1)[0]


class Generator:
    """Draws one after the other, from a state of its own."""

    def __init__(self, seed=None):
        self._generator = lamina.random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed, alg=None):
        """A generator whose draws follow from a number."""
        return cls(int(seed))

    @classmethod
    def from_non_deterministic_state(cls, alg=None):
        """A generator that nobody knows."""
        return cls()

    def normal(self, shape, mean=0.0, stddev=1.0, dtype="float32", name=None):
        """Normally distributed numbers."""
        return lamina.random.normal(sizes(shape), dtype=dtype, seed=self._generator) * stddev + mean

    def uniform(self, shape, minval=0, maxval=None, dtype="float32", name=None):
        """Uniformly distributed numbers."""
        return _uniform(shape, minval, maxval, dtype, self._generator)

    def truncated_normal(self, shape, mean=0.0, stddev=1.0, dtype="float32", name=None):
        """Normally distributed numbers within two standard deviations."""
        return lamina.random.truncated_normal(sizes(shape), dtype=dtype, seed=self._generator) * stddev + mean

    def make_seeds(self, count=1):
        """Seeds for the stateless functions, in columns."""
        return lamina.random.randint((2, count), 0, 2**31 - 1, seed=self._generator)

    def split(self, count=1):
        """Generators of their own."""
        return [Generator(int(n)) for n in np.asarray(self.make_seeds(count))[0]]


def get_global_generator():
    """One generator for all who ask."""
    if None not in _seeds:
        _seeds[None] = Generator()
    return _seeds[None]
