"""The user's policy: how certspan judges here. `model.py` has all its keys, `read.py` reads it, `apply.py` gives it to
the rules, `place.py` to their findings.
"""
