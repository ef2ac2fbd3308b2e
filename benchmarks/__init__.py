"""Benchmarks: where the nightly job's time and memory go, measured beside lower bounds in the same run."""
