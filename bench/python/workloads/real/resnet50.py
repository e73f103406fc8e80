"""ResNet-50 (He et al., 2016) on 160x160 images."""

from workloads._networks import classifier

BATCH, STEPS = 4, 4
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride


def network(build, x):
    def conv(x, name, width, size, stride=1):
        return build.norm(build.conv(x, name, width, size, stride), f"{name}_norm")

    x = build.activation(conv(x, "stem", 64, 7, 2), "relu")
    x = build.max_pool(x, 3, 2)
    for stage, (width, blocks, first) in enumerate(STAGES):
        for block in range(blocks):
            name, stride = f"s{stage}b{block}", 1 if block else first
            y = build.activation(conv(x, f"{name}_a", width, 1, stride), "relu")
            y = build.activation(conv(y, f"{name}_b", width, 3), "relu")
            y = conv(y, f"{name}_c", 4 * width, 1)
            x = build.activation(build.add(y, x if block else conv(x, f"{name}_skip", 4 * width, 1, stride)), "relu")
    return build.dense(build.mean(x), "logits", 1000)


data, keras_model, torch_model = classifier(network, 160, 1000, 0.05, 0.9, shrink=1e5)
