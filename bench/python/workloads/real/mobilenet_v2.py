"""MobileNetV2 (Sandler et al., 2018) on 160x160 images."""

from workloads._networks import classifier

BATCH, STEPS = 8, 4
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def network(build, x):
    def normed(x, name, active=True):
        x = build.norm(x, f"{name}_norm")
        return build.activation(x, "relu6") if active else x

    x = normed(build.conv(x, "stem", 32, 3, 2), "stem")
    before = 32
    for stage, (expansion, width, blocks, first) in enumerate(STAGES):
        for block in range(blocks):
            name, stride, y = f"s{stage}b{block}", 1 if block else first, x
            if expansion > 1:
                y = normed(build.conv(y, f"{name}_expand", expansion * before, 1), f"{name}_expand")
            y = normed(build.depthwise(y, f"{name}_depth", 3, stride), f"{name}_depth")
            y = normed(build.conv(y, f"{name}_project", width, 1), f"{name}_project", active=False)
            x, before = build.add(x, y) if block else y, width
    x = normed(build.conv(x, "last", 1280, 1), "last")
    return build.dense(build.mean(x), "logits", 1000)


data, keras_model, torch_model = classifier(network, 160, 1000, 0.05, 0.9)
