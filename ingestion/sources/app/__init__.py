"""The app's database: accounts, agents and the append-only events."""
