"""The command line `sparring`, all of it: `python -m sparring run quickstart.yaml`."""

import os
import signal
import sys

from sparring._sparring import main as program
from sparring.parent import PARENT


def main() -> None:
    """Runs the program with the arguments of this process, and ends it with its exit code."""
    # The program hears signals itself; Python's handler would speak up behind it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = os.environ.pop(PARENT, None)
    sys.exit(program(sys.argv[1:], None if parent is None else int(parent)))


if __name__ == "__main__":
    main()
