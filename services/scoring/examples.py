"""Examples of answers for OpenAPI. Nobody here is real."""

from pydantic import ConfigDict, JsonValue

Example = dict[str, JsonValue]


def of_request(value: Example) -> ConfigDict:
    """For a request: unknown fields are refused."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": value})


def of_answer(value: Example) -> ConfigDict:
    """For an answer."""
    return ConfigDict(frozen=True, json_schema_extra={"example": value})


ROUND = "2020-first"
PROJECT = "7f0c0e4e-6f3e-5d0a-9a53-0a3c1f2b4d5e"
JUDGE = "0b1c1f9e-3c57-5a5f-8a3d-2f6f0a5d1c11"
EVALUATION = f"scoring/evaluation/{ROUND}~{PROJECT}"
HASH = "1a0c002bbe3ff3defe4bd5cfc338f45f764680496a5fed82a94b2ad0308ad262"

POST: Example = {
    "kk": "қоғамдық қордың президенті",
    "ru": "президент общественного фонда",
    "en": "president of a public foundation",
}
MEMBER: Example = {"person_id": JUDGE, "name": "Судья Үлгі", "post": POST, "role": "member"}
APPOINTEE: Example = {**MEMBER, "email": "judge-1@example.org", "language": "kk"}
PANEL: Example = {"season_id": "2020", "panel": "jury", "quorum": 6, "members": [MEMBER]}
DRAWN: Example = {
    "round_id": ROUND,
    "event_id": f"scoring/round/{ROUND}:1",
    "seed": "2020-first-draw",
    "inputs_hash": HASH,
    "projects": 158,
    "judges": 9,
    "judges_per_project": 3,
}
ASSIGNMENT: Example = {
    "round_id": ROUND,
    "project_id": PROJECT,
    "title": "Ауыл кітапханасы",
    "nomination": "equal-opportunities",
    "project_version": 1,
    "scored": False,
}
POINTS: list[JsonValue] = [
    {"criterion": "relevance", "points": "7.50"},
    {"criterion": "impact", "points": "8.00"},
]
SCORED: Example = {
    "round_id": ROUND,
    "project_id": PROJECT,
    "judge_id": JUDGE,
    "event_id": f"{EVALUATION}:4",
}
COMMENTS: list[JsonValue] = [{"criterion": "impact", "comment": "Ауылға пайдасы айқын."}]
SHEET_EVENT = f"{EVALUATION}:4"
SHEET: Example = {
    "event_id": SHEET_EVENT,
    "project_version": 1,
    "points": POINTS,
    "comments": COMMENTS,
    "reason": "Учтены приложенные сметы",
    "replaces": f"{EVALUATION}:3",
    "at": "2020-05-04T06:00:00.000Z",
}
DRAFT: Example = {
    "project_version": 1,
    "points": POINTS[:1],
    "comments": [],
}
STAGE: Example = {
    "id": "first",
    "name": {"kk": "Бірінші кезең", "ru": "Первый тур", "en": "First round"},
    "panel": "jury",
    "judges_per_project": 3,
    "minimum_sheets": 2,
    "limit": 50,
    "criteria": [
        {
            "id": "impact",
            "name": {"kk": "Әлеуметтік әсері", "ru": "Социальный эффект", "en": "Social impact"},
            "weight": "1.00",
            "minimum": "0",
            "maximum": "10",
            "step": "0.5",
            "required": True,
        }
    ],
    "tie_break": ["criterion:impact", "median", "lot"],
}
ROUND_STATE: Example = {
    "round_id": ROUND,
    "season_id": "2020",
    "stage": STAGE,
    "status": "closed",
    "event_id": f"scoring/round/{ROUND}:2",
}
TO_SCORE: Example = {
    "round_id": ROUND,
    "project_id": PROJECT,
    "project_version": 1,
    "stage": STAGE,
    "own_points": POINTS,
    "own_sheet": SHEET,
    "draft": DRAFT,
    "content": {
        "title": "Ауыл кітапханасы",
        "summary": "A library for children of a remote village.",
        "organisation": {"name": "Үлгі ҚҚ (sample NGO)", "bin": "000000000001"},
        "nomination": "equal-opportunities",
        "goals": [4, 10],
        "region": "almaty",
        "settlement_kind": "village",
        "language": "kk",
        "budget": {
            "lines": [
                {
                    "title": "Shelves",
                    "quantity": 4,
                    "unit_price_tiyn": 2_500_000,
                    "requested_tiyn": 8_000_000,
                    "own_tiyn": 2_000_000,
                }
            ],
            "total_tiyn": 10_000_000,
            "requested_tiyn": 8_000_000,
        },
    },
}
RANKING: Example = {
    "round_id": ROUND,
    "event_id": f"scoring/round/{ROUND}:3",
    "ruleset_hash": HASH,
    "inputs_hash": HASH,
    "table_hash": HASH,
    "table": [
        {
            "rank": 1,
            "project_id": PROJECT,
            "nomination": "equal-opportunities",
            "total": "8.133333",
            "sheets": 3,
            "tied_with_next": False,
        }
    ],
    "few_sheets": {"projects": [PROJECT], "reason": "После отвода замены нет"},
    "moved": {
        "against": f"scoring/round/{ROUND}:2",
        "projects": [{"project_id": PROJECT, "from_rank": 51, "to_rank": 50, "crosses": "in"}],
    },
}
DECISION: Example = {
    "round_id": ROUND,
    "event_id": f"scoring/decision/{ROUND}:1",
    "published": False,
    "quorum": 6,
    "projects": [{"project_id": PROJECT, "rank": 1, "chosen": True}],
}
EXPLANATION: Example = {
    "round_id": ROUND,
    "project_id": PROJECT,
    "sources": {
        "season": "submission/season/2020:1",
        "draw": f"scoring/round/{ROUND}:1",
        "submission": f"submission/project/{PROJECT}:1",
        "ranking": f"scoring/round/{ROUND}:3",
    },
    "ruleset_hash": HASH,
    "inputs_hash": HASH,
    "table_hash": HASH,
    "sheets": [
        {
            "number": 1,
            "judge_id": None,
            "event_id": f"{EVALUATION}:4",
            "project_version": 1,
            "parts": [
                {
                    "criterion": "impact",
                    "name": STAGE["criteria"][0]["name"],  # type: ignore[index, call-overload]
                    "points": "7.50",
                    "weight": "1.00",
                    "weighted": "7.5000",
                }
            ],
            "weight": "1.00",
            "weighted": "7.5000",
            "total": "7.500000",
            "total_exact": "15/2",
            "counts": True,
        }
    ],
    "aside": [],
    "aggregation": "mean",
    "normalisation": None,
    "total": "7.500000",
    "total_exact": "15/2",
    "normalised": None,
    "normalised_exact": None,
    "rank": 12,
    "of": 155,
    "ties": [],
    "line": {"limit": 50, "above": True, "last_above": "6.250000", "first_below": "6.240000"},
    "outcome": {
        "event_id": f"scoring/decision/{ROUND}:1",
        "ranking_event_id": f"scoring/round/{ROUND}:3",
        "rank": 12,
        "chosen": True,
        "on_appeal": False,
        "chair_reason": None,
    },
    "changed_since": [],
    "language": "en",
    "lines": [{"text": "Rank: 12 of 155", "level": 0, "event_ids": [f"scoring/round/{ROUND}:3"]}],
}
FAIRNESS: Example = {
    "round_id": ROUND,
    "due": 474,
    "done": 316,
    "share_done": "0.666667",
    "judges": [
        {
            "judge_id": JUDGE,
            "due": 53,
            "done": 40,
            "compared": 38,
            "severity": "-0.412500",
            "drift": "0.220000",
            "stands_out": False,
        }
    ],
    "ordered": 310,
    "order_effect": "-0.150000",
    "settlements": [
        {
            "name": "village",
            "projects": 41,
            "mean": "6.210000",
            "against_rest": "-0.320000",
            "stands_out": True,
        }
    ],
    "city_less_village": "0.350000",
    "languages": [
        {
            "name": "kk",
            "projects": 70,
            "mean": "6.480000",
            "against_rest": "0.040000",
            "stands_out": False,
        }
    ],
}
REGISTER_ROW: Example = {
    "project_id": PROJECT,
    "title": "Ауыл кітапханасы",
    "nomination": "equal-opportunities",
    "region": "almaty",
    "judge_id": JUDGE,
    "judge": "Судья Үлгі",
    "project_version": 1,
    "status": "voided",
    "points": {"relevance": "7.50", "impact": "8.00"},
    "total": "7.800000",
    "event_id": f"{EVALUATION}:4",
    "by_event_id": f"{EVALUATION}:6",
    "reason": "A conflict of interest was found later.",
}
AWARDS: Example = {
    "season_id": "2020",
    "event_id": "scoring/awards/2020:1",
    "published": False,
    "funds_tiyn": 3_000_000_000,
    "awarded_tiyn": 350_000_000,
    "awards": [
        {
            "project_id": PROJECT,
            "nomination": "equal-opportunities",
            "amount_tiyn": 350_000_000,
        }
    ],
}
RESERVE: Example = {
    "season_id": "2020",
    "reserve": [PROJECT],
    "places": [
        {
            "in_place_of": JUDGE,
            "nomination": "equal-opportunities",
            "amount_tiyn": 350_000_000,
            "event_id": "scoring/awards/2020:9",
            "taken_by": None,
            "next": PROJECT,
            "room_tiyn": 350_000_000,
        }
    ],
}
LINK_TOKEN = "header.payload.signature-of-the-link-in-the-mail"  # noqa: S105 - no token at all
SIGN_IN: Example = {"token": LINK_TOKEN}
SESSION: Example = {
    "access_token": "header.payload.signature",
    "token_type": "bearer",
    "judge_id": JUDGE,
    "expires_at": "2020-04-20T21:00:00.000Z",
}
