"""The words of MongoDB's language that the kit uses, as pure functions. Any other is an error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
_MISSING = object()
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, than: bool(value > than),
    "$gte": lambda value, than: bool(value >= than),
    "$lt": lambda value, than: bool(value < than),
    "$lte": lambda value, than: bool(value <= than),
}


def matches(doc: Document, query: Mapping[str, Any]) -> bool:
    """Whether a document is meant by a query."""
    return all(_meets(doc, field, wanted) for field, wanted in query.items())


def _meets(doc: Document, field: str, wanted: Any) -> bool:
    if field == "$or":
        return any(matches(doc, query) for query in wanted)
    value = at(doc, field)
    if isinstance(wanted, Mapping) and any(word.startswith("$") for word in wanted):
        return all(_holds(value, word, operand) for word, operand in wanted.items())
    return bool(value is not _MISSING and type(value) is type(wanted) and value == wanted)


def _holds(value: Any, word: str, operand: Any) -> bool:
    if word == "$exists":
        return (value is not _MISSING) is operand
    if value is _MISSING:
        return False
    if word == "$in":
        return value in operand
    if word not in COMPARISONS:
        raise NotImplementedError(word)
    return type(value) is type(operand) and COMPARISONS[word](value, operand)


def at(doc: Document, path: str) -> Any:
    """The value at a dotted path, or a mark that there is none."""
    found: Any = doc
    for step in path.split("."):
        found = found.get(step, _MISSING) if isinstance(found, dict) else _MISSING
    return found


def shown(doc: Document, projection: Mapping[str, Any]) -> Document:
    """The part of a document that a projection names; the id always."""
    found: Document = {}
    for field in ("_id", *projection):
        if at(doc, field) is not _MISSING:
            *steps, last = field.split(".")
            place = found
            for step in steps:
                place = place.setdefault(step, {})
            place[last] = at(doc, field)
    return found


def changed(doc: Document, update: Any, *, new: bool = False) -> Document:
    """The document after an update. `new`: it is made by an upsert."""
    if isinstance(update, list):
        for stage in update:
            doc = _after_stage(doc, stage)
        return doc
    after = dict(doc)
    for word, fields in update.items():
        for field, operand in fields.items():
            _change(after, word, field, operand, new)
    return after


def _change(doc: Document, word: str, field: str, operand: Any, new: bool) -> None:
    if "." in field:
        raise NotImplementedError(field)
    if word == "$set" or (word == "$setOnInsert" and new):
        doc[field] = operand
    elif word == "$inc":
        doc[field] = doc.get(field, 0) + operand
    elif word == "$push":
        if not operand.keys() <= {"$each", "$slice"}:
            raise NotImplementedError(operand)
        longer = [*doc.get(field, []), *operand["$each"]]
        doc[field] = longer[operand["$slice"] :] if "$slice" in operand else longer
    elif word != "$setOnInsert":
        raise NotImplementedError(word)


def begun(query: Mapping[str, Any]) -> Document:
    """What an upsert begins with: the fields that its query fixes."""
    return {
        field: wanted
        for field, wanted in query.items()
        if not field.startswith("$") and not isinstance(wanted, Mapping)
    }


def _after_stage(doc: Document, stage: Mapping[str, Any]) -> Document:
    ((word, fields),) = stage.items()
    if word != "$set":
        raise NotImplementedError(word)
    return doc | {field: _value(doc, term, {}) for field, term in fields.items()}


def _value(doc: Document, term: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(term, str) and term.startswith("$$"):
        name, _, path = term[2:].partition(".")
        return at(variables[name], path) if path else variables[name]
    if isinstance(term, str) and term.startswith("$"):
        return at(doc, term[1:])
    if not isinstance(term, Mapping):
        return term
    ((word, operands),) = term.items()
    if word == "$filter":
        items = _value(doc, operands["input"], variables)
        return [
            item for item in items if _value(doc, operands["cond"], {**variables, "this": item})
        ]
    values = [_value(doc, operand, variables) for operand in _listed(operands)]
    if word not in _EXPRESSIONS:
        raise NotImplementedError(word)
    return _EXPRESSIONS[word](*values)


def _listed(operands: Any) -> Sequence[Any]:
    return operands if isinstance(operands, list) else [operands]


_EXPRESSIONS: dict[str, Callable[..., Any]] = {
    "$not": lambda value: not value,
    "$in": lambda value, among: value in among,
    "$gt": lambda value, than: value > than,
    "$size": len,
}
