"""The scripted accounts of every company: each plays one thing that must occur, whatever the dice say.

Brings the scenes on stage; the scenes are in cast_plans.py, cast_lives.py and cast_billing.py, ordinary customers in
lifecycle.py.
"""

from datetime import date

from ingestion.simulator.accounts import Account, new_account
from ingestion.simulator.cast_billing import BILLING_SCENES
from ingestion.simulator.cast_lives import LIFE_SCENES
from ingestion.simulator.cast_plans import PLAN_SCENES
from ingestion.simulator.clock import DAY
from ingestion.simulator.desk import Desk
from ingestion.simulator.scene import Scene

SCENES: tuple[Scene, ...] = (*PLAN_SCENES, *LIFE_SCENES, *BILLING_SCENES)


def scripted_accounts(seed: int, start: date, end: int) -> list[tuple[Account, Scene]]:
    """The accounts of all scenes that begin before the world's end (Unix seconds)."""
    accounts = []
    for number, scene in enumerate(SCENES):
        begins = scene.begins(start)
        if begins < end:
            account = new_account(seed, number, begins - DAY, scene.country, scene.name)
            account.kind = "cast"
            account.in_app = scene.app == "linked"
            accounts.append((account, scene))
    return accounts


def play(desk: Desk, scene: Scene, start: date) -> None:
    """Put a scene on its desk's agenda."""
    begins = scene.begins(start)
    desk.at(begins, lambda at: scene.play(desk, at))
