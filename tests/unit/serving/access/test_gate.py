"""The gate before a small application: one answer for every wrong credential, limits, and no route without it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from serving.api.access import Principal, requires
from serving.api.access.gate import Gate, open_gate
from serving.api.access.keys import KeyFile
from serving.api.access.settings import AccessSettings
from serving.api.access.unguarded import UnguardedAnswerError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


def gate_of(tmp_path: Path, clock: Clock, **settings: object) -> Gate:
    access = AccessSettings.model_validate(settings)
    return open_gate(access, keys=tmp_path / "keys.json", audit=tmp_path / "audit", clock=clock)


@pytest.fixture
def gate(tmp_path: Path, clock: Clock) -> Iterator[Gate]:
    gate = gate_of(tmp_path, clock, NETVEXA_API_RATE_LIMIT=20, NETVEXA_API_FAILED_ATTEMPTS=10)
    yield gate
    gate.close()


def application(gate: Gate) -> FastAPI:
    app = FastAPI()

    @app.get("/money")
    async def money(principal: Annotated[Principal, Depends(requires("finance"))], day: str = "") -> dict[str, str]:
        return {"who": principal.name}

    @app.get("/accounts/{account_id}")
    async def account(
        account_id: str, principal: Annotated[Principal, Depends(requires("product"))]
    ) -> dict[str, list[str]]:
        return {"scopes": sorted(principal.scopes)}

    @app.get("/forgotten")
    async def forgotten() -> dict[str, int]:
        return {"mrr": 1}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    gate.install(app, frozenset({"/health"}))
    return app


async def get(
    app: FastAPI, path: str, token: str | None = None, address: str = "10.0.0.1", **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(address, 1), raise_app_exceptions=False)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=headers)


def make(keys: KeyFile, role: str = "analyst", scopes: list[str] | None = None, days: int = 1) -> str:
    end = NOW + timedelta(days=days)
    return keys.create(name="test", role=role, scopes=scopes, created_at=NOW, expires_at=end)[1]


def audited(tmp_path: Path) -> list[dict[str, object]]:
    (file,) = (tmp_path / "audit").iterdir()
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_caller__with_a_key_of_the_scope_is_let_in_until_it_ends(gate: Gate, keys: KeyFile, clock: Clock) -> None:
    app, token = application(gate), make(keys)
    answer = await get(app, "/money", token)
    assert (answer.status_code, answer.json()) == (200, {"who": f"key:{token.split('_')[1]}"})
    clock.now += timedelta(days=1)
    assert (await get(app, "/money", token)).status_code == 401


async def test_wrong_credentials__get_one_answer_whatever_is_wrong_with_them(
    gate: Gate, keys: KeyFile, clock: Clock
) -> None:
    app, good = application(gate), make(keys)
    revoked, expired = make(keys), make(keys, days=1)
    keys.revoke(revoked.split("_")[1], NOW)
    still = make(keys, days=3)
    clock.now += timedelta(days=2)
    answers = [
        await get(app, "/money"),
        await get(app, "/money", "nonsense"),
        await get(app, "/money", f"nvx_00000000_{'0' * 64}"),
        await get(app, "/money", f"{still[:-1]}{'0' if still[-1] != '0' else '1'}"),
        await get(app, "/money", revoked),
        await get(app, "/money", expired),
        await get(app, "/money", good),
        await get(app, f"/money?key={still}", still),
        await get(app, "/money", "eyJhbGciOiJub25lIn0.e30."),
    ]
    first = answers[0]
    assert first.status_code == 401
    assert first.headers["www-authenticate"] == 'Bearer realm="netvexa"'
    for answer in answers:
        assert (answer.status_code, answer.headers, answer.content) == (401, first.headers, first.content)
    assert (await get(app, "/money", still)).status_code == 200


async def test_key__narrower_than_its_role_has_only_its_own_scopes(gate: Gate, keys: KeyFile) -> None:
    app = application(gate)
    token = make(keys, "support", ["product"])
    assert (await get(app, "/accounts/a", token)).json() == {"scopes": ["product"]}
    refused = await get(app, "/money", token)
    assert refused.status_code == 403
    assert "scope finance" in refused.json()["detail"]


async def test_key__wider_than_its_role_has_become_has_what_the_role_has(gate: Gate, keys: KeyFile) -> None:
    app, token = application(gate), make(keys, "support", ["product", "finance"])
    assert (await get(app, "/money", token)).status_code == 403
    assert (await get(app, "/accounts/a", token)).json() == {"scopes": ["product"]}


async def test_key__of_a_role_that_is_gone_is_refused(gate: Gate, keys: KeyFile) -> None:
    assert (await get(application(gate), "/money", make(keys, "intern"))).status_code == 401


async def test_route__that_forgot_the_gate_answers_nobody(gate: Gate, keys: KeyFile) -> None:
    app = application(gate)
    answer = await get(app, "/forgotten", make(keys))
    assert answer.status_code == 500
    assert "mrr" not in answer.text
    with pytest.raises(UnguardedAnswerError, match="requires"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await client.get("/forgotten")


async def test_public_path__answers_everybody_and_only_as_it_is_written(gate: Gate) -> None:
    app = application(gate)
    assert (await get(app, "/health")).status_code == 200
    assert (await get(app, "/health/")).status_code != 200
    # The router lets a newline at a path's end pass for nothing, whoever asks.
    assert (await get(app, "/health%0A")).status_code == 200
    assert (await get(app, "/money%0A")).status_code == 401


async def test_caller__with_too_many_requests_waits_and_its_neighbour_does_not(gate: Gate, keys: KeyFile) -> None:
    app, busy, calm = application(gate), make(keys), make(keys)
    statuses = [(await get(app, "/money", busy)).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    refused = await get(app, "/money", busy)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (await get(app, "/money", calm)).status_code == 200


async def test_guesses__are_slow_and_lock_no_neighbour_out(gate: Gate, keys: KeyFile, tmp_path: Path) -> None:
    app, neighbour, newcomer = application(gate), make(keys), make(keys)
    assert (await get(app, "/money", neighbour)).status_code == 200
    statuses = [(await get(app, "/money", f"guess {number}")).status_code for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert (await get(app, "/money", neighbour)).status_code == 200
    # Good, but nobody can know that without looking: it waits like a guess, and from elsewhere it does not.
    assert (await get(app, "/money", newcomer)).status_code == 429
    assert (await get(app, "/money", newcomer, address="10.0.0.2")).status_code == 200


async def test_revoked_key__is_refused_even_where_it_was_good_before(gate: Gate, keys: KeyFile) -> None:
    app, token = application(gate), make(keys)
    assert (await get(app, "/money", token)).status_code == 200
    keys.revoke(token.split("_")[1], NOW)
    assert (await get(app, "/money", token)).status_code == 401


async def test_audit__says_who_what_and_how_it_ended_and_repeats_no_value(
    gate: Gate, keys: KeyFile, tmp_path: Path
) -> None:
    app, token = application(gate), make(keys)
    key_id = token.split("_")[1]
    first = await get(app, "/money?day=2026-01-01&jane@example.com=1", token)
    await get(app, "/accounts/jane@example.com", token)
    await get(app, "/money", make(keys, "support"))
    await get(app, "/money", f"nvx_{key_id}_{'0' * 64}")
    await get(app, f"/money?token={token}")
    await get(app, "/jane@example.com")
    await get(app, "/forgotten")
    gate.close()
    lines = audited(tmp_path)
    kept = ("route", "parameters", "unknown_parameters", "status", "denied")
    assert [tuple(line[name] for name in kept) for line in lines] == [
        ("/money", ["day"], 1, 200, None),
        ("/accounts/{account_id}", [], 0, 200, None),
        ("/money", [], 0, 403, "scope finance"),
        ("/money", [], 0, 401, "key: wrong"),
        ("/money", [], 1, 401, "a credential in the URL"),
        (None, [], 0, 404, None),
        ("/forgotten", [], 0, 500, None),
    ]
    assert lines[0]["at"] == "2026-11-22T09:00:00.000+00:00"
    assert lines[0]["bytes"] == len(first.content)
    assert (lines[0]["who"], lines[0]["role"], lines[0]["method"]) == (f"key:{key_id}", "analyst", "GET")
    # Whose key was tried with another secret is worth knowing; that somebody claimed a key there is not, is not.
    assert [line["who"] for line in lines[3:5]] == [f"key:{key_id}", None]
    written = json.dumps(lines)
    assert "jane" not in written
    assert "2026-01-01" not in written
    assert token.split("_")[2] not in written


async def test_gate__is_not_ready_while_keys_or_audit_log_fail(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "keys.json").write_text("{")
    gate = gate_of(tmp_path, clock)
    assert "keys.json cannot be read" in (gate.problem() or "")
    gate.close()
    (tmp_path / "keys.json").unlink()
    shutil.rmtree(tmp_path / "audit")
    (tmp_path / "audit").write_text("")
    gate = gate_of(tmp_path, clock)
    assert "audit log cannot be written" in (gate.problem() or "")
    gate.close()


def test_scope__that_no_role_can_have_is_refused_where_the_route_is_written() -> None:
    with pytest.raises(ValueError, match="marketing"):
        requires("marketing")
