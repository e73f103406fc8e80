"""keras.applications.vgg19: VGG19."""

from lamina.applications._functions import application_module

__getattr__, __dir__ = application_module(__name__)
