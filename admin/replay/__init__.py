"""Replays: history folded anew by the installed code, compared, and switched to."""
