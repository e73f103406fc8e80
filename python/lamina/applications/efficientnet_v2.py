"""keras.applications.efficientnet_v2: EfficientNetV2, of seven sizes."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
