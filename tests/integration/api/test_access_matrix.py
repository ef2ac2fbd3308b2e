"""Who sees what over the API: role × route × field × format, generated from the roles, the routes and the catalog.

What is expected is reckoned here from roles.yml and the definitions alone, not by the code that decides it.
"""

from __future__ import annotations

import base64
import copy
import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
import yaml

from serving.api.access.gate import utc_now
from serving.api.dashboard import BLOCKS
from serving.roles import ROLES_FILE
from superset_dashboards.assets import read_assets
from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import RunningApi, new_key, running_api

ROLES: Mapping[str, Any] = yaml.safe_load(ROLES_FILE.read_text(encoding="utf-8"))["roles"]
FORMATS = ("json", "csv", "arrow")
PUBLIC = {"/health", "/ready", "/openapi.json"}

# Every route but the public ones, and the scope it needs. A route that is not here fails a test: say who may see it.
SCOPES = {
    "/api/metrics/ping": "catalog",
    "/api/metrics/dashboard": "catalog",
    "/api/metrics/catalog": "catalog",
    "/api/metrics/query": "catalog",
    "/api/metrics/weekly-active": "product",
    "/api/metrics/agents/{agent_id}/time-to-value": "product",
    "/api/metrics/conversations/{conversation_id}/quality": "product",
    "/api/metrics/revenue": "finance",
    "/api/metrics/cohorts": "finance",
    "/api/metrics/activation": "acquisition",
    "/api/metrics/acquisition": "acquisition",
}
# Routes that answer with the columns of one mart.
OF_ONE_MART = {
    "/api/metrics/weekly-active": "weekly_active_agents",
    "/api/metrics/agents/{agent_id}/time-to-value": "fct_agent_ttfv",
    "/api/metrics/conversations/{conversation_id}/quality": "fct_conversations",
    "/api/metrics/revenue": "revenue_monthly",
    "/api/metrics/cohorts": "churn_cohorts",
    "/api/metrics/activation": "activation_monthly",
    "/api/metrics/acquisition": "cac_monthly",
}
QUERY = {"metric": "mrr_daily.mrr_eur"}


def url(path: str) -> str:
    """The path with ids that there are."""
    return path.format(agent_id="agent-1", conversation_id="conversation-1") if "{" in path else path


def parameters(path: str) -> dict[str, str]:
    return dict(QUERY) if path.endswith("/query") else {}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, definitions: Mapping[str, Any]) -> Iterator[RunningApi]:
    """A server of its own, where one address may be wrong as often as these tests are."""
    folder = tmp_path_factory.mktemp("matrix")
    publish_company(folder, definitions)
    with running_api(folder, NETVEXA_API_FAILED_ATTEMPTS=1_000_000) as running:
        yield running


@pytest.fixture(scope="module")
def clients(api: RunningApi) -> Iterator[dict[str, httpx.Client]]:
    """A client by role."""
    found = {role: api.client(role) for role in ROLES}
    yield found
    for client in found.values():
        client.close()


def allowed(definitions: Mapping[str, Any], scopes: list[str]) -> set[str]:
    """The definitions of the scopes, as the YAML beside the marts places them."""
    return {
        f"{model}.{column}"
        for model, described in definitions["models"].items()
        for column, definition in described["columns"].items()
        if set(definition["domains"]) & set(scopes)
    }


def fields(answer: httpx.Response, format_: str) -> set[str]:
    """The names of the fields of an answer's rows, without the one that no column stands behind."""
    assert answer.status_code == 200, answer.text
    if format_ == "json":
        data = answer.json()["data"]
        names = {name for row in (data if isinstance(data, list) else [data]) for name in row}
    elif format_ == "csv":
        names = set(next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))))
    else:
        names = set(pa.ipc.open_stream(answer.content).schema.names)
    assert names
    return names - {"is_suppressed"}


def defined(answer: httpx.Response, format_: str) -> set[str]:
    """The ids of the definitions that an answer names."""
    if format_ == "json":
        return set(answer.json()["definitions"])
    return set(answer.headers["x-netvexa-definitions"].split())


def test_routes__are_all_named_here_with_their_scope(clients: dict[str, httpx.Client]) -> None:
    documented = set(clients["management"].get("/openapi.json").json()["paths"])
    assert documented - PUBLIC == set(SCOPES)


def test_definitions__place_every_column_in_domains_that_there_are(definitions: Mapping[str, Any]) -> None:
    placed = {
        f"{model}.{column}": set(definition["domains"])
        for model, described in definitions["models"].items()
        for column, definition in described["columns"].items()
    }
    assert {name for name, domains in placed.items() if not domains} == {"fct_conversations.visitor_token"}
    assert set().union(*placed.values()) == {"product", "acquisition", "finance", "catalog"}


def test_definitions__have_money_of_accounts_and_revenue_for_finance_only(definitions: Mapping[str, Any]) -> None:
    others = allowed(definitions, ["product", "acquisition", "catalog"])
    money = {name.partition(".")[2] for name in others if name.endswith("_eur")}
    # What marketing's own dashboards show of money: what was spent, what it bought, and the price list.
    assert money == {"spend_eur", "cac_eur", "cost_per_trial_eur", "cac_blended_eur", "list_price_eur"}


def test_cohorts__name_columns_that_their_marts_have(definitions: Mapping[str, Any]) -> None:
    with_rules = {model: described for model, described in definitions["models"].items() if described["cohorts"]}
    assert set(with_rules) == {
        "activation_monthly",
        "activation_rolling",
        "cac_monthly",
        "churn_cohorts",
        "plan_mix_monthly",
        "ttfv_weekly",
    }
    known = {"sizes", "hides", "hides_next", "hides_after", "adds_up_in", "total", "months_on"}
    for model, described in with_rules.items():
        assert described["key"], model
        for rule in described["cohorts"]:
            assert rule.get("months_on", described["key"][-1]) == described["key"][-1], model
            assert set(rule) <= known, model
            named = [*rule["sizes"], *rule["hides"], *rule.get("hides_next", ()), *rule.get("hides_after", ())]
            named += [*rule.get("adds_up_in", ()), *rule.get("total", ())]
            named += [rule["months_on"]] if "months_on" in rule else []
            assert set(named) <= set(described["columns"]), model


@pytest.mark.parametrize("path", SCOPES)
@pytest.mark.parametrize("role", ROLES)
def test_route__answers_the_roles_that_have_its_scope_and_no_other(
    clients: dict[str, httpx.Client], role: str, path: str
) -> None:
    answer = clients[role].get(url(path), params=parameters(path))
    if path.endswith("/query"):
        expected = 200 if "finance" in ROLES[role]["scopes"] else 403
    else:
        expected = 200 if SCOPES[path] in ROLES[role]["scopes"] else 403
    assert answer.status_code == expected
    if expected == 403:
        assert set(answer.json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("path", OF_ONE_MART)
def test_fields__are_exactly_those_of_the_role_in_every_format(
    clients: dict[str, httpx.Client], definitions: Mapping[str, Any], path: str, format_: str
) -> None:
    model = OF_ONE_MART[path]
    everything = fields(clients["management"].get(url(path), params={"format": format_}), format_)
    answered = 0
    for role, described in ROLES.items():
        answer = clients[role].get(url(path), params={"format": format_})
        if SCOPES[path] not in described["scopes"]:
            assert answer.status_code == 403
            continue
        visible = {name for name in everything if f"{model}.{name}" in allowed(definitions, described["scopes"])}
        assert fields(answer, format_) == visible
        assert defined(answer, format_) == {f"{model}.{name}" for name in visible}
        answered += 1
    assert answered >= 2
    assert "visitor_token" not in everything


@pytest.mark.parametrize("role", ROLES)
def test_dashboard__has_the_roles_metrics_and_fields_and_nothing_else(
    clients: dict[str, httpx.Client], definitions: Mapping[str, Any], role: str
) -> None:
    everything = clients["management"].get("/api/metrics/dashboard").json()["data"]
    answer = clients[role].get("/api/metrics/dashboard").json()
    visible = allowed(definitions, ROLES[role]["scopes"])
    metrics = {row["metric"] for row in answer["data"]["headline"]}
    assert metrics == set(ROLES[role].get("metrics", {row["metric"] for row in everything["headline"]}))
    assert set(answer["definitions"]) <= visible
    for name, block in BLOCKS.items():
        if name not in answer["data"]:
            # A block of which the role sees no more than its key is not there.
            assert not {
                field for field in fields_of(everything[name]) - block.key() if f"{block.model}.{field}" in visible
            }
            continue
        shown = {field for field in fields_of(everything[name]) if f"{block.model}.{field}" in visible}
        assert fields_of(answer["data"][name]) == shown


def fields_of(block: Any) -> set[str]:
    rows = block if isinstance(block, list) else [block]
    return {name for row in rows for name in row} - {"is_suppressed"}


@pytest.mark.parametrize("role", ROLES)
def test_catalog__lists_what_the_role_may_see(
    clients: dict[str, httpx.Client], definitions: Mapping[str, Any], role: str
) -> None:
    for format_ in FORMATS:
        answer = clients[role].get("/api/metrics/catalog", params={"limit": 1000, "format": format_})
        assert defined(answer, format_) == allowed(definitions, ROLES[role]["scopes"])


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("role", ROLES)
def test_query__gives_every_metric_of_the_role_and_refuses_every_other(
    clients: dict[str, httpx.Client], definitions: Mapping[str, Any], role: str, format_: str
) -> None:
    rows = clients["management"].get("/api/metrics/catalog", params={"limit": 1000}).json()["data"]
    askable = [row["definition"] for row in rows if row["grains"] is not None]
    visible = allowed(definitions, ROLES[role]["scopes"])
    assert len(askable) > 50
    for metric in askable:
        answer = clients[role].get("/api/metrics/query", params={"metric": metric, "limit": 1, "format": format_})
        assert answer.status_code == (200 if metric in visible else 403), metric
        if metric in visible:
            assert defined(answer, format_) <= visible


@pytest.mark.parametrize(
    "metric", ["kpi_daily.value", "kpi_targets.target", "fct_conversations.visitor_token", "version.version_id"]
)
def test_query__cannot_reach_what_is_no_metric(clients: dict[str, httpx.Client], metric: str) -> None:
    for client in clients.values():
        assert client.get("/api/metrics/query", params={"metric": metric}).status_code == 404


def test_query__cannot_split_by_what_the_role_does_not_see(clients: dict[str, httpx.Client]) -> None:
    asked = {"metric": "fct_conversations.message_count", "dimension": "visitor_token"}
    for client in clients.values():
        assert client.get("/api/metrics/query", params=asked).status_code in {403, 422}


@pytest.mark.parametrize("role", ROLES)
def test_refusal__is_the_same_for_what_there_is_and_what_there_is_not(
    clients: dict[str, httpx.Client], role: str
) -> None:
    if "product" in ROLES[role]["scopes"]:
        assert clients[role].get("/api/metrics/agents/nobody/time-to-value").status_code == 404
        return
    real = clients[role].get("/api/metrics/agents/agent-1/time-to-value")
    assert real.status_code == 403
    assert real.content == clients[role].get("/api/metrics/agents/nobody/time-to-value").content


def credentials(api: RunningApi) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Headers and parameters of every wrong way to ask."""
    good, revoked = new_key(api.keys, "management"), new_key(api.keys, "management")
    api.keys.revoke(revoked.split("_")[1], utc_now())
    past = utc_now() - timedelta(days=2)
    _, expired = api.keys.create(
        name="test", role="management", scopes=None, created_at=past, expires_at=past + timedelta(days=1)
    )
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, {"sub": "jane", "roles": ["management"], "exp": 9_999_999_999})
    )

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    return {
        "none": ({}, {}),
        "malformed": (bearer("nonsense"), {}),
        "empty": ({"Authorization": "Bearer"}, {}),
        "basic": ({"Authorization": "Basic " + base64.b64encode(f"key:{good}".encode()).decode()}, {}),
        "another header": ({"X-API-Key": good}, {}),
        "a cookie": ({"Cookie": f"Authorization=Bearer {good}"}, {}),
        "unknown": (bearer(f"nvx_00000000_{'0' * 64}"), {}),
        "wrong": (bearer(wrong), {}),
        "expired": (bearer(expired), {}),
        "revoked": (bearer(revoked), {}),
        "alg=none": (bearer(f"{unsigned}."), {}),
        "key in query": ({}, {"key": good}),
        "key in query beside a good header": (bearer(good), {"api_key": good}),
        "key as a value": (bearer(good), {"from": good}),
    }


@pytest.mark.parametrize("path", SCOPES)
def test_wrong_credentials__get_one_answer_without_data_in_every_format(api: RunningApi, path: str) -> None:
    with api.client(None) as client:
        for format_ in FORMATS:
            answers = {}
            for name, (headers, query) in credentials(api).items():
                asked = {**parameters(path), "format": format_, **query}
                answers[name] = client.get(url(path), params=asked, headers=headers)
            for name, answer in answers.items():
                assert answer.status_code == 401, name
                assert answer.content == answers["none"].content, name
                assert answer.headers["content-type"] == "application/problem+json", name
                assert answer.headers["www-authenticate"] == 'Bearer realm="netvexa"', name
                assert "x-netvexa-version" not in answer.headers, name
            assert set(answers["none"].json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("path", SCOPES)
def test_who_is_unknown__learns_nothing_about_parameters_ids_or_versions(api: RunningApi, path: str) -> None:
    with api.client(None) as client:
        usual = client.get(url(path))
        for query in ({"from": "nonsense"}, {"metric": "a.b"}, {"cursor": "nonsense"}, {"x": "1"}, {"limit": "-1"}):
            assert client.get(url(path), params=query).content == usual.content
        tagged = client.get(url(path), headers={"If-None-Match": "*"})
        assert (tagged.status_code, tagged.content) == (401, usual.content)


@pytest.mark.parametrize("path", SCOPES)
def test_key__without_the_routes_scope_is_refused_whatever_its_role(api: RunningApi, path: str) -> None:
    others = sorted({"product", "acquisition", "finance", "catalog"} - {SCOPES[path]})
    now = utc_now()
    _, token = api.keys.create(
        name="test", role="management", scopes=others, created_at=now, expires_at=now + timedelta(days=1)
    )
    with api.client(None) as client:
        answer = client.get(url(path), params=parameters(path), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert set(answer.json()) == {"type", "title", "status", "detail"}


def test_narrow_key__sees_on_the_dashboard_what_its_scopes_hold(
    api: RunningApi, definitions: Mapping[str, Any]
) -> None:
    now = utc_now()
    _, token = api.keys.create(
        name="test",
        role="management",
        scopes=["catalog", "product"],
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    with api.client(None) as client:
        answer = client.get("/api/metrics/dashboard", headers={"Authorization": f"Bearer {token}"}).json()
    assert set(answer["definitions"]) <= allowed(definitions, ["catalog", "product"])
    assert "revenue" not in answer["data"]
    assert "mrr_eur" not in {row["metric"] for row in answer["data"]["headline"]}


def test_revoked_key__is_refused_by_the_running_server_at_once(api: RunningApi) -> None:
    token = new_key(api.keys, "analyst")
    with api.client(None) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/api/metrics/revenue", headers=headers).status_code == 200
        api.keys.revoke(token.split("_")[1], utc_now())
        assert client.get("/api/metrics/revenue", headers=headers).status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_role__sees_over_the_api_every_mart_that_its_dashboards_show(definitions: Mapping[str, Any], role: str) -> None:
    assets = read_assets()
    datasets = {dataset for name in ROLES[role]["dashboards"] for dataset in assets.datasets_under(name)}
    marts = datasets & set(definitions["models"])
    shown = {f"{model}.{column}" for model in marts for column in definitions["models"][model]["columns"]}
    assert marts
    assert shown <= allowed(definitions, ROLES[role]["scopes"])


def test_version__published_before_domains_were_written_down_is_served_to_nobody(
    tmp_path: Path, definitions: Mapping[str, Any]
) -> None:
    before = copy.deepcopy(dict(definitions))
    for model in before["models"].values():
        del model["cohorts"]
        for column in model["columns"].values():
            del column["domains"]
    publish_company(tmp_path, before)
    with running_api(tmp_path) as api, api.client("management") as client:
        for path in SCOPES.keys() - {"/api/metrics/ping"}:
            answer = client.get(url(path), params=parameters(path))
            assert answer.status_code == 503
            assert "data" not in answer.json()
