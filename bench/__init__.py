"""Benchmarks: how near the platform comes to hand-written loops on the same servers."""
