"""The rules of judging and deciding. Pure: no I/O, no clock, no randomness of its own."""
