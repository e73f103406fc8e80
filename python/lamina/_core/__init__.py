"""What the public modules share: it wraps the C++ objects, and imports none of the public modules.

errors, keywords, console   texts of errors; wrong keywords; what is printed and warned
values/                     plain Python values: NumPy scalars, nested structures, shapes, dtypes' names
tensors/                    Variable, seeds, the methods of tensors
ops                         the C++ ops by name
configs/                    objects as configs and back: registered classes and functions, lambdas, safe mode
user_classes                what C++ learns of a user's class
saveable                    what C++ asks of objects that have a place in a model's files
configurable, identifiers   the base of losses, metrics, optimizers, ...; get() and deserialize() of their modules
operation, symbolic         what can be a node of a graph; symbolic tensors
hierarchy, builtin_classes  which class is a subclass of which; Python classes for C++ classes, made when first used
homes, public               where the public modules are; how they show their names
sessions, scopes, stateless, gradients, compiled_function, profile, version
                            public names without a file in their own module
"""
