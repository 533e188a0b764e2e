"""Public cryptography: what a signature says, never how to make one with a private key."""
