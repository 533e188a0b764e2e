"""The ledger: Solidity contracts, their artifacts, and the typed client that reads and writes them."""
