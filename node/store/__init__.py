"""The node's database: trusted, and the one thing that may never be lost."""
