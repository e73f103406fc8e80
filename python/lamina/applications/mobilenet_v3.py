"""keras.applications.mobilenet_v3: what MobileNetV3, which is in keras.applications, needs."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
