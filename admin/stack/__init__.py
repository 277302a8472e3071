"""The local stack: the whole platform as processes of this machine, without containers.

`admin.stack.stack.Stack` is the way in for programs, `zharmenke stack` for people.
"""
