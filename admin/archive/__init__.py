"""A season as a file: NDJSON of CloudEvents in structured mode, and a manifest before them."""
