"""The node's web process: issuer API and public documents. It can reach no key.

What has to be signed it keeps in the database for the worker. Tokens open the API; the public
documents are open to all, and nothing here lists certificates.
"""
