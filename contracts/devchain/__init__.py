"""The embedded development chain: one anvil, kept honest and durable by our own supervisor.

``anvil`` starts the program, ``journal`` keeps what must survive, ``miner`` accepts transactions
and makes blocks, ``gateway`` is the only door, ``supervisor`` runs them. Nothing here imports
web3, and nothing here signs. See ``docs/adr/0001-embedded-chain.md``.
"""
