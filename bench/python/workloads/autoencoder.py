"""Images squeezed and restored: two convolutions with stride 2, two transposed ones, and one that makes the pixels."""

BATCH, STEPS = 64, 20
SIZE, FILTERS, RATE = 28, (32, 64), 1e-3
EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def data(rng, samples):
    images = rng.random((samples, SIZE, SIZE, 1), "float32")
    return [images], images


def keras_model(keras, check=False):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(FILTERS[0], 3, strides=2, padding="same", activation="relu", name="down"),
            layers.Conv2D(FILTERS[1], 3, strides=2, padding="same", activation="relu", name="further_down"),
            layers.Conv2DTranspose(FILTERS[1], 3, strides=2, padding="same", activation="relu", name="up"),
            layers.Conv2DTranspose(FILTERS[0], 3, strides=2, padding="same", activation="relu", name="further_up"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="pixels"),
        ]
    )
    model.compile(keras.optimizers.Adam(RATE, epsilon=EPSILON), "binary_crossentropy")
    return model


def torch_model(torch, check=False):
    nn, F = torch.nn, torch.nn.functional

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.further_down = nn.Conv2d(1, FILTERS[0], 3, stride=2), nn.Conv2d(*FILTERS, 3, stride=2)
            self.up, self.further_up = (
                nn.ConvTranspose2d(FILTERS[1], FILTERS[1], 3, stride=2),
                nn.ConvTranspose2d(FILTERS[1], FILTERS[0], 3, stride=2),
            )
            self.pixels = nn.Conv2d(FILTERS[0], 1, 3, padding=1)

        def forward(self, x):
            x = x.permute(0, 3, 1, 2)
            for layer in (self.down, self.further_down):  # Keras pads behind
                x = layer(F.pad(x, (0, 1, 0, 1))).relu()
            for layer in (self.up, self.further_up):
                x = layer(x)[:, :, :-1, :-1].relu()
            return self.pixels(x).sigmoid().permute(0, 2, 3, 1)

    net = Net()
    return net, nn.BCELoss(), torch.optim.Adam(net.parameters(), RATE, eps=EPSILON)
