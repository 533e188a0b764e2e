"""The ledger: Solidity contracts, artifacts, and the typed client that reads and writes them."""
