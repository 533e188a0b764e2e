"""A whole network on one machine: a chain, three bodies of three economies, a verifier abroad.

It starts the product's own commands as processes and talks to them as their users do, over the
command line and HTTP. It imports no other room's internals, so nothing works here that would not
work on three machines. The chain is the embedded one of one supervisor: its consensus is a
stand-in for the engine that a real network runs.
"""
