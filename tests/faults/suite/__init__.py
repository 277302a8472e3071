"""The fault suite: each row hurts a stack that plays a small fair, and counts what that did."""
