"""A critic with gradient penalty: its training step differentiates a loss that holds a gradient itself.

The critic learns to tell points on a ring from points of a blob: high values on the ring, low ones in the blob. The
penalty keeps the length of its gradient, with respect to the points between the two, near 1; so the difference of the
two means approaches the distance that the points would have to travel. Run it on either engine: LAMINA_BACKEND=eager
python gradient_penalty.py
"""

import lamina as keras
import numpy as np
from lamina import ops

PENALTY = 10.0


def samples(n=512):
    """n points on a noisy ring of radius 2, and n of a blob at the origin."""
    random = np.random.default_rng(0)
    angle = random.uniform(0, 2 * np.pi, n)
    ring = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(0, 0.05, (n, 2))
    blob = random.normal(0, 0.3, (n, 2))
    return ring.astype("float32"), blob.astype("float32")


class Critic(keras.Model):
    """A net from points to values, with a training step of its own; fit() takes the two sets of points as x and y."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.net = keras.Sequential(
            [
                keras.layers.Dense(32, activation="tanh"),
                keras.layers.Dense(32, activation="tanh"),
                keras.layers.Dense(1),
            ]
        )
        self.seeds = keras.random.SeedGenerator(3)

    def call(self, points):
        return self.net(points)

    def gradient_length(self, points):
        """The length of d value / d point at each point."""
        _, gradient = keras.value_and_grad(lambda p: ops.sum(self(p)))(points)
        return ops.sqrt(ops.sum(ops.square(gradient), axis=1) + 1e-12)

    def train_step(self, data):
        high, low = data
        with keras.GradientTape() as tape:
            share = keras.random.uniform((ops.shape(high)[0], 1), seed=self.seeds)
            length = self.gradient_length(share * high + (1 - share) * low)
            distance = ops.mean(self(high)) - ops.mean(self(low))
            penalty = ops.mean(ops.square(length - 1))
            loss = PENALTY * penalty - distance
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"distance": distance, "penalty": penalty}


def main():
    keras.utils.set_random_seed(1)
    ring, blob = samples()
    critic = Critic()
    critic.compile(keras.optimizers.Adam(2e-3, beta_1=0.5))
    history = critic.fit(ring, blob, batch_size=64, epochs=40, verbose=0).history
    print(f"engine: {keras.config.engine()}")
    print("epoch  distance   penalty")
    for epoch in (0, 9, 19, 29, 39):
        print(f"{epoch + 1:5d}  {history['distance'][epoch]:.6f}  {history['penalty'][epoch]:.6f}")
    length = np.asarray(critic.gradient_length(ops.convert_to_tensor((ring + blob) / 2)))
    print(f"length of the critic's gradient between the two sets: {length.mean():.4f} on average")
    return history


if __name__ == "__main__":
    main()
