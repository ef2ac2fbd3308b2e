"""The metrics API: the published version over HTTP, read-only."""
