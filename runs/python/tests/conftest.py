"""What all tests start from."""

import signal


def pytest_configure():
    """Signals as of a program in the foreground: a shell ignores some of them for one in the background, and nohup another."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
