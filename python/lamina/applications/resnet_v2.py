"""keras.applications.resnet_v2: ResNetV2, of three sizes."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
