"""keras.applications: known image classifiers, with weights that were trained on ImageNet."""

from lamina._core.public import public_module
from lamina.applications._functions import find, names

__getattr__, __dir__ = public_module(
    __name__,
    modules=(
        "convnext",
        "densenet",
        "efficientnet",
        "efficientnet_v2",
        "imagenet_utils",
        "inception_resnet_v2",
        "inception_v3",
        "mobilenet",
        "mobilenet_v2",
        "mobilenet_v3",
        "nasnet",
        "resnet",
        "resnet50",
        "resnet_v2",
        "vgg16",
        "vgg19",
        "xception",
    ),
    find=find,
    known=names,
)
