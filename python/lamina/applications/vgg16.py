"""keras.applications.vgg16: VGG16."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
