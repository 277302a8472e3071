"""Programs that tests start, and the signals they are sent."""

import signal


def as_at_a_terminal() -> None:
    """Let a program be interrupted: what a shell runs in the background ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
