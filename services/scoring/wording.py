"""The words of explanations in the three languages, and how they write numbers."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, get_args

from babel import numbers

from schemas.base import Language
from services.kit import language as asked

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def preferred(accept_language: str) -> Language:
    """The language a reader asks for; Kazakh when it asks for none of ours."""
    return asked.preferred(accept_language, LANGUAGES, "kk")


def number(value: Decimal, language: Language) -> str:
    """A decimal with all its digits, as the language writes it: `7,50`, `7.50`."""
    return f"{value:f}".replace(".", numbers.get_decimal_symbol(language))


_KK: Final = {
    "sheet": "{number}-парақ ({judge}), жобаның {version}-нұсқасы бойынша",
    "judge": "{number}-қазы",
    "part": "{criterion}: {points} × {weight} = {weighted}",
    "mean": "парақ қорытындысы: {weighted} / {weight} = {total} (дәл мәні: {exact})",
    "normalised": "теңестірілген: {scale} × {total} + ({offset}) = {normalised}",
    "beside": "бұл парақ жиынтыққа кірмейді: жиынтық парақтардың бәрінен алынбайды",
    "replaced": "{judge} толтырған парақтың орнына жаңасы келді, ол есептелмейді",
    "voided": "{judge} толтырған парақ жарамсыз деп танылды, ол есептелмейді",
    "reason": " (себебі: {reason})",
    "a_judge": "бір қазы",
    "total-mean": "Жиынтық, парақтардың орташасы: {sum} = {total} (дәл мәні: {exact})",
    "total-median": "Жиынтық, медиана (ортаңғы парақтар): {sum} = {total} (дәл мәні: {exact})",
    "total-trimmed-mean": "Жиынтық, шеткі парақтарсыз орташа: {sum} = {total} (дәл мәні: {exact})",
    "total-normalised": "Теңестірілген жиынтық, орынды осы анықтайды: {sum} = {total} "
    "(дәл мәні: {exact})",
    "rank": "Орны: {of} жобаның ішінде {rank}",
    "tie": "{rank}-орындағы жобаның жиынтығы тең; тәртіп тізбегі бойынша:",
    "step": "{step}: {own} және {theirs}",
    "step-own": "{step}: өз мәні {own}",
    "parts": " — ажыратады",
    "equal": " — тең",
    "chair": "бәрі тең: төрағаның сөзі ажыратады",
    "criterion": "«{criterion}» өлшемінің орташасы",
    "median": "парақтардың медианасы",
    "earliest-submission": "ертерек берілген",
    "lot": "жеребе",
    "unscored": "Жобаны ешкім бағаламады: сондықтан ол соңында тұр және таңдалмайды",
    "above": "Шек {limit}-орыннан кейін өтеді: жоба шектен жоғары",
    "below": "Шек {limit}-орыннан кейін өтеді: жоба шектен төмен",
    "last_above": "шектен жоғары соңғы жиынтық: {total}",
    "first_below": "шектен төмен бірінші жиынтық: {total}",
    "chosen": "Шешім: таңдалды ({rank}-орын)",
    "not_chosen": "Шешім: таңдалмады ({rank}-орын)",
    "on_appeal": ", апелляция бойынша",
    "chair_reason": "төрағаның уәжі: {reason}",
    "changed": "Осы рейтингтен кейін парақтар өзгерді: кезең қайта есептелуі керек",
}
_RU: Final = {
    "sheet": "Лист {number} ({judge}), по версии {version} проекта",
    "judge": "судья {number}",
    "part": "{criterion}: {points} × {weight} = {weighted}",
    "mean": "итог листа: {weighted} / {weight} = {total} (точно: {exact})",
    "normalised": "после нормализации: {scale} × {total} + ({offset}) = {normalised}",
    "beside": "этот лист в итог не входит: итог берётся не по всем листам",
    "replaced": "Лист ({judge}) заменён новым и не учитывается",
    "voided": "Лист ({judge}) признан недействительным и не учитывается",
    "reason": " (причина: {reason})",
    "a_judge": "один из судей",
    "total-mean": "Итог, среднее листов: {sum} = {total} (точно: {exact})",
    "total-median": "Итог, медиана (средние листы): {sum} = {total} (точно: {exact})",
    "total-trimmed-mean": "Итог, среднее без крайних листов: {sum} = {total} (точно: {exact})",
    "total-normalised": "Итог после нормализации, он определяет место: {sum} = {total} "
    "(точно: {exact})",
    "rank": "Место: {rank} из {of}",
    "tie": "У проекта на месте {rank} тот же итог; по цепочке правил:",
    "step": "{step}: {own} и {theirs}",
    "step-own": "{step}: своё значение {own}",
    "parts": " — разделяет",
    "equal": " — равны",
    "chair": "всё равно: решает слово председателя",
    "criterion": "среднее по критерию «{criterion}»",
    "median": "медиана листов",
    "earliest-submission": "более ранняя подача",
    "lot": "жребий",
    "unscored": "Проект никто не оценил: поэтому он в конце и не может быть выбран",
    "above": "Черта проходит после места {limit}: проект выше черты",
    "below": "Черта проходит после места {limit}: проект ниже черты",
    "last_above": "последний итог выше черты: {total}",
    "first_below": "первый итог ниже черты: {total}",
    "chosen": "Решение: выбран (место {rank})",
    "not_chosen": "Решение: не выбран (место {rank})",
    "on_appeal": ", по апелляции",
    "chair_reason": "довод председателя: {reason}",
    "changed": "После этого рейтинга листы изменились: тур нужно посчитать заново",
}
_EN: Final = {
    "sheet": "Sheet {number} ({judge}), on version {version} of the project",
    "judge": "judge {number}",
    "part": "{criterion}: {points} × {weight} = {weighted}",
    "mean": "total of the sheet: {weighted} / {weight} = {total} (exactly {exact})",
    "normalised": "normalised: {scale} × {total} + ({offset}) = {normalised}",
    "beside": "this sheet is not in the total, which is not taken from all sheets",
    "replaced": "A sheet ({judge}) was replaced by a later one and does not count",
    "voided": "A sheet ({judge}) was voided and does not count",
    "reason": " (reason: {reason})",
    "a_judge": "one of the judges",
    "total-mean": "Total, the mean of the sheets: {sum} = {total} (exactly {exact})",
    "total-median": "Total, the median (the middle sheets): {sum} = {total} (exactly {exact})",
    "total-trimmed-mean": "Total, the mean without the outermost sheets: {sum} = {total} "
    "(exactly {exact})",
    "total-normalised": "Normalised total, which makes the rank: {sum} = {total} (exactly {exact})",
    "rank": "Rank: {rank} of {of}",
    "tie": "The project at rank {rank} has the same total; by the chain of rules:",
    "step": "{step}: {own} and {theirs}",
    "step-own": "{step}: its own value is {own}",
    "parts": ", which parts them",
    "equal": ", which are equal",
    "chair": "all is equal: the chair's word parts them",
    "criterion": "mean of “{criterion}”",
    "median": "median of the sheets",
    "earliest-submission": "earlier submission",
    "lot": "lot",
    "unscored": "Nobody scored the project: so it is ranked last, and is not chosen",
    "above": "The line is after rank {limit}: the project is above it",
    "below": "The line is after rank {limit}: the project is below it",
    "last_above": "last total above the line: {total}",
    "first_below": "first total below the line: {total}",
    "chosen": "Decision: chosen (rank {rank})",
    "not_chosen": "Decision: not chosen (rank {rank})",
    "on_appeal": ", on appeal",
    "chair_reason": "the chair's reason: {reason}",
    "changed": "Sheets changed after this ranking: the round must be ranked anew",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {"kk": _KK, "ru": _RU, "en": _EN}
)
"""Every text of an explanation; the three languages have the same keys."""
