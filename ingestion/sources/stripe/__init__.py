"""Stripe: what was sold, billed, paid and refunded, over its HTTP API."""
