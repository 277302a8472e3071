"""The fault suite: each row hurts a stack that plays a small fair, and counts what that did.

Not here yet, of issue 3: replica-joins-leaves, worst-order, clock-jump, disk-full-maildir,
replay-same-group, replay-new-group, replay-under-traffic, and the sabotage of mechanisms.
"""
