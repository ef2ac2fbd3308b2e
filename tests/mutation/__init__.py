"""What would notice a wrong mart: every mart is broken in every way we can think of, and the guards of a night run."""
