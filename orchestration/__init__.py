"""Orchestration: settings, the command line, and the Dagster job. The only package that knows all the others."""
