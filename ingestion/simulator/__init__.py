"""A subscription company that never existed, and the sources it would have left behind.

Here belong the world model, its ledger of the truth and the writers that put the world into the shapes of the real
sources. Nothing here reads the lake or the warehouse, and no source imports anything from here.
"""
