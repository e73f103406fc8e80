"""What is printed and what is warned, for C++ too."""

import sys
import warnings

from lamina import _lamina


def print_text(text):
    """Writes to the standard output; lines and boxes as ASCII where its encoding has no such characters."""
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        plain = "".join(c if _encodable(c, sys.stdout.encoding) else _lamina.ascii_text(c) for c in text)
        sys.stdout.write(plain)
    sys.stdout.flush()


def print_line(text):
    """print_text() of a line."""
    print_text(text + "\n")


def _encodable(character, encoding):
    try:
        character.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _warn(text):
    level = 2  # the first caller outside the package
    while sys._getframe(level - 1).f_globals.get("__name__", "").startswith("lamina"):
        level += 1
    warnings.warn(text, UserWarning, stacklevel=level)


def install():
    """Makes C++ print and warn through Python."""
    _lamina.set_print_function(print_text)
    _lamina.set_warning_function(_warn)
