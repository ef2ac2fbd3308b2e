"""Who signs up: accounts, where they came from, their agents, and the persons the border must keep out.

Signing up and setting up agents belong here; buying does not (lifecycle.py), nor what visitors do (conversations.py).
"""

from dataclasses import dataclass, field
from datetime import date

from ingestion.simulator.clock import DAY, HOUR, days_between, local_midnight
from ingestion.simulator.randomness import happens, stream, uuid_of

_COUNTRIES = ("DE", "AT", "NL", "FR", "PL", "US", "GB", "CH")
_COUNTRY_WEIGHTS = (52, 9, 8, 7, 5, 9, 6, 4)
_CURRENCIES = {"US": "USD", "GB": "GBP", "JP": "JPY"}
_FIRST = ("Anna", "Jonas", "Mia", "Lukas", "Sofia", "Emil", "Lea", "Paul", "Nora", "Felix", "Ida", "Max")
_LAST = ("Becker", "Lindner", "Vogel", "Kramer", "Seidel", "Hartmann", "Novak", "Jansen", "Moreau", "Ellis")
_TRADES = ("Optik", "Reisen", "Werkstatt", "Kaffee", "Immobilien", "Praxis", "Garten", "Moden", "Software", "Verlag")
# What brings visitors: how often, which channel it is, and what the first touch leaves in the app: utm_source,
# utm_medium, utm_campaign, referrer.
_Touch = tuple[str | None, str | None, str | None, str | None]
_TOUCHES: tuple[tuple[int, str, _Touch], ...] = (
    (26, "organic_search", (None, None, None, "https://www.google.com/search?q=ai+chat+agent")),
    (7, "organic_search", (None, None, None, "https://www.bing.com/")),
    (4, "organic_search", (None, None, None, "https://duckduckgo.com/")),
    (18, "wordpress_plugin", ("wordpress", "plugin", "netvexa_listing", "https://wordpress.org/plugins/netvexa/")),
    (4, "wordpress_plugin", (None, None, None, "https://wordpress.org/plugins/search/chat/")),
    (17, "google_ads", ("google", "cpc", "brand_de", "https://www.google.com/")),
    (8, "google_ads", ("google", "cpc", "generic_eu", "https://www.google.com/")),
    (7, "content_marketing", ("newsletter", "email", "spring_guide", None)),
    (6, "content_marketing", ("blog", "content", "ai_agent_handbook", "https://www.netvexa.example/blog/handbook")),
    (2, "other", ("partner", "referral", "agency week", "https://agency.example/tools")),
    (5, "other", (None, None, None, None)),
    (1, "other", ("max.muster@example.org", "email", "call +49 30 1234567", "not a url")),
)


@dataclass
class Account:
    """A row of the app's `accounts`; instants in Unix seconds."""

    index: int
    id: str
    created_at: int
    country: str
    currency: str
    channel: str
    touch: _Touch
    email: str
    company_name: str
    phone: str
    kind: str = "trial"
    # False for an account that only Stripe knows.
    in_app: bool = True
    stripe_customer_id: str | None = None
    stripe_customer_at: int | None = None
    deleted_at: int | None = None


@dataclass
class Agent:
    """A row of the app's `agents`, and how busy it is.

    `first_value_at` is when its first visitor comes; `in_use` are the spans (from, to) in which the account uses it.
    """

    index: int
    id: str
    account: Account
    created_at: int
    first_value_at: int | None
    weekly_rate: float
    liveliness: float
    in_use: list[tuple[int, int | None]] = field(default_factory=list)
    deleted_at: int | None = None


def sign_ups(seed: int, start: date, end: date) -> list[Account]:
    """Everyone who registered from `start` to `end` (exclusive), in order."""
    accounts: list[Account] = []
    for number, day in enumerate(days_between(start, end)):
        rng = stream(seed, "sign-ups", day)
        growth = 0.36 + 1.18 * min(1.0, number / 608) ** 1.1
        rhythm = (1.2, 1.25, 1.15, 1.1, 0.95, 0.6, 0.65)[day.weekday()]
        season = {7: 0.85, 8: 0.8, 12: 0.75, 1: 1.15, 9: 1.15}.get(day.month, 1.0)
        expected = growth * rhythm * season
        count = int(expected) + (rng.random() < expected % 1) + happens(rng, 0.08)
        length = local_midnight(date.fromordinal(day.toordinal() + 1)) - local_midnight(day)
        moments = sorted(int(length * rng.betavariate(3, 2.4)) for _ in range(count))
        if moments and day.day == 1:
            moments[0] = 0
        accounts += [
            new_account(seed, len(accounts) + offset, local_midnight(day) + moment)
            for offset, moment in enumerate(moments)
        ]
    return accounts


def new_account(seed: int, index: int, created_at: int, country: str | None = None, name: str = "") -> Account:
    """One registration; `name` sets scripted accounts apart from the crowd."""
    rng = stream(seed, "account", name, index, created_at)
    drawn = rng.choices(_COUNTRIES, _COUNTRY_WEIGHTS)[0]
    country = country or drawn
    first, last, trade = rng.choice(_FIRST), rng.choice(_LAST), rng.choice(_TRADES)
    _, channel, touch = rng.choices(_TOUCHES, [weight for weight, *_ in _TOUCHES])[0]
    kind = rng.choices(("trial", "direct", "visitor"), (93, 2, 5))[0]
    return Account(
        index=index,
        id=uuid_of(seed, "account", name, index, created_at),
        created_at=created_at,
        country=country,
        currency=_CURRENCIES.get(country, "EUR"),
        channel=channel,
        touch=touch,
        email=f"{first}.{last}{index}@{trade}-{last}.example".lower(),
        company_name=f"{trade} {last} {rng.choice(('GmbH', 'KG', 'AG', 'Ltd'))}",
        phone=f"+49 30 {rng.randrange(10**6, 10**7)}",
        kind=kind,
    )


def first_agents(seed: int, account: Account) -> list[Agent]:
    """The agents an account sets up soon after registering; most see a visitor within a day, some never."""
    rng = stream(seed, "agents", account.id)
    count = rng.choices((0, 1, 2, 3), (52, 41, 5, 2))[0]
    if account.kind in {"direct", "cast"}:
        count = max(1, count)
    agents = []
    for number in range(count):
        created_at = account.created_at + int(rng.lognormvariate(7.2, 1.0)) + number * 2 * DAY
        delay = int(HOUR * rng.lognormvariate(1.55, 1.25))
        # Some never see a visitor; a few were used by a clock that runs slow, or exactly a day later.
        moments = (created_at + delay, None, created_at - 2 * HOUR, created_at + DAY)
        first_value_at = rng.choices(moments, (86, 12, 1, 1))[0]
        outlived = happens(rng, 0.08)
        agents.append(
            Agent(
                index=-1,
                id=uuid_of(seed, "agent", account.id, number),
                account=account,
                created_at=created_at,
                first_value_at=first_value_at,
                weekly_rate=rng.lognormvariate(4.05, 0.35),
                liveliness=rng.betavariate(1.1, 14.0),
                deleted_at=created_at + int(rng.uniform(40, 300) * DAY) if outlived else None,
            )
        )
    return agents
