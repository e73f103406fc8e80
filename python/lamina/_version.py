def version():
    """The version of Keras whose behaviour and files this package follows."""
    return "3.15.1"
