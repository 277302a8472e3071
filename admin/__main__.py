"""Lets `python -m admin` be the same as `zharmenke`."""

from admin.cli import app

app(prog_name="zharmenke")
