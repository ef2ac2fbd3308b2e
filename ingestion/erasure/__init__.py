"""Erasing people and accounts: the ledger of who was erased, how they are recognised, and the lake without them."""
