"""OIDC tokens, with a real issuer over HTTP: who is believed, and that nobody is while it cannot be asked."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import ValidationError

from serving.api.access.oidc import OidcVerifier, TokenRefusedError
from serving.api.access.settings import AccessSettings
from serving.version import Version
from tests.integration.api.oidc_issuer import AUDIENCE, Issuer, running_issuer
from tests.integration.api.published_company import publish_company
from tests.integration.api.running_api import running_api

ROLES = {"bi": "analyst", "board": "management", "agency": "marketing"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer


def verifier(issuer: Issuer, **more: Any) -> OidcVerifier:
    settings = {
        "issuer": issuer.address,
        "audience": AUDIENCE,
        "role_claim": "roles",
        "roles": ROLES,
        "precedence": ["management", "analyst", "marketing", "support"],
        "subject_key": b"secret",
    }
    return OidcVerifier(**{**settings, **more})


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_token__of_the_issuer_names_a_role_and_hides_the_subject(issuer: Issuer, algorithm: str) -> None:
    issuer.add_key("second", algorithm)
    subject = verifier(issuer).verify(issuer.token("second"))
    assert subject.role == "analyst"
    assert "jane" not in subject.name
    assert subject.name != verifier(issuer, subject_key=b"other").verify(issuer.token("second")).name
    assert subject.name != verifier(issuer).verify(issuer.token("second", sub="joe@example.com")).name


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"roles": "agency"}, "marketing"),
        ({"roles": ["agency", "board", "bi"]}, "management"),
        ({"roles": ["unknown", "agency"]}, "marketing"),
    ],
)
def test_role__is_the_first_of_the_file_that_the_claim_maps_to(
    issuer: Issuer, claims: dict[str, Any], role: str
) -> None:
    assert verifier(issuer).verify(issuer.token(**claims)).role == role


def test_role_claim__may_lie_inside_objects(issuer: Issuer) -> None:
    token = issuer.token(realm_access={"roles": ["board"]})
    assert verifier(issuer, role_claim="realm_access.roles").verify(token).role == "management"


def test_role_claim__may_be_named_by_an_address(issuer: Issuer) -> None:
    """As issuers ask for it whose own claims have plain names."""
    token = issuer.token(without="roles", **{"https://netvexa.example/roles": ["board"]})
    assert verifier(issuer, role_claim="https://netvexa.example/roles").verify(token).role == "management"


def test_subject__is_hidden_whatever_letters_it_has(issuer: Issuer) -> None:
    assert len(verifier(issuer).verify(issuer.token(sub="\ud800")).name) == 32


LONG_AGO, FAR_AHEAD = 1_000_000_000, 4_000_000_000


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": LONG_AGO},
        {"nbf": FAR_AHEAD},
        {"iat": FAR_AHEAD},
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another service"},
        {"aud": []},
        {"sub": 7},
        {"roles": []},
        {"roles": ["unknown"]},
        {"roles": {"bi": True}},
        {"roles": [["bi"]]},
        {"roles": None},
        {"without": "exp"},
        {"without": "iat"},
        {"without": "iss"},
        {"without": "aud"},
        {"without": "sub"},
        {"without": "roles"},
    ],
    ids=str,
)
def test_token__with_a_wrong_or_missing_claim_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefusedError):
        verifier(issuer).verify(issuer.token(**claims))


def test_token__may_leave_out_since_when_it_is_good(issuer: Issuer) -> None:
    assert verifier(issuer).verify(issuer.token(without="nbf")).role == "analyst"


def test_token__a_few_seconds_off_the_clock_is_good(issuer: Issuer) -> None:
    now = time.time()
    assert verifier(issuer).verify(issuer.token(exp=now - 5)).role == "analyst"
    assert verifier(issuer).verify(issuer.token(nbf=now + 5, iat=now + 5)).role == "analyst"


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(issuer: Issuer) -> str:
    _, claims, _ = issuer.token().split(".")
    return f"{encoded({'alg': 'none', 'typ': 'JWT', 'kid': 'first'})}.{claims}."


def signed_with_the_public_key_as_secret(issuer: Issuer) -> str:
    _, private = issuer.keys["first"]
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _, claims, _ = issuer.token().split(".")
    head = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{claims}"
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(algorithm.sign(head.encode(), pem)).rstrip(b"=").decode()
    return f"{head}.{signature}"


def signed_by_somebody_else(issuer: Issuer) -> str:
    other = Issuer(address=issuer.address)
    other.add_key("first")
    return other.token()


def signed_in_another_algorithm(issuer: Issuer) -> str:
    _, private = issuer.keys["first"]
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, private, "RS512", headers={"kid": "first"})


def with_a_key_of_its_own(issuer: Issuer) -> str:
    other = Issuer(address=issuer.address)
    other.add_key("first")
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    _, private = other.keys["first"]
    headers = {"kid": "first", "jwk": other.document("/keys")["keys"][0], "jku": "http://127.0.0.1:1/keys"}  # type: ignore[index]
    return jwt.encode(claims, private, "RS256", headers=headers)


def with_changed_claims(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    _, claims, _ = issuer.token(roles=["board"]).split(".")
    return f"{head}.{claims}.{signature}"


def without_a_key_id(issuer: Issuer) -> str:
    _, private = issuer.keys["first"]
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    return jwt.encode(claims, private, "RS256")


FORGERIES: list[Callable[[Issuer], str]] = [
    unsigned,
    signed_with_the_public_key_as_secret,
    signed_by_somebody_else,
    signed_in_another_algorithm,
    with_a_key_of_its_own,
    with_changed_claims,
    without_a_key_id,
    lambda _: "..",
    lambda _: "a.b.c",
    lambda issuer: issuer.token() + "x",
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_token__that_the_issuer_did_not_sign_is_refused(issuer: Issuer, forge: Callable[[Issuer], str]) -> None:
    with pytest.raises(TokenRefusedError):
        verifier(issuer).verify(forge(issuer))


@pytest.mark.parametrize("forge", [unsigned, signed_with_the_public_key_as_secret, without_a_key_id])
def test_token__of_another_kind_makes_nobody_ask_the_issuer(issuer: Issuer, forge: Callable[[Issuer], str]) -> None:
    token = forge(issuer)
    with pytest.raises(TokenRefusedError):
        verifier(issuer).verify(token)
    assert issuer.asked == []


def test_keys__are_fetched_once_and_again_for_a_key_that_is_new(issuer: Issuer) -> None:
    verified = verifier(issuer)
    for _ in range(3):
        verified.verify(issuer.token())
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_unknown_keys__do_not_make_the_issuer_be_asked_each_time(issuer: Issuer) -> None:
    verified = verifier(issuer)
    verified.verify(issuer.token())
    other = Issuer(address=issuer.address)
    for number in range(5):
        other.add_key(f"unknown-{number}", "ES256")
        with pytest.raises(TokenRefusedError):
            verified.verify(other.token(f"unknown-{number}"))
    assert issuer.asked.count("/keys") == 1


def test_issuer_that_is_away__lets_nobody_in_is_logged_and_is_asked_again_later(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    instant = [0.0]
    verified = verifier(issuer, monotonic=lambda: instant[0])
    issuer.status = 503
    with caplog.at_level(logging.ERROR), pytest.raises(TokenRefusedError, match="cannot be asked"):
        verified.verify(issuer.token())
    assert "no OIDC token is accepted" in caplog.text
    assert "jane" not in caplog.text
    issuer.status = 200
    asked = len(issuer.asked)
    with pytest.raises(TokenRefusedError, match="a moment ago"):
        verified.verify(issuer.token())
    assert len(issuer.asked) == asked
    instant[0] = 11.0
    assert verified.verify(issuer.token()).role == "analyst"


def test_issuer_that_does_not_answer__keeps_nobody_with_a_key_waiting(
    issuer: Issuer, definitions: dict[str, Any], tmp_path: Path
) -> None:
    publish_company(tmp_path, definitions)
    settings = {
        "NETVEXA_API_OIDC_ISSUER": issuer.address,
        "NETVEXA_API_OIDC_AUDIENCE": AUDIENCE,
        "NETVEXA_API_OIDC_ROLES": ROLES,
    }
    issuer.answers.clear()
    with running_api(tmp_path, **settings) as api, api.client() as client, ThreadPoolExecutor(60) as strangers:
        headers = {"Authorization": f"Bearer {issuer.token()}"}

        def ask(_: int) -> int:
            return httpx.get(f"{api.address}/api/metrics/ping", headers=headers, timeout=30).status_code

        asked = [strangers.submit(ask, number) for number in range(60)]
        while not issuer.asked:
            time.sleep(0.01)
        # Less than the issuer is waited for.
        assert client.get("/api/metrics/revenue", timeout=3).status_code == 200
        assert not any(answer.done() for answer in asked)
        issuer.answers.set()
        assert {answer.result() for answer in asked} == {200}


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://somebody.example"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://keys.example/keys"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_discovery__of_another_issuer_or_with_keys_anybody_could_change_is_refused(
    issuer: Issuer, discovery: dict[str, Any]
) -> None:
    issuer.discovery = discovery
    with pytest.raises(TokenRefusedError):
        verifier(issuer).verify(issuer.token())
    assert "/keys" not in issuer.asked


@pytest.mark.parametrize(
    "settings",
    [
        {"NETVEXA_API_OIDC_ISSUER": "https://id.example"},
        {"NETVEXA_API_OIDC_ISSUER": "https://id.example", "NETVEXA_API_OIDC_AUDIENCE": "a"},
        {"NETVEXA_API_OIDC_ISSUER": "http://id.example", "NETVEXA_API_OIDC_AUDIENCE": "a"},
        {"NETVEXA_API_OIDC_ROLES": {"bi": "intern"}},
    ],
    ids=str,
)
def test_settings__that_would_believe_anybody_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"NETVEXA_API_OIDC|https|intern"):
        AccessSettings.model_validate(settings)


@pytest.mark.parametrize("text", ["analyst", "[1]", '{"bi": 7}', "{"])
def test_roles__that_are_no_json_object_are_refused_by_their_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETVEXA_API_OIDC_ROLES", text)
    with pytest.raises(ValidationError, match="NETVEXA_API_OIDC_ROLES"):
        AccessSettings()


def test_roles__are_a_json_object_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETVEXA_API_OIDC_ROLES", '{"bi-analysts": "analyst"}')
    assert AccessSettings().oidc_roles == {"bi-analysts": "analyst"}


def test_api__answers_by_token_as_by_key_and_writes_no_subject_down(
    issuer: Issuer, definitions: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("oidc")
    version: Version = publish_company(folder, definitions)
    settings = {
        "NETVEXA_API_OIDC_ISSUER": issuer.address,
        "NETVEXA_API_OIDC_AUDIENCE": AUDIENCE,
        "NETVEXA_API_OIDC_ROLES": ROLES,
    }
    with running_api(folder, **settings) as api, api.client(None) as client:

        def ask(path: str, token: str) -> int:
            return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code

        assert ask("/api/metrics/revenue", issuer.token()) == 200
        assert ask("/api/metrics/revenue", issuer.token(roles=["agency"])) == 403
        assert ask("/api/metrics/acquisition", issuer.token(roles=["agency"])) == 200
        for forge in FORGERIES:
            assert ask("/api/metrics/revenue", forge(issuer)) == 401
    (log,) = (folder / "audit").iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200, 403, 200] + [401] * len(FORGERIES)
    assert lines[0]["version"] == version.id
    assert len({line["who"] for line in lines[:3]}) == 1
    assert lines[0]["who"].startswith("oidc:")
    assert "jane" not in log.read_text()
