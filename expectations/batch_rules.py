"""Gate 1: what must hold of every staged batch, table by table.

Belongs here: claims about the rows of one table, as data. Does not belong here: claims that hold of every table alike
(batch_baseline), limits (thresholds), the running (batch_profile). A condition sees the table's columns and
`partition_value`, and says what is wrong: rows for which it is true are offenders.
"""

from __future__ import annotations

from expectations.keys import shown
from expectations.raw_tables import STRIPE_OBJECTS
from expectations.report import Asset, CheckSpec, Severity
from expectations.rule import KeyRule, QueryRule, RowRule, Rule
from expectations.thresholds import CLOCK_AHEAD_DAYS, CLOCK_BEHIND_DAYS, DUPLICATE_EVENTS_WARN_SHARE

# METRICS 1.1. Each list is written as an SQL list, because conditions are SQL.
CONVERSATION_TYPES = "('conversation_started', 'message_sent', 'response_rated', 'lead_captured', 'conversation_ended')"
ACCOUNT_TYPES = "('trial_started', 'trial_converted', 'feature_used', 'experiment_exposed')"
PROPERTY_TYPES = {
    "is_test": "('conversation_started')",
    "channel": "('conversation_started')",
    "sender": "('message_sent')",
    "is_accurate": "('response_rated')",
    "plan": "('trial_started', 'trial_converted')",
    "trial_days": "('trial_started')",
    "amount": "('trial_converted')",
    "currency": "('trial_converted')",
    "feature": "('feature_used')",
    "experiment": "('experiment_exposed')",
    "variant": "('experiment_exposed')",
}
WORD = "[A-Za-z0-9_.:/ -]{1,64}"
DECIMAL = r"-?[0-9]+(\.[0-9]+)?"
CURRENCY = "[A-Z]{3}"
VISITOR_TOKEN = "[^_]+_[0-9a-f]{64}"
HOST = "[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?"


def _rows(asset: Asset, name: str, violation: str, description: str, severity: Severity = "block") -> RowRule:
    return RowRule(spec=CheckSpec(asset, name, severity, description), violation=violation)


def _key(asset: Asset, name: str, columns: tuple[str, ...], description: str, severity: Severity = "block") -> KeyRule:
    return KeyRule(spec=CheckSpec(asset, name, severity, description), columns=columns)


def _missing_text(*columns: str) -> str:
    return " or ".join(f"coalesce({column}, '') = ''" for column in columns)


def _null(*columns: str) -> str:
    return " or ".join(f"{column} is null" for column in columns)


def _unlike(pattern: str, *columns: str) -> str:
    """True where a column holds text that is not wholly of the pattern; NULL is fine."""
    return " or ".join(f"not regexp_full_match({column}, '{pattern}')" for column in columns)


def _misplaced_properties() -> str:
    return " or ".join(
        f"({column} is not null and event_type not in {types})" for column, types in PROPERTY_TYPES.items()
    )


def _app_rules() -> tuple[Rule, ...]:
    events, accounts, agents = (("raw_app", table) for table in ("events", "accounts", "agents"))
    return (
        _rows(
            events,
            "event_keys_are_complete",
            f"{_missing_text('id', 'event_type')} or {_null('occurred_at', 'received_at')}",
            "Every event has an id, a type and both instants.",
        ),
        _rows(
            events,
            "event_subjects_are_complete",
            f"(event_type in {CONVERSATION_TYPES} and ({_missing_text('account_id', 'agent_id', 'conversation_id')}))"
            f" or (event_type in {ACCOUNT_TYPES} and ({_missing_text('account_id')}))",
            "Events of conversations name account, agent and conversation; events of accounts name the account.",
        ),
        _rows(
            events,
            "events_lie_in_their_day",
            "strftime(received_at at time zone 'UTC', '%Y-%m-%d') <> partition_value",
            "Every event was received on the UTC day of its partition.",
        ),
        _rows(
            events,
            "event_clocks_are_plausible",
            f"occurred_at > received_at + interval {CLOCK_AHEAD_DAYS} day"
            f" or occurred_at < received_at - interval {CLOCK_BEHIND_DAYS} day",
            "The client's clock is at most a day ahead of the server's and 366 days behind.",
        ),
        _rows(
            events,
            "visitors_are_keyed_tokens",
            _unlike(VISITOR_TOKEN, "visitor_token"),
            "A visitor is a key id, an underscore and 64 hexadecimal digits: a raw visitor id never lands.",
        ),
        _rows(
            events,
            "senders_are_known",
            "sender not in ('visitor', 'agent')",
            "A message was sent by the visitor or by the agent.",
        ),
        _rows(
            events,
            "properties_belong_to_their_type",
            _misplaced_properties(),
            "A property lands only with the event types whose list names it.",
        ),
        _rows(
            events,
            "words_are_plain",
            _unlike(WORD, "channel", "plan", "feature", "experiment", "variant"),
            "Words out of properties match the pattern that may leave the app.",
        ),
        _rows(
            events,
            "conversion_amounts_are_decimals",
            _unlike(DECIMAL, "amount") + " or " + _unlike(CURRENCY, "currency"),
            "Amounts are decimals as text, currencies three capital letters.",
        ),
        QueryRule(
            spec=CheckSpec(
                events, "duplicate_events_are_few", "warn", "The same id rarely arrives twice within one batch."
            ),
            maximum=DUPLICATE_EVENTS_WARN_SHARE,
            unit="share of rows that repeat an id",
            measure="(select (count(id) - count(distinct id)) / nullif(count(id), 0) from batch)",
            examples=f"select {shown('id')} from batch group by id having count(id) > 1 order by count(*) desc, id",
        ),
        _rows(
            accounts,
            "account_keys_are_complete",
            f"{_missing_text('id')} or created_at is null",
            "Every account has an id and an instant of creation.",
        ),
        _key(accounts, "account_ids_are_unique", ("id",), "A snapshot names an account once."),
        _rows(
            accounts,
            "campaign_words_are_plain",
            _unlike(WORD, "utm_source", "utm_medium", "utm_campaign"),
            "utm fields match the pattern that may leave the app.",
        ),
        _rows(
            accounts,
            "referrers_are_hosts",
            _unlike(HOST, "referrer_host"),
            "A referrer is a host, without path, query or user.",
        ),
        _rows(
            accounts,
            "countries_are_iso_codes",
            _unlike("[A-Z]{2}", "country"),
            "A country is two capital letters.",
            "warn",
        ),
        _rows(
            agents,
            "agent_keys_are_complete",
            f"{_missing_text('id', 'account_id')} or created_at is null",
            "Every agent has an id, an account and an instant of creation.",
        ),
        _key(agents, "agent_ids_are_unique", ("id",), "A snapshot names an agent once."),
    )


def _stripe_rules() -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for table in (*STRIPE_OBJECTS, "events"):
        asset = ("raw_stripe", table)
        # A refund is the one object of Stripe's that does not say whether it is live: its charge does.
        said = ("created_at",) if table == "refunds" else ("created_at", "livemode")
        # An event that Stripe rendered in another API version is a signal without a snapshot, and says which version.
        named = (
            f"{_missing_text('id', 'type', 'object_id')} or coalesce(nullif(payload, ''), api_version, '') = ''"
            if table == "events"
            else _missing_text("id", "payload")
        )
        rules += (
            _rows(
                asset,
                "object_keys_are_complete",
                f"{named} or read_at is null",
                "Every version has its object's id, its payload and the instant it was read.",
            ),
            _rows(
                asset,
                "objects_say_when_and_in_which_mode",
                _null(*said),
                "Stripe says when it created an object and whether it is live; one that does not counts as live.",
                "warn",
            ),
            _key(asset, "versions_are_unique", ("id", "payload", "read_at"), "A read finds a version once."),
            _rows(
                asset,
                "reads_lie_in_their_day",
                "strftime(read_at at time zone 'UTC', '%Y-%m-%d') <> partition_value",
                "Every version was read on the UTC day of its partition.",
            ),
            _rows(
                asset,
                "payloads_are_json_objects",
                "case when json_valid(payload) then json_type(payload) <> 'OBJECT' else payload is not null end",
                "Every payload is one JSON object.",
            ),
        )
    return tuple(rules)


def _file_rules() -> tuple[Rule, ...]:
    ads, costs, plugin, ecb = (
        ("raw_spend", "google_ads"),
        ("raw_spend", "costs"),
        ("raw_spend", "wordpress_plugin"),
        ("raw_rates", "ecb"),
    )
    own_file = tuple(
        _rows(asset, "rows_name_their_file", "source_file is distinct from partition_value", "Rows name their file.")
        for asset in (ads, costs, plugin, ecb)
    )
    return (
        *own_file,
        _rows(
            ads,
            "ad_keys_are_complete",
            f"{_missing_text('campaign_id', 'currency')} or {_null('spend_date', 'cost_micros', 'row_number')}",
            "Every ad row has a day, a campaign, a cost and a currency.",
        ),
        _key(
            ads,
            "ad_rows_are_unique",
            ("spend_date", "customer_id", "campaign_id"),
            "A file names a day, customer and campaign once: only the last row counts. Export without segments.",
            "warn",
        ),
        _rows(ads, "ad_costs_are_not_negative", "cost_micros < 0", "Google reports no negative cost."),
        _rows(ads, "ad_currencies_are_codes", _unlike(CURRENCY, "currency"), "A currency is three capital letters."),
        _rows(
            ads,
            "ad_volumes_are_not_negative",
            f"clicks < 0 or impressions < 0 or starts_with(conversions, '-') or {_unlike(DECIMAL, 'conversions')}",
            "Clicks, impressions and conversions are numbers from 0.",
            "warn",
        ),
        _rows(
            costs,
            "cost_keys_are_complete",
            f"{_missing_text('amount', 'currency')} or {_null('cost_date', 'row_number')}",
            "Every bill has a day, an amount and a currency.",
        ),
        _key(costs, "bill_rows_are_unique", ("row_number",), "A line of a file lands once; equal bills are two bills."),
        _rows(
            costs,
            "cost_amounts_are_decimals",
            f"{_unlike(DECIMAL, 'amount')} or {_unlike(CURRENCY, 'currency')}",
            "Amounts are decimals as text, currencies three capital letters.",
        ),
        _rows(
            costs,
            "cost_periods_run_forwards",
            "date_to < cost_date",
            "A bill over several days ends on or after its first day.",
        ),
        _rows(
            plugin,
            "plugin_keys_are_complete",
            f"{_missing_text('slug')} or stat_date is null",
            "Every row of plugin figures has a day and a slug.",
        ),
        _key(plugin, "plugin_days_are_unique", ("stat_date", "slug"), "A file names a day and slug once."),
        _rows(
            plugin,
            "plugin_volumes_are_not_negative",
            "active_installs < 0 or downloads < 0",
            "Installs and downloads are counts.",
            "warn",
        ),
        _rows(
            ecb,
            "rate_keys_are_complete",
            f"{_missing_text('currency')} or rate_date is null",
            "Every rate has a day and a currency.",
        ),
        _key(ecb, "rate_days_are_unique", ("rate_date", "currency"), "A file gives one rate a day and currency."),
        _rows(
            ecb,
            "rates_are_positive",
            f"rate is null or {_unlike(DECIMAL, 'rate')} or coalesce(try_cast(rate as decimal(38, 12)), 0) <= 0",
            "Every rate is a decimal above 0.",
        ),
        _rows(ecb, "rate_currencies_are_codes", _unlike(CURRENCY, "currency"), "A currency is three capital letters."),
    )


def rules_of_tables() -> tuple[Rule, ...]:
    """Every claim about the rows of one raw table, in the order of docs/lake.md."""
    return (*_app_rules(), *_stripe_rules(), *_file_rules())
