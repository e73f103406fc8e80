"""keras.applications.inception_resnet_v2: InceptionResNetV2."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
