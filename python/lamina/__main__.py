"""`python -m lamina script.py [args]` runs a script in which `import keras` and `tensorflow.keras` mean Lamina."""

import argparse
import os
import runpy
import sys


def main():
    """Runs what the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m lamina",
        description="Runs a Python program in which `import keras` and `tensorflow.keras` mean Lamina.",
        usage="python -m lamina [-h] [-V] (script.py | -m module | -c code) [args ...]",
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    parser.add_argument("-m", dest="module", metavar="module", help="run a module, as `python -m` does")
    parser.add_argument("-c", dest="code", metavar="code", help="run a text, as `python -c` does")
    parser.add_argument("script", nargs="?", help="the file to run")
    ours, program = _split(sys.argv[1:])
    given = parser.parse_args(ours)
    if given.version:
        import lamina

        print(f"Lamina {lamina.__version__}")
        return
    if sum(x is not None for x in (given.script, given.module, given.code)) != 1:
        parser.error("name one program: a script, -m and a module, or -c and a text")
    if given.script is not None and not os.path.exists(given.script):
        parser.error(f"there is no file '{given.script}'")
    import lamina.as_keras  # noqa: F401 - from here on `keras` means Lamina

    if given.code is not None:
        sys.argv = ["-c", *program]
        sys.path[0] = ""
        exec(compile(given.code, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    elif given.module is not None:
        sys.argv = [given.module, *program]
        sys.path[0] = ""
        runpy.run_module(given.module, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [given.script, *program]
        sys.path[0] = os.path.dirname(os.path.abspath(given.script))
        runpy.run_path(given.script, run_name="__main__")


def _split(arguments):
    """Our own arguments, and those of the program, which begin behind what names it."""
    for i, argument in enumerate(arguments):
        if argument in ("-m", "-c"):
            return arguments[: i + 2], arguments[i + 2 :]
        if not argument.startswith("-"):
            return arguments[: i + 1], arguments[i + 1 :]
    return arguments, []


if __name__ == "__main__":
    main()
