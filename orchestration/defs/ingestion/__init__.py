"""The raw tables of the lake, and where they come from."""
