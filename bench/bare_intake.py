"""The limit of intake: a bare FastAPI app that writes what submission writes, as durably.

Served like the services (uvicorn on uvloop, no access log). It validates the same body, inserts the
draft with its contact person and the outbox entry of that person, and hands the draft in by one
read and one conditional update of state and outbox: two writes and one read a project, all
acknowledged by majority and journal. It knows no season, no rule, no repeat, no signature, and
nothing takes its outboxes to Kafka.
"""

import argparse
import socket
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
import uvloop
from fastapi import FastAPI, Header, HTTPException
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import WriteConcern

from services.submission.messages import SaveDraft

AUTHORIZATION = "Bearer bench"
Authorization = Annotated[str, Header()]
Document = dict[str, Any]


def create_app(projects: "AsyncIOMotorCollection[Document]") -> FastAPI:
    """The two endpoints that the bench calls."""
    app = FastAPI(title="bare intake")

    @app.put("/projects/{id}")
    async def save_draft(id: str, body: SaveDraft, authorization: Authorization) -> Document:
        _check(authorization)
        draft = body.model_dump(mode="json", exclude={"season_id", "contact"})
        contact = body.contact.model_dump(mode="json") if body.contact else {}
        person = {"person_id": id, **contact, "consents": ["project-correspondence"]}
        await projects.insert_one(
            {
                "_id": id,
                "version": 1,
                "sequence": 0,
                "state": {
                    "project_id": id,
                    "season_id": body.season_id,
                    "status": "draft",
                    "draft": draft,
                    "versions": [],
                },
                "people": {id: person},
                "pending": True,
                "outbox": [_entry("PersonRecorded", f"person/{id}", 1, person)],
            }
        )
        return {"project_id": id, "season_id": body.season_id, "status": "draft", "draft": draft}

    @app.post("/projects/{id}/submit")
    async def submit(id: str, authorization: Authorization) -> Document:
        _check(authorization)
        found = await projects.find_one({"_id": id})
        if found is None:
            raise HTTPException(404)
        event = _submitted(found["state"])
        entry = _entry("ProjectSubmitted", f"project/{id}", 1, event)
        state = found["state"] | {"status": "submitted", "versions": [event]}
        written = await projects.update_one(
            {"_id": id, "version": found["version"]},
            {
                "$set": {
                    "version": found["version"] + 1,
                    "sequence": 1,
                    "state": state,
                    "pending": True,
                },
                "$push": {"outbox": entry},
            },
        )
        if written.matched_count != 1:
            raise HTTPException(409)
        return {"project_id": id, "status": "submitted", "version": 1, "event_id": entry["id"]}

    return app


def _check(authorization: str) -> None:
    if authorization != AUTHORIZATION:
        raise HTTPException(401)


def _submitted(state: Document) -> Document:
    lines = state["draft"]["budget_lines"]
    content = {key: value for key, value in state["draft"].items() if key != "budget_lines"}
    content["budget"] = {
        "lines": lines,
        "total_tiyn": sum(line["quantity"] * line["unit_price_tiyn"] for line in lines),
        "requested_tiyn": sum(line["requested_tiyn"] for line in lines),
    }
    return {
        "project_id": state["project_id"],
        "season_id": state["season_id"],
        "version": 1,
        "submitted_at": datetime.now(UTC).isoformat(),
        "content": content,
    }


def _entry(type_name: str, subject: str, sequence: int, body: Document) -> Document:
    id = f"submission/{subject}:{sequence}"
    headers = {"ce_id": id, "ce_type": type_name, "ce_subject": subject, "ce_sequence": sequence}
    return {"id": id, "key": subject, "headers": headers, "body": body}


def main() -> None:
    """Serve on a free port, which is said on the first line of the output."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare_intake", description=__doc__)
    parser.add_argument("--mongo-url", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(listener.getsockname()[1], flush=True)
        uvloop.run(_serve(given.mongo_url, given.database, listener))


async def _serve(mongo_url: str, database: str, listener: socket.socket) -> None:
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(mongo_url, tz_aware=True)
    projects = client.get_database(database, write_concern=WriteConcern("majority", j=True))[
        "projects"
    ]
    await projects.create_index(
        [("pending", 1), ("slot", 1)], partialFilterExpression={"pending": True}
    )
    await projects.create_index([("state.season_id", 1), ("_id", 1)])
    await projects.create_index([("state.applicant", 1), ("_id", 1)])
    config = uvicorn.Config(
        create_app(projects),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=8,
        server_header=False,
    )
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    main()
