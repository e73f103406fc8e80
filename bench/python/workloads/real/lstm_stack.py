"""Three LSTM layers of 512 units over 64 steps of 128 numbers, and a class for the last."""

from workloads._networks import KerasBuilder, torch_network

BATCH, STEPS = 32, 4
LENGTH, WIDTH, UNITS, CLASSES, RATE = 64, 128, 512, 10, 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    numbers = rng.standard_normal((samples, LENGTH, WIDTH), "float32")
    return [numbers], rng.integers(0, CLASSES, samples).astype("int64")


def network(build, x):
    for i in range(3):
        x = build.lstm(x, f"recurrence_{i}", UNITS, last=i == 2)
    return build.dense(x, "logits", CLASSES)


def keras_model(keras, check=False):
    numbers = keras.Input((LENGTH, WIDTH))
    model = keras.Model(numbers, network(KerasBuilder(keras), numbers))
    model.compile(
        keras.optimizers.Adam(RATE, epsilon=EPSILON), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def torch_model(torch, check=False):
    net = torch_network(torch, network, torch.zeros(1, LENGTH, WIDTH))
    return net, torch.nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
