"""Checks that stand between the warehouse and its readers."""
