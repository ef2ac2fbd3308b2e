"""Stripe's manners of answering: filters, paging, expansion, and the errors it answers with.

Pure functions from a request's path and parameters to a status and a body; sockets and faults are in
stripe_server.py.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ingestion.simulator.books import Json
from ingestion.simulator.emit_stripe import StripeState

EMBEDDED_LIMIT = 10
MAX_LIMIT = 100
DEFAULT_LIMIT = 10
MAX_EXPANSION_DEPTH = 4
_PAGING = {"limit", "starting_after", "ending_before"}
_FILTERS: dict[str, set[str]] = {
    "customers": {"created", "email"},
    "products": {"created", "active"},
    "prices": {"created", "active", "product", "currency", "type"},
    "coupons": {"created"},
    "subscriptions": {"created", "customer", "price", "status", "collection_method"},
    "subscription_items": {"subscription"},
    "invoices": {"created", "customer", "status", "subscription", "collection_method"},
    "invoice_payments": {"created", "invoice", "status"},
    "charges": {"created", "customer", "payment_intent"},
    "refunds": {"created", "charge", "payment_intent"},
    "credit_notes": {"created", "customer", "invoice"},
    "events": {"created", "type"},
}
_STATUSES = {
    "subscriptions": {
        *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due", "paused"),
        *("trialing", "unpaid"),
    },
    "invoices": {"draft", "open", "paid", "uncollectible", "void"},
    "invoice_payments": {"open", "paid", "canceled"},
}
# Keys that hold another object's id, and where that object is found.
_REFERENCES = {
    "customer": "customers",
    "product": "products",
    "price": "prices",
    "coupon": "coupons",
    "subscription": "subscriptions",
    "latest_invoice": "invoices",
    "invoice": "invoices",
    "charge": "charges",
    "refund": "refunds",
}


class StripeRefusalError(Exception):
    """An answer that is an error, with Stripe's own body."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        error = {"type": "invalid_request_error", "message": message, "code": code, "param": param}
        self.body: Json = {"error": {key: value for key, value in error.items() if value is not None}}


@dataclass(frozen=True)
class Librarian:
    """Answers for one state. `answer` takes a path below /v1 and decoded parameters, in the order they came."""

    state: StripeState

    def answer(self, path: str, parameters: Sequence[tuple[str, str]]) -> Json:
        """The body of a 200. Raises StripeRefusalError for everything Stripe would refuse."""
        expand = [value for key, value in parameters if re.fullmatch(r"expand\[\d*\]", key)]
        given = {key: value for key, value in parameters if not key.startswith("expand[")}
        match path.strip("/").split("/"):
            case ["subscription_items"]:
                if "subscription" not in given:
                    raise StripeRefusalError(400, "Missing required param: subscription.", param="subscription")
                owner = self._find("subscriptions", given["subscription"])
                body = _page(owner["items"]["data"], given, "subscription_items", "/v1/subscription_items")
            case [resource] if resource in _FILTERS:
                body = self._list(resource, given)
            case [("invoices" | "credit_notes") as resource, name, "lines"]:
                url = f"/v1/{resource}/{name}/lines"
                body = _page(self._find(resource, name)["lines"]["data"], given, "lines", url)
            case [resource, name] if resource in _FILTERS:
                _refuse_unknown(given, set())
                body = self._retrieve(resource, unquote(name))
            case _:
                raise StripeRefusalError(404, f"Unrecognized request URL (GET: /v1/{path.strip('/')}).")
        body = _cut_embedded(body)
        for property_path in expand:
            body = self._expand(body, property_path)
        return body

    def _retrieve(self, resource: str, name: str) -> Json:
        """One object by its id. A deleted customer is shown as such; other deleted objects are not found."""
        found = self._find(resource, name)
        if not found.get("deleted"):
            return found
        if resource != "customers":
            raise _no_such(resource, name, 404, "id")
        return {"id": name, "object": found["object"], "deleted": True}

    def _find(self, resource: str, name: str) -> Json:
        for candidate in self.state.resources.get(resource, []):
            if candidate["id"] == name:
                return candidate
        if resource == "subscription_items":
            for subscription in self.state.resources.get("subscriptions", []):
                for item in subscription["items"]["data"]:
                    if item["id"] == name:
                        return dict(item)
        raise _no_such(resource, name, 404, "id")

    def _list(self, resource: str, given: Mapping[str, str]) -> Json:
        keep = _filters(resource, given)
        chosen = [payload for payload in self.state.resources.get(resource, []) if all(test(payload) for test in keep)]
        return _page(chosen, given, resource, f"/v1/{resource}")

    # -- expansion --------------------------------------------------------------------------------------------------

    def _expand(self, body: Json, property_path: str) -> Json:
        steps = property_path.split(".")
        if len(steps) > MAX_EXPANSION_DEPTH:
            raise StripeRefusalError(
                400,
                f"You cannot expand more than {MAX_EXPANSION_DEPTH} levels of a property. Property: {property_path}",
            )
        if body.get("object") == "list" and steps[0] != "data":
            raise _not_expandable(property_path)
        return self._expand_in(body, steps, property_path)

    def _expand_in(self, node: Json, steps: Sequence[str], whole: str) -> Json:
        key, rest = steps[0], steps[1:]
        shown = self._reveal(node, key, whole)
        value = shown.get(key)
        if rest and isinstance(value, list):
            shown[key] = [self._expand_in(part, rest, whole) if isinstance(part, dict) else part for part in value]
        elif rest and isinstance(value, dict):
            shown[key] = self._expand_in(value, rest, whole)
        return shown

    def _reveal(self, node: Json, key: str, whole: str) -> Json:
        """A copy of the node with one key shown in full."""
        kind, value = node.get("object"), node.get(key)
        if key == "tiers" and kind == "price":
            return node | {"tiers": self.state.tiers.get(node["id"])}
        if key == "applies_to" and kind == "coupon":
            applies = self.state.applies_to.get(node["id"])
            return node | ({"applies_to": applies} if applies else {})
        if key == "discounts" and isinstance(value, list):
            return node | {key: [self.state.discounts[part] if isinstance(part, str) else part for part in value]}
        if isinstance(value, str) and key in _REFERENCES:
            return node | {key: _cut_embedded(self._find(_REFERENCES[key], value))}
        if key not in node:
            raise _not_expandable(whole)
        return dict(node)


def _no_such(resource: str, name: str, status: int, param: str) -> StripeRefusalError:
    message = f"No such {resource.removesuffix('s')}: '{name}'"
    return StripeRefusalError(status, message, code="resource_missing", param=param)


def _not_expandable(property_path: str) -> StripeRefusalError:
    return StripeRefusalError(
        400, f"This property cannot be expanded ({property_path}).", code="property_not_expandable"
    )


def _filters(resource: str, given: Mapping[str, str]) -> list[Callable[[Json], bool]]:
    _refuse_unknown(given, _PAGING | _FILTERS[resource])
    tests: list[Callable[[Json], bool]] = [lambda payload: not payload.get("deleted")]
    for key, value in given.items():
        name, _, operator = key.partition("[")
        if name in _PAGING:
            continue
        if name == "created":
            tests.append(_created_test(key, operator.rstrip("]"), value))
        elif name == "status" and resource in _STATUSES:
            if value not in _STATUSES[resource]:
                raise StripeRefusalError(
                    400, f"Invalid status: must be one of {sorted(_STATUSES[resource])}", param="status"
                )
            tests.append(_status_test(value))
        elif name == "subscription" and resource == "invoices":
            tests.append(lambda payload, wanted=value: _subscription_of(payload) == wanted)  # type: ignore[misc]
        elif name == "price":
            tests.append(lambda payload, wanted=value: _holds_price(payload, wanted))  # type: ignore[misc]
        else:
            tests.append(lambda payload, name=name, wanted=value: _as_text(payload.get(name)) == wanted)  # type: ignore[misc]
    if resource == "subscriptions" and "status" not in given:
        tests.append(lambda payload: payload["status"] not in {"canceled", "incomplete_expired"})
    return tests


def _created_test(key: str, operator: str, value: str) -> Callable[[Json], bool]:
    if not re.fullmatch(r"-?\d+", value):
        raise StripeRefusalError(400, f"Invalid integer: {value}", param=key, code="parameter_invalid_integer")
    bound = int(value)
    match operator:
        case "gte":
            return lambda payload: payload["created"] >= bound
        case "gt":
            return lambda payload: payload["created"] > bound
        case "lte":
            return lambda payload: payload["created"] <= bound
        case "lt":
            return lambda payload: payload["created"] < bound
        case "":
            return lambda payload: payload["created"] == bound
    raise StripeRefusalError(400, f"Received unknown parameter: {key}", param=key, code="parameter_unknown")


def _status_test(wanted: str) -> Callable[[Json], bool]:
    if wanted == "all":
        return lambda payload: True
    if wanted == "ended":
        return lambda payload: payload["status"] in {"canceled", "incomplete_expired"}
    return lambda payload: bool(payload["status"] == wanted)


def _subscription_of(invoice: Json) -> object:
    parent = invoice.get("parent") or {}
    return (parent.get("subscription_details") or {}).get("subscription")


def _holds_price(subscription: Json, price_id: str) -> bool:
    return any(item["price"]["id"] == price_id for item in subscription["items"]["data"])


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_unknown(given: Mapping[str, str], known: set[str]) -> None:
    for key in given:
        if key.partition("[")[0] not in known:
            raise StripeRefusalError(400, f"Received unknown parameter: {key}", param=key, code="parameter_unknown")


def _page(chosen: Sequence[Json], given: Mapping[str, str], resource: str, url: str) -> Json:
    if resource in {"lines", "subscription_items"}:
        _refuse_unknown(given, _PAGING | ({"subscription"} if resource == "subscription_items" else set()))
    limit = _limit(given.get("limit"))
    after, before = given.get("starting_after"), given.get("ending_before")
    if after is not None and before is not None:
        raise StripeRefusalError(400, "You cannot parameterize both `starting_after` and `ending_before`.")
    if before is not None:
        last = _position(chosen, before, resource, "ending_before")
        page = chosen[max(0, last - limit) : last]
        has_more = last - limit > 0
    else:
        first = 0 if after is None else _position(chosen, after, resource, "starting_after") + 1
        page = chosen[first : first + limit]
        has_more = first + limit < len(chosen)
    return {"object": "list", "data": list(page), "has_more": has_more, "url": url}


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise StripeRefusalError(400, f"Invalid limit: {text}; it must be from 1 to {MAX_LIMIT}.", param="limit")
    return int(text)


def _position(chosen: Sequence[Json], name: str, resource: str, param: str) -> int:
    for position, payload in enumerate(chosen):
        if payload["id"] == name:
            return position
    raise _no_such(resource, name, 400, param)


def _cut_embedded(value: Any) -> Any:
    """A copy with every list embedded in an object cut to 10 entries, as Stripe sends them."""
    if isinstance(value, list):
        return [_cut_embedded(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("object") == "list":
        return value | {"data": [_cut_embedded(part) for part in value["data"]]}
    cut = dict(value)
    for key, part in value.items():
        if isinstance(part, dict):
            if part.get("object") == "list":
                data = part["data"]
                cut[key] = _cut_embedded(part | {"data": data[:EMBEDDED_LIMIT], "has_more": len(data) > EMBEDDED_LIMIT})
            else:
                cut[key] = _cut_embedded(part)
    return cut
