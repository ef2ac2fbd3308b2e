"""What the job and the commands do, in plain Python. Nothing here makes a Dagster object."""
