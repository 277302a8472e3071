"""What the states and refusals of this room share."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from services.kit.refusal import Fault, Refused


class State(BaseModel):
    """Base of the states: immutable, and compared by value."""

    model_config = ConfigDict(frozen=True)


def invalid(rule: str, faults: Sequence[Fault]) -> Refused:
    """A command with wrong fields."""
    detail = "; ".join(f"{fault.where}: {fault.what}" for fault in faults)
    return Refused("invalid", rule, detail, faults)


def evaluation_id(round_id: str, project_id: str) -> str:
    """The id of a project's evaluation in a round."""
    return f"{round_id}~{project_id}"
