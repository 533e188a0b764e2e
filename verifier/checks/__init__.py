"""The questions behind the nine lines, one module a group; none does input or output.

Each module has functions from a :class:`verifier.checks.case.Case` to a finding. A finding is a
reason code and its places; outcomes and sentences come from ``core/reasons.py`` alone.
"""
