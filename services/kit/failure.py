"""Failures of handlers: which are waited for, and what each is called for a person."""

from pydantic import ValidationError
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from services.kit.refusal import Refused

HOPELESS = frozenset({2, 52, 121, 10334, 11000, 17419, 17420})
"""MongoDB's codes for what is wrong with the write itself: a bad value or field name, a failed
validation, a document that is too large, a unique value that is taken."""


def away(error: Exception) -> bool:
    """Whether trying again later helps, whatever the record: then it is waited for, not parked."""
    if isinstance(error, Refused):
        return error.kind == "busy"
    return isinstance(error, PyMongoError) and not _hopeless(error)


def _hopeless(error: PyMongoError) -> bool:
    """Whether the database answered, and would answer the same again."""
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        codes = {failure["code"] for failure in details.get("writeErrors", [])}
        return bool(codes) and codes <= HOPELESS and not details.get("writeConcernErrors")
    return isinstance(error, OperationFailure) and error.code in HOPELESS


def reason_of(error: Exception) -> str:
    """What went wrong, without the value that it went wrong with."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"body is not valid: {where or '(whole)'}: {first['msg']}"
    return f"{type(error).__name__}: {error}"
