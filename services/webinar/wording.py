"""The words of the pages in the three languages, and how they write days and times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, get_args
from zoneinfo import ZoneInfo

from babel import dates

from schemas.base import Language
from services.kit import language as asked

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
_LOCALES: Final[Mapping[Language, str]] = {"kk": "kk", "ru": "ru", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class When:
    """A webinar's time as its place reads it."""

    day: str
    """`сәрсенбі, 13 мамыр 2020` in the language's own order."""
    hours: str
    """`17:00–18:30`."""
    place: str
    """`Алматы, UTC+6`: the zone's city and the offset in force then."""


def when(starts_at: datetime, ends_at: datetime, timezone: str, language: Language) -> When:
    """The day, the hours and the zone, in local time."""
    zone, locale = ZoneInfo(timezone), _LOCALES[language]
    starts, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    city = dates.get_timezone_location(zone, locale=locale, return_city=True)
    return When(
        day=dates.format_date(starts, "full", locale=locale),
        hours=f"{starts:%H:%M}–{ends:%H:%M}",
        place=f"{city}, {_offset(starts)}",
    )


def preferred(accept_language: str) -> Language:
    """The language a browser asks for; Kazakh when it asks for none of ours."""
    return asked.preferred(accept_language, LANGUAGES, "kk")


def _offset(local: datetime) -> str:
    written = f"{local:%z}"  # +0600
    hours, minutes = int(written[:3]), written[3:5]
    return f"UTC{hours:+d}" + ("" if minutes == "00" else f":{minutes}")


_KK: Final = {
    "page": "Вебинар",
    "speaker": "Спикер",
    "time": "Уақыты",
    "status": "Мәртебесі",
    "confirmed": "Тіркелу расталды",
    "waitlisted": "Сіз күту тізіміндесіз",
    "waitlisted_text": "Орын босаса, кезек бойынша сізге хат жібереміз.",
    "closed_text": "Вебинар басталды, бос орын бөлінбейді.",
    "enter": "Вебинар бөлмесіне кіру",
    "personal": "Бұл сілтеме тек сізге арналған, басқаларға бермеңіз.",
    "live": "Вебинар қазір өтіп жатыр.",
    "over": "Вебинар аяқталды. Назарыңызға рақмет!",
    "cancel_title": "Қатыса алмайсыз ба?",
    "cancel_text": "Тіркелуден бас тартсаңыз, бұл сілтеме жарамсыз болады.",
    "cancel": "Тіркелуден бас тарту",
    "gone_title": "Тіркелу жойылды",
    "gone_text": "Бұл сілтеме енді жарамсыз. Қатысқыңыз келсе, қайта тіркеліңіз.",
    "denied_title": "Сілтеме жарамсыз",
    "denied_text": "Сілтеменің мерзімі өткен немесе ол толық көшірілмеген. "
    "Оны хаттан қайта ашып көріңіз.",
    "missing_title": "Тіркелу табылмады",
    "missing_text": "Бұл сілтеме бойынша тіркелу жоқ.",
}
_RU: Final = {
    "page": "Вебинар",
    "speaker": "Спикер",
    "time": "Время",
    "status": "Статус",
    "confirmed": "Регистрация подтверждена",
    "waitlisted": "Вы в листе ожидания",
    "waitlisted_text": "Если место освободится, мы напишем вам в порядке очереди.",
    "closed_text": "Вебинар начался, свободные места больше не распределяются.",
    "enter": "Войти в комнату вебинара",
    "personal": "Ссылка личная: пожалуйста, не передавайте её другим.",
    "live": "Вебинар уже идёт.",
    "over": "Вебинар завершён. Спасибо за внимание!",
    "cancel_title": "Не сможете участвовать?",
    "cancel_text": "После отмены эта ссылка перестанет работать.",
    "cancel": "Отменить регистрацию",
    "gone_title": "Регистрация отменена",
    "gone_text": "Эта ссылка больше не действует. Если хотите участвовать, "
    "зарегистрируйтесь снова.",
    "denied_title": "Ссылка недействительна",
    "denied_text": "Её срок истёк, или она скопирована не полностью. "
    "Откройте её ещё раз из письма.",
    "missing_title": "Регистрация не найдена",
    "missing_text": "По этой ссылке регистрации нет.",
}
_EN: Final = {
    "page": "Webinar",
    "speaker": "Speaker",
    "time": "Time",
    "status": "Status",
    "confirmed": "Your registration is confirmed",
    "waitlisted": "You are on the waiting list",
    "waitlisted_text": "If a seat becomes free, we will write to you in the order of the queue.",
    "closed_text": "The webinar has begun; no more seats are given.",
    "enter": "Enter the webinar room",
    "personal": "This link is personal; please do not pass it on.",
    "live": "The webinar is on now.",
    "over": "The webinar is over. Thank you for your attention!",
    "cancel_title": "Can't take part?",
    "cancel_text": "Once you cancel, this link stops working.",
    "cancel": "Cancel my registration",
    "gone_title": "The registration is cancelled",
    "gone_text": "This link is no longer valid. If you want to take part, please register again.",
    "denied_title": "The link is not valid",
    "denied_text": "It has expired, or it was not copied completely. "
    "Please open it again from the mail.",
    "missing_title": "Registration not found",
    "missing_text": "There is no registration behind this link.",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {"kk": _KK, "ru": _RU, "en": _EN}
)
"""Every text of the pages; the three languages have the same keys."""
