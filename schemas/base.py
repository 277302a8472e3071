"""The building blocks every event model is made of: ids, money, points, time, texts."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

Language = Literal["kk", "ru", "en"]
Visibility = Literal["internal", "after-results", "public"]

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"

Uuid = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
"""A UUID in its canonical lower-case form; chosen by whoever creates the thing."""

LONGEST_SLUG = 60
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=LONGEST_SLUG)]
"""A short readable id: lower-case letters, digits and single hyphens."""

Tiyn = Annotated[int, Field(strict=True, ge=0, le=10**15)]
"""Money: a whole number of tiyn (1 tenge = 100 tiyn), never a fraction or a float."""

Count = Annotated[int, Field(strict=True, ge=0)]
Ordinal = Annotated[int, Field(strict=True, ge=1)]
Sequence = Ordinal


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _one_line(text: str) -> str:
    """Refuse control characters: a line may end up in a mail's subject or a log."""
    if CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_one_line),
]


def _no_controls(text: str) -> str:
    """Refuse control characters, but for line breaks and tabs."""
    if CONTROL.search(text.translate(BREAKS)):
        raise ValueError("must not have control characters other than line breaks and tabs")
    return text


BREAKS = {ord(letter): " " for letter in "\n\r\t"}
Paragraphs = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=8000),
    AfterValidator(_no_controls),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def format_utc(moment: datetime) -> str:
    """The one spelling of a moment on the wire: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def format_points(points: Decimal) -> str:
    """The one spelling of points on the wire: plain digits with the decimals as given."""
    return f"{points:f}"


def _aware_text(value: object) -> object:
    if (isinstance(value, str) and value[:5].count("-") == 1) or isinstance(value, datetime):
        return value
    raise ValueError("must be a date and time with its zone, such as 2020-05-13T09:00:00+06:00")


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_aware_text),
    AfterValidator(_whole_milliseconds),
    PlainSerializer(format_utc, return_type=str, when_used="json"),
]
"""A moment with a time zone; written in UTC with milliseconds."""

POINTS_PATTERN = r"^[0-9]{1,4}(\.[0-9]{1,16})?$"
_POINTS = re.compile(POINTS_PATTERN, re.ASCII)


def _points_text(value: object) -> object:
    """Take a decimal string of one spelling; a float or `1E+2` has no place where points count."""
    if isinstance(value, str) and _POINTS.fullmatch(value):
        return value
    if isinstance(value, Decimal) and _POINTS.fullmatch(f"{value:f}"):
        return value
    raise ValueError('must be a decimal number as a string, such as "7.50"')


Points = Annotated[
    Decimal,
    BeforeValidator(_points_text),
    Field(ge=0, le=1000, max_digits=20, allow_inf_nan=False),
    PlainSerializer(format_points, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": POINTS_PATTERN}),
]
"""An exact decimal number of points; a string on the wire, never a float."""


SIGNED_POINTS_PATTERN = r"^-?[0-9]{1,7}(\.[0-9]{1,16})?$"
SignedPoints = Annotated[
    Decimal,
    BeforeValidator(lambda value: _signed_text(value)),
    Field(max_digits=23, allow_inf_nan=False),
    PlainSerializer(format_points, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": SIGNED_POINTS_PATTERN}),
]
"""An exact decimal that may be below 0, such as points after normalisation."""


def _signed_text(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(SIGNED_POINTS_PATTERN, value, re.ASCII):
        return value
    if isinstance(value, Decimal) and re.fullmatch(SIGNED_POINTS_PATTERN, f"{value:f}", re.ASCII):
        return value
    raise ValueError('must be a decimal number as a string, such as "-0.25"')


class Contract(BaseModel):
    """Part of a message. Readers ignore fields they do not know (a minor version added them)."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")


class Localised(Contract):
    """The same text in the three languages of the fair."""

    kk: Line
    ru: Line
    en: Line

    def get(self, language: Language) -> str:
        """The text in `language`."""
        return str(getattr(self, language))


class Event(Contract):
    """Something that happened. Subclasses say who says it, about what, and who may see it."""

    SERVICE: ClassVar[str]
    KIND: ClassVar[str]
    """The aggregate whose outbox says the event; `ce_subject` is `<kind>/<id>`."""
    ALSO_KINDS: ClassVar[tuple[str, ...]] = ()
    """Further kinds of aggregate that say it too."""
    MAJOR: ClassVar[int] = 1
    VISIBILITY: ClassVar[Visibility] = "internal"
    SAID_WHEN: ClassVar[str]
    """One sentence for the catalogue: when this is said."""

    @classmethod
    def type_name(cls) -> str:
        """The `ce_type`: the model's own name."""
        return cls.__name__

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Every kind of aggregate that says it."""
        return (cls.KIND, *cls.ALSO_KINDS)
