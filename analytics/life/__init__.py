"""The life of findings: opened, changed, resolved, stale, reopened; told by events that are written once.

A finding's state follows from its events alone (view `finding`). Silence never resolves: it makes stale.
"""
