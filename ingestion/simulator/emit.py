"""Everything a world leaves behind in real sources: the app's database, CSV folders, Stripe's memory.

Names in one place; each is written in emit_app.py, emit_files.py and emit_stripe.py.
"""

from ingestion.simulator.emit_app import write_app_duckdb, write_app_postgres
from ingestion.simulator.emit_files import write_files
from ingestion.simulator.emit_stripe import StripeState, stripe_state

__all__ = ["StripeState", "stripe_state", "write_app_duckdb", "write_app_postgres", "write_files"]
