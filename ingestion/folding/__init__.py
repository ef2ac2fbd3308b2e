"""Days of the app's events that leave the lake: what stays of them, and how they go."""
