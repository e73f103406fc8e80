"""VGG-16 (Simonyan and Zisserman, 2015) on 96x96 images, with dense layers of 1024."""

from workloads._networks import classifier

BATCH, STEPS = 4, 4
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # width, convolutions


def network(build, x):
    for stage, (width, convolutions) in enumerate(STAGES):
        for i in range(convolutions):
            x = build.activation(build.conv(x, f"s{stage}c{i}", width, 3, bias=True), "relu")
        x = build.max_pool(x, 2, 2)
    x = build.activation(build.dense(build.flatten(x), "wide", 1024), "relu")
    return build.dense(build.activation(build.dense(x, "narrow", 1024), "relu"), "logits", 1000)


data, keras_model, torch_model = classifier(network, 96, 1000, 0.01, 0.9)
