"""The rows, by what they hurt. Importing this package registers all of them, in order."""

from tests.faults.suite.rows import kills, crashes, parts, post, replicas, records, races  # noqa: F401, I001
