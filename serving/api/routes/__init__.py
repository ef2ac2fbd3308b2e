"""The routes, one module a kind."""
