"""What the states of this room share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["draft", "submitted", "eligible", "ineligible", "withdrawn"]

LARGEST_BUDGET_TIYN = 10**15
"""The largest sum of money the contract can say."""


class State(BaseModel):
    """Base of the states: immutable, and compared by value."""

    model_config = ConfigDict(frozen=True)
