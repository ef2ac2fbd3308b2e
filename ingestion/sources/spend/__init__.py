"""Acquisition spend: CSV files that advertising tools export and people keep."""
