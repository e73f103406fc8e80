"""Attributes of built-in layers that are found out when they are read."""


class Reading:
    """An attribute that is found out when it is read, unless a subclass has set its own. One that layers have in some
    states alone (`sometimes`) raises an AttributeError in the others, and dir() leaves it out."""

    def __init__(self, read, doc=None, sometimes=False):
        self.read, self.__doc__, self.sometimes = read, doc, sometimes

    def __get__(self, layer, owner=None):
        return self if layer is None else self.read(layer)


def constant(value, doc=None):
    return Reading(lambda layer: value, doc)
