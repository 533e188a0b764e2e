"""Private keys: signers by URI, each of which signs for its purpose only."""
