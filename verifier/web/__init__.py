"""The verifier's edge to people and programs: the page and the HTTP API.

No check is made here; both ask the desk and show its report.
"""
