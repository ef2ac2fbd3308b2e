"""What was planted in every source is nowhere after a night, however the night ended; nor in what is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from ingestion.simulator.emit import stripe_state
from ingestion.simulator.stripe_server import Answer, SandboxStripe
from ingestion.simulator.world import World
from orchestration.lib.dashboards import published_content
from orchestration.lib.paths import DataLayout
from superset_dashboards.assets import read_assets
from superset_dashboards.native import bundle, documents
from tests.e2e.sources import STRIPE_KEY, Company, app_in_postgres
from tests.e2e.steps import read_rows
from tests.integration.api.running_api import running_api
from tests.integration.ingestion.app_database import execute
from tests.privacy.canaries import CANARIES, EMAIL, LABEL_LIKE, NAME, SENTENCE
from tests.privacy.conftest import AS_OF, Run, night
from tests.privacy.planting import plant_in_app, planted_in_stripe
from tests.privacy.scanner import scan, scan_text

FORMATS = ("application/json", "text/csv", "application/vnd.apache.arrow.stream")


def test_published_night__leaves_no_canary_anywhere(good_night: Run) -> None:
    assert good_night.code == 0, good_night.said
    assert (good_night.data / "published" / "current" / "warehouse.duckdb").exists()
    assert scan(good_night.folder) == []


def test_published_night__set_aside_and_nulled_what_it_did_not_let_pass(good_night: Run) -> None:
    manifests = [json.loads(path.read_text()) for path in good_night.data.glob("lake/raw_*/*/*/manifest.json")]
    nulled = {name for manifest in manifests for name in manifest["nulled_values"]}
    assert {"utm_source", "referrer_host", "channel", "plan", "feature", "experiment", "vendor"} <= nulled
    aside = {(manifest["source"], manifest["table"]) for manifest in manifests if manifest["quarantined_rows"]}
    assert {("app", "accounts"), ("app", "events"), ("spend", "costs"), ("stripe", "coupons")} <= aside


def test_published_night__lets_a_name_pass_where_it_reads_like_a_label_and_nowhere_else(good_night: Run) -> None:
    found = scan(good_night.data / "lake", (LABEL_LIKE,))
    columns = {(finding.file.split("/")[1], finding.place) for finding in found}
    assert {column for column in columns if column[1] not in {"", "statistics"}} == {
        ("accounts", "utm_campaign"),
        ("costs", "vendor"),
    }
    published = scan(good_night.data / "published", (LABEL_LIKE,))
    assert {finding.place for finding in published if finding.place} == {"marts.fct_spend_daily.vendor"}


def test_dashboards__are_sent_to_superset_without_a_canary(good_night: Run, tmp_path: Path) -> None:
    sent = bundle(documents(read_assets(), published_content(DataLayout(good_night.data))))
    (tmp_path / "bundle.zip").write_bytes(sent)
    assert scan(tmp_path) == []


def test_night_stopped_by_a_gate__leaves_no_canary_anywhere(
    world: World, planted_company: Company, postgres_dsn: str, tmp_path: Path
) -> None:
    dsn = app_in_postgres(world, postgres_dsn, AS_OF)
    plant_in_app(dsn)
    # Ids that no border can know for what they are, twice, so that the gate has rows to show.
    ids = ", ".join(f"('{text}', timestamptz '2026-02-20 10:00+00')" for text in [NAME.text, SENTENCE.text] * 2)
    execute(dsn, [f"insert into accounts (id, created_at) values {ids}"])
    stopped = night(planted_company.reading(dsn), tmp_path, NETVEXA_QUARANTINE_MAX_SHARE="1")
    assert stopped.code == 1
    assert "gate 1 refuses" in stopped.said
    assert f"({len(NAME.text)} characters)" in stopped.said
    assert scan(tmp_path) == []


def test_night_broken_by_a_row__leaves_no_canary_anywhere(
    world: World, planted_company: Company, postgres_dsn: str, tmp_path: Path
) -> None:
    dsn = app_in_postgres(world, postgres_dsn, AS_OF)
    execute(
        dsn,
        [
            f"update accounts set email = '{EMAIL.text}'",
            "alter table accounts rename to companies",
            "create view accounts as select id, created_at, country, utm_source, utm_medium, utm_campaign, referrer, "
            "cast(cast(email as integer) as text) as stripe_customer_id, deleted_at from companies",
        ],
    )
    broken = night(planted_company.reading(dsn), tmp_path)
    assert broken.code == 1
    assert "cannot be read" in broken.said
    assert scan(tmp_path) == []


class RepeatingStripe(SandboxStripe):
    """Refuses with a body that repeats personal data in each of its fields."""

    def answer(self, target: str, authorization: str | None) -> Answer:
        said = " ".join(canary.text for canary in CANARIES)
        error = {"type": "invalid_request_error", "code": said, "message": said, "param": said, "doc_url": said}
        return Answer(400, {"error": error}, {"Request-Id": EMAIL.text})


def test_night_refused_by_stripe_in_words_of_its_customers__leaves_no_canary_anywhere(
    world: World, planted_company: Company, tmp_path: Path
) -> None:
    with RepeatingStripe(planted_in_stripe(stripe_state(world, AS_OF)), STRIPE_KEY) as stripe:
        refusing = Company(planted_company.app_dsn, stripe.base_url, planted_company.folder)
        refused = night(refusing, tmp_path, NETVEXA_QUARANTINE_MAX_SHARE="1")
    assert refused.code == 1
    assert "the request was refused (400" in refused.said
    assert scan(tmp_path) == []


def test_api__answers_without_a_canary_in_every_format_and_writes_none_down(good_night: Run) -> None:
    # Before the API has the file open: DuckDB shares one file's settings among a process's connections.
    ((agent_id, conversation_id),) = read_rows(
        good_night.data / "published" / "current" / "warehouse.duckdb",
        "select min(agent_id), min(conversation_id) from marts.fct_conversations",
    )
    with running_api(good_night.data) as api, api.client() as management:
        answers = list(_answers(management, agent_id=agent_id, conversation_id=conversation_id))
        # What a caller sends is personal data of nobody's choosing, too.
        for path in ("/api/metrics/conversations/{}/quality", "/api/metrics/agents/{}/time-to-value"):
            management.get(path.format(EMAIL.text))
            management.get(path.format("x"), params={NAME.text: SENTENCE.text, "key": EMAIL.text})
    assert len(answers) > len(FORMATS)
    assert scan_text(answers) == []
    audit = good_night.data / "audit"
    assert list(audit.iterdir())
    assert scan(audit) == []


def _answers(client: httpx.Client, **ids: object) -> Iterator[tuple[str, bytes]]:
    """What each route answers, in each format, with the parameters of the document's examples; `ids` are in paths."""
    document = client.get("/openapi.json").raise_for_status()
    yield "/openapi.json", document.content
    for template, operations in document.json()["paths"].items():
        path = template.format(**ids)
        parameters = {
            parameter["name"]: _example(parameter)
            for parameter in operations["get"].get("parameters", [])
            if parameter["in"] == "query" and parameter.get("required")
        }
        for accepted in FORMATS:
            answer = client.get(path, params=parameters, headers={"Accept": accepted})
            assert answer.status_code in {200, 406}, (path, answer.text)
            yield f"{template} as {accepted}", answer.content
            yield f"{template} as {accepted}, headers", str(answer.headers).encode()


def _example(parameter: dict[str, Any]) -> Any:
    examples = parameter.get("examples") or parameter["schema"].get("examples")
    return next(iter(examples.values()))["value"] if isinstance(examples, dict) else examples[0]
