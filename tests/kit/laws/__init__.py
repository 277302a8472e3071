"""A small world in which store, relay and reader run for real, and a schedule decides the rest.

Its database and its log are fakes; `test_laws_tables.py` and `test_laws_log.py` hold them to the
real parts.
"""
