"""The nouns of Comity: formats, hashes and public cryptography, free of frameworks and networks."""

__version__ = "0.1.0"
