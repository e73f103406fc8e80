"""Networks described once: `network(build, x)` calls the methods below, which make Keras' layers or run PyTorch's
modules. The underscore keeps it out of the list of workloads."""

AVERAGE, EPSILON = 0.99, 1e-3  # of the normalisations


class KerasBuilder:
    """Calls of Keras' layers on symbolic tensors."""

    def __init__(self, keras):
        self.keras, self.layers = keras, keras.layers

    def conv(self, x, name, width, size, stride=1, bias=False):
        return self.layers.Conv2D(width, size, strides=stride, padding="same", use_bias=bias, name=name)(x)

    def depthwise(self, x, name, size, stride=1):
        return self.layers.DepthwiseConv2D(size, strides=stride, padding="same", use_bias=False, name=name)(x)

    def causal_conv(self, x, name, width, size, dilation=1):
        return self.layers.Conv1D(width, size, padding="causal", dilation_rate=dilation, name=name)(x)

    def norm(self, x, name):
        return self.layers.BatchNormalization(momentum=AVERAGE, epsilon=EPSILON, name=name)(x)

    def dense(self, x, name, width):
        return self.layers.Dense(width, name=name)(x)

    def lstm(self, x, name, units, last=False):
        return self.layers.LSTM(units, return_sequences=not last, name=name)(x)

    def activation(self, x, kind):
        return self.layers.Activation(kind)(x)

    def add(self, a, b):
        return self.layers.Add()([a, b])

    def multiply(self, a, b):
        return self.layers.Multiply()([a, b])

    def concatenate(self, a, b):
        return self.layers.Concatenate()([a, b])

    def max_pool(self, x, size, stride):
        return self.layers.MaxPooling2D(size, stride, padding="same" if size > stride else "valid")(x)

    def upsample(self, x):
        return self.layers.UpSampling2D(2)(x)

    def mean(self, x, keep=False):
        """Over the places of an image or of a sequence."""
        two = len(x.shape) == 4
        return (self.layers.GlobalAveragePooling2D if two else self.layers.GlobalAveragePooling1D)(keepdims=keep)(x)

    def flatten(self, x):
        return self.layers.Flatten()(x)


class _TensorBuilder:
    """What PyTorch's tensors do by themselves, channels in front."""

    def add(self, a, b):
        return a + b

    def multiply(self, a, b):
        return a * b

    def mean(self, x, keep=False):
        return x.mean(tuple(range(2, x.dim())), keepdim=keep)

    def flatten(self, x):
        return x.permute(0, 2, 3, 1).flatten(1) if x.dim() == 4 else x.flatten(1)


IMAGES, SEQUENCES = (0, 3, 1, 2), (0, 2, 1)  # channels behind, as in Keras, to channels in front, as in PyTorch


def torch_network(torch, network, example, axes=None):
    """A module that computes network(build, x) on the input with its axes in this order; an example makes its parts."""
    nn, F = torch.nn, torch.nn.functional
    kinds = {"relu": F.relu, "relu6": F.relu6, "silu": F.silu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}

    def behind(x, size, stride):
        """Pads as Keras does: the odd place behind."""
        pads = []
        for n in reversed(x.shape[2:]):
            total = max((-(-n // stride) - 1) * stride + size - n, 0)
            pads += [total // 2, total - total // 2]
        return pads

    class Net(_TensorBuilder, nn.Module):
        def __init__(self):
            super().__init__()
            with torch.no_grad():
                self.eval()(example)  # makes the modules
            self.train()

        def module(self, name, make):
            if name not in self._modules:
                self.add_module(name, make())
            return self._modules[name]

        def forward(self, x):
            return network(self, x if axes is None else x.permute(axes))

        def convolution(self, x, name, width, size, stride, groups, bias):
            padding = size // 2 if stride == 1 else 0
            layer = self.module(name, lambda: nn.Conv2d(x.shape[1], width, size, stride, padding, 1, groups, bias))
            return layer(x if stride == 1 else F.pad(x, behind(x, size, stride)))

        def conv(self, x, name, width, size, stride=1, bias=False):
            return self.convolution(x, name, width, size, stride, 1, bias)

        def depthwise(self, x, name, size, stride=1):
            return self.convolution(x, name, x.shape[1], size, stride, x.shape[1], False)

        def causal_conv(self, x, name, width, size, dilation=1):
            layer = self.module(name, lambda: nn.Conv1d(x.shape[1], width, size, dilation=dilation))
            return layer(F.pad(x, ((size - 1) * dilation, 0)))

        def norm(self, x, name):
            return self.module(name, lambda: nn.BatchNorm2d(x.shape[1], eps=EPSILON, momentum=1 - AVERAGE))(x)

        def dense(self, x, name, width):
            return self.module(name, lambda: nn.Linear(x.shape[-1], width))(x)

        def lstm(self, x, name, units, last=False):
            def make():
                layer = nn.LSTM(x.shape[-1], units, batch_first=True)
                layer.bias_hh_l0.requires_grad_(False)  # Keras has one bias: with two, each step goes twice as far
                return layer

            out = self.module(name, make)(x)[0]
            return out[:, -1] if last else out

        def activation(self, x, kind):
            return kinds[kind](x)

        def concatenate(self, a, b):
            return torch.cat([a, b], 1)

        def max_pool(self, x, size, stride):
            if size > stride:
                x = F.pad(x, behind(x, size, stride), value=float("-inf"))
            return F.max_pool2d(x, size, stride)

        def upsample(self, x):
            return F.interpolate(x, scale_factor=2)

    return Net()


ADAM_EPSILON = 1e-12  # PyTorch scales it otherwise than Keras: too small to make a difference


def adam(rate):
    """The optimizer of both: functions of a framework, in PyTorch of the parameters too, and of `check`."""
    return (
        lambda keras, check: keras.optimizers.Adam(rate, epsilon=ADAM_EPSILON),
        lambda torch, parameters, check: torch.optim.Adam(parameters, rate, eps=ADAM_EPSILON),
    )


def sgd(rate, momentum, shrink):
    """The same with momentum. Normalisations over few images blow up rounding errors with every large step: a check
    takes steps that are `shrink` times smaller."""

    def step(check):
        return rate / shrink if check else rate

    return (
        lambda keras, check: keras.optimizers.SGD(step(check), momentum=momentum),
        lambda torch, parameters, check: torch.optim.SGD(parameters, step(check), momentum=momentum),
    )


def models(network, shape, axes, optimizer):
    """A workload's keras_model and torch_model: the network, whose result are logits, on samples of that shape."""

    def keras_model(keras, check=False):
        x = keras.Input(shape)
        model = keras.Model(x, network(KerasBuilder(keras), x))
        model.compile(optimizer[0](keras, check), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def torch_model(torch, check=False):
        net = torch_network(torch, network, torch.zeros(1, *shape), axes)
        return net, torch.nn.CrossEntropyLoss(), optimizer[1](torch, net.parameters(), check)

    return keras_model, torch_model


def classifier(network, size, classes, rate, momentum, shrink=2000):
    """The functions of a workload that tells images of size x size apart: data, keras_model, torch_model."""

    def data(rng, samples):
        return [rng.random((samples, size, size, 3), "float32")], rng.integers(0, classes, samples).astype("int64")

    return data, *models(network, (size, size, 3), IMAGES, sgd(rate, momentum, shrink))
