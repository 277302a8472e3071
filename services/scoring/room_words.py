"""The words of the judges' pages in the three languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from babel import negotiate_locale

from schemas.base import Language

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def preferred(accept_language: str) -> Language:
    """The language a browser asks for; Kazakh when it asks for none of ours."""
    wanted = [part.partition(";")[0].strip() for part in accept_language.split(",")]
    found = negotiate_locale([tag for tag in wanted if tag], LANGUAGES, sep="-")
    return next((language for language in LANGUAGES if language == found), "kk")


_KK: Final = {
    "room": "Сараптама бөлмесі",
    "nothing": "Сізге берілген жоба жоқ.",
    "handed_in": "бағаланды",
    "open": "Ашу",
    "back": "Тізімге оралу",
    "applicant": "Өтініш беруші",
    "blind": "Бұл кезеңде өтініш беруші көрсетілмейді.",
    "region": "Өңір",
    "version": "Нұсқа",
    "cost": "Шығын",
    "amount": "Сомасы, теңге",
    "asked": "Сұралатыны, теңге",
    "sheet": "Бағалау парағы",
    "range": "{0}–{1}, қадамы {2}",
    "comment": "Пікір",
    "comment_always": "Пікір (міндетті)",
    "comment_bounds": "Пікір ({0} ұпайда міндетті)",
    "below": "{0}-ден төмен",
    "above": "{0}-ден жоғары",
    "reason": "Өзгерту себебі",
    "reason_text": "Сіз бұл жобаны бағаладыңыз. Парақты өзгертсеңіз, себебін жазыңыз; алдыңғы парақ сақталады.",  # noqa: E501
    "save_draft": "Қаралама ретінде сақтау",
    "draft_text": "Қараламаны сізден басқа ешкім көрмейді.",
    "submit": "Парақты тапсыру",
    "draft_saved": "Қаралама сақталды.",
    "submitted": "Парақ қабылданды.",
    "faults": "Мынаны түзетіңіз:",
    "fault_points": "ұпай керек",
    "fault_comment": "пікірді тексеріңіз",
    "rule-reason-missing": "Өзгерту себебін жазыңыз.",
    "rule-sheet-outdated": "Сіз бұл парақты басқа жерде өзгерткенсіз. Тізімге оралып, жобаны қайта ашыңыз.",  # noqa: E501
    "rule-version-outdated": "Жобаның басқа нұсқасы бағаланады. Тізімге оралып, жобаны қайта ашыңыз.",  # noqa: E501
    "rule-version-unknown": "Жобаның мұндай нұсқасы жоқ. Тізімге оралып, жобаны қайта ашыңыз.",
    "rule-round-closed": "Кезең жабылған, парақ қабылданбайды.",
    "rule-not-assigned": "Бұл жоба сізге берілмеген.",
    "rule-other": "Қабылданбады",
    "ended_title": "Кіру мерзімі аяқталды",
    "ended_text": "Хатшыдан жаңа сілтеме сұраңыз.",
}
_RU: Final = {
    "room": "Комната экспертизы",
    "nothing": "Вам пока не назначено ни одного проекта.",
    "handed_in": "оценён",
    "open": "Открыть",
    "back": "Вернуться к списку",
    "applicant": "Заявитель",
    "blind": "В этом туре заявитель не показывается.",
    "region": "Регион",
    "version": "Версия",
    "cost": "Расход",
    "amount": "Сумма, тенге",
    "asked": "Запрошено, тенге",
    "sheet": "Оценочный лист",
    "range": "{0}–{1}, шаг {2}",
    "comment": "Комментарий",
    "comment_always": "Комментарий (обязателен)",
    "comment_bounds": "Комментарий (обязателен {0})",
    "below": "ниже {0}",
    "above": "выше {0}",
    "reason": "Причина изменения",
    "reason_text": "Вы уже оценили этот проект. Если меняете лист, назовите причину; прежний лист сохранится.",  # noqa: E501
    "save_draft": "Сохранить черновик",
    "draft_text": "Черновик не видит никто, кроме вас.",
    "submit": "Сдать лист",
    "draft_saved": "Черновик сохранён.",
    "submitted": "Лист принят.",
    "faults": "Исправьте, пожалуйста:",
    "fault_points": "нужны баллы",
    "fault_comment": "проверьте комментарий",
    "rule-reason-missing": "Назовите причину изменения.",
    "rule-sheet-outdated": "Вы изменили этот лист в другом месте. Вернитесь к списку и откройте проект снова.",  # noqa: E501
    "rule-version-outdated": "Оценивается другая версия проекта. Вернитесь к списку и откройте проект снова.",  # noqa: E501
    "rule-version-unknown": "Такой версии проекта нет. Вернитесь к списку и откройте проект снова.",
    "rule-round-closed": "Тур закрыт, листы больше не принимаются.",
    "rule-not-assigned": "Этот проект вам не назначен.",
    "rule-other": "Не принято",
    "ended_title": "Время входа истекло",
    "ended_text": "Попросите у секретаря новую ссылку.",
}
_EN: Final = {
    "room": "The jury room",
    "nothing": "No project is assigned to you yet.",
    "handed_in": "scored",
    "open": "Open",
    "back": "Back to the list",
    "applicant": "Applicant",
    "blind": "This round does not show who applies.",
    "region": "Region",
    "version": "Version",
    "cost": "Cost",
    "amount": "Amount, tenge",
    "asked": "Requested, tenge",
    "sheet": "Score sheet",
    "range": "{0}–{1}, in steps of {2}",
    "comment": "Comment",
    "comment_always": "Comment (required)",
    "comment_bounds": "Comment (required {0})",
    "below": "below {0}",
    "above": "above {0}",
    "reason": "Reason for the change",
    "reason_text": "You have scored this project. To change the sheet, say why; the one before is kept.",  # noqa: E501
    "save_draft": "Save as a draft",
    "draft_text": "Nobody but you sees a draft.",
    "submit": "Hand the sheet in",
    "draft_saved": "The draft is saved.",
    "submitted": "The sheet is in.",
    "faults": "Please mend:",
    "fault_points": "points are needed",
    "fault_comment": "check the comment",
    "rule-reason-missing": "Say why you change the sheet.",
    "rule-sheet-outdated": "You changed this sheet somewhere else. Go back to the list and open the project anew.",  # noqa: E501
    "rule-version-outdated": "Another version of the project counts. Go back to the list and open it anew.",  # noqa: E501
    "rule-version-unknown": "There is no such version. Go back to the list and open it anew.",
    "rule-round-closed": "The round is closed; no more sheets are taken.",
    "rule-not-assigned": "This project is not assigned to you.",
    "rule-other": "Not accepted",
    "ended_title": "Your session has ended",
    "ended_text": "Ask the secretary for a new link.",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {"kk": _KK, "ru": _RU, "en": _EN}
)
"""Every text of the pages; the three languages have the same keys."""
