"""EfficientNet-B0 (Tan and Le, 2019) on 160x160 images, without its dropout of whole blocks."""

from workloads._networks import classifier

BATCH, STEPS = 4, 4
STAGES = (  # expansion, width, blocks, stride, kernel
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


def network(build, x):
    def swish(x, name):
        return build.activation(build.norm(x, f"{name}_norm"), "silu")

    x = swish(build.conv(x, "stem", 32, 3, 2), "stem")
    before = 32
    for stage, (expansion, width, blocks, first, size) in enumerate(STAGES):
        for block in range(blocks):
            name, stride, y = f"s{stage}b{block}", 1 if block else first, x
            if expansion > 1:
                y = swish(build.conv(y, f"{name}_expand", expansion * before, 1), f"{name}_expand")
            y = swish(build.depthwise(y, f"{name}_depth", size, stride), f"{name}_depth")
            s = build.activation(build.conv(build.mean(y, keep=True), f"{name}_in", before // 4, 1, bias=True), "silu")
            s = build.conv(s, f"{name}_out", expansion * before, 1, bias=True)
            y = build.multiply(y, build.activation(s, "sigmoid"))
            y = build.norm(build.conv(y, f"{name}_project", width, 1), f"{name}_project_norm")
            x, before = build.add(x, y) if block else y, width
    x = swish(build.conv(x, "last", 1280, 1), "last")
    return build.dense(build.mean(x), "logits", 1000)


data, keras_model, torch_model = classifier(network, 160, 1000, 0.05, 0.9)
