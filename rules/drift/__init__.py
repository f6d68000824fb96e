"""One module an item of known drift: what the repository does otherwise than it says, told and never failed.

See `rules.registry` for what a module offers, and `rules.ledger` for what a pull request makes of it.
"""
