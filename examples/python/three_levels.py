"""The two-layer net of framework overviews (batch 32, 500 -> 50 -> 500, SGD, mean squared error) at three levels:
a Sequential model, a functional one, and by hand with variables, ops and gradients. The numbers are the same."""

import lamina as keras
import numpy as np


def wave(shape, scale, phase):
    return (scale * np.sin(0.37 * np.arange(np.prod(shape)) + phase)).astype("float32").reshape(shape)


x, y = wave((32, 500), 1, 0), wave((32, 500), 1, 1)
weights = [wave((500, 50), 0.05, 2), np.zeros(50, "float32"), wave((50, 500), 0.05, 3), np.zeros(500, "float32")]

sequential = keras.Sequential([keras.Input((500,)), keras.layers.Dense(50, activation="relu"), keras.layers.Dense(500)])

inputs = keras.Input((500,))
functional = keras.Model(inputs, keras.layers.Dense(500)(keras.layers.Dense(50, activation="relu")(inputs)))

for model in (sequential, functional):
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.01), "mse")

variables = [keras.Variable(w) for w in weights]


@keras.function
def step(x, y):
    w1, b1, w2, b2 = variables
    with keras.GradientTape() as tape:
        h = keras.ops.relu(keras.ops.matmul(x, w1) + b1)
        loss = keras.ops.mean(keras.ops.square(keras.ops.matmul(h, w2) + b2 - y))
    for v, g in zip(variables, tape.gradient(loss, variables)):
        v.assign_sub(0.01 * g)
    return loss


print("step  Sequential  functional  by hand")
for i in range(5):
    losses = []
    for model in (sequential, functional):
        losses.append(model.train_on_batch(x, y))
        model.reset_metrics()
    losses.append(float(step(x, y)))
    print(f"{i:4d}  {losses[0]:.7f}   {losses[1]:.7f}   {losses[2]:.7f}")
    assert max(losses) - min(losses) < 1e-6
