"""The record checked by itself: from the topics or an exported file, and this repository alone.

`reading` takes records apart, the other modules hold the rules; all of that is pure. `sources`
reads a broker's topics or a file, `commands` is the command.
"""
