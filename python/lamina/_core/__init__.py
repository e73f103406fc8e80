"""What the public modules share: it wraps the C++ objects, and imports none of the public modules.

errors, console     texts of errors; what is printed and warned
values/             plain Python values: NumPy scalars, nested structures, dtypes' names
ops                 the C++ ops by name
tensors/            Variable, seeds, the methods of tensors
configs/            objects as configs and back: registered classes and functions, safe mode
user_classes        what C++ learns of a user's class
configurable        the base of losses, metrics, optimizers, initializers, ...
operation           what can be a node of a graph
builtin_classes     Python classes for C++ classes, made when first used
homes, public       where the public modules are, and how they show their names
scopes, gradients, profile, ...    names at the top of the package
"""
