"""A whole network on one machine: a chain, bodies of several economies, a verifier abroad.

It starts the product's own commands as processes and talks to them as their users do, over the
command line and HTTP. It imports no other room's internals, so nothing works here that would not
work on as many machines. The chain is the embedded one of one supervisor: its consensus is a
stand-in for the engine that a real network runs.
"""
