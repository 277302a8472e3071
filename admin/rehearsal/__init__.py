"""The rehearsal: a whole fair played through the public HTTP APIs and checked from outside."""
