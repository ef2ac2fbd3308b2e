"""What the worlds' company sells: products, prices with every shape METRICS 2.2 names, coupons.

Belongs here: fixed Stripe objects. Does not: who buys them (worlds) or how they are billed (sandbox).
"""

from __future__ import annotations

from typing import Any

CREATED = 1_700_000_000
Document = dict[str, Any]


def _product(product_id: str, plan: str | None = None, revenue_type: str | None = None) -> Document:
    metadata = {key: value for key, value in (("plan", plan), ("revenue_type", revenue_type)) if value}
    return {
        "id": product_id,
        "object": "product",
        "created": CREATED,
        "livemode": True,
        "active": True,
        "metadata": metadata,
    }


def _price(
    price_id: str, product: str, currency: str, amount: str | None, interval: str | None, **more: Any
) -> Document:
    recurring = None
    if interval is not None:
        recurring = {
            "interval": interval,
            "interval_count": more.pop("interval_count", 1),
            "usage_type": more.pop("usage_type", "licensed"),
        }
    return {
        "id": price_id,
        "object": "price",
        "created": CREATED,
        "livemode": True,
        "active": True,
        "product": product,
        "currency": currency,
        "type": "recurring" if recurring else "one_time",
        "billing_scheme": "per_unit" if amount is not None else "tiered",
        "unit_amount": int(amount) if amount is not None and amount.isdigit() else None,
        "unit_amount_decimal": amount,
        "tiers_mode": None,
        "tax_behavior": "exclusive",
        "transform_quantity": None,
        "recurring": recurring,
        **more,
    }


def _tier(up_to: int | None, unit: str, flat: int | None = None) -> Document:
    return {
        "up_to": up_to,
        "unit_amount": int(unit) if unit.isdigit() else None,
        "unit_amount_decimal": unit,
        "flat_amount": flat,
        "flat_amount_decimal": None if flat is None else str(flat),
    }


def _coupon(coupon_id: str, duration: str, **more: Any) -> Document:
    return {
        "id": coupon_id,
        "object": "coupon",
        "created": CREATED,
        "livemode": True,
        "duration": duration,
        "percent_off": None,
        "amount_off": None,
        "currency": None,
        "duration_in_months": None,
        "applies_to": None,
        **more,
    }


PRODUCTS = (
    _product("prod_starter", "starter"),
    _product("prod_pro", "professional"),
    _product("prod_enterprise", "enterprise"),
    _product("prod_addon", "seats"),
    _product("prod_services", None, "services"),
    _product("prod_setup"),
)

_GRADUATED = [_tier(5, "1000"), _tier(10, "899.5"), _tier(None, "700")]
_VOLUME = [_tier(5, "1000", 500), _tier(10, "900", 0), _tier(None, "812.34", 100)]

PRICES = (
    _price("price_a_starter", "prod_starter", "eur", "9900", "month"),
    _price("price_b_pro", "prod_pro", "eur", "29900", "month"),
    _price("price_c_seat", "prod_addon", "eur", "333.335", "month"),
    _price("price_d_incl", "prod_starter", "eur", "11900", "month", tax_behavior="inclusive"),
    _price("price_e_unspecified", "prod_pro", "eur", "4990", "month", tax_behavior="unspecified"),
    _price("price_f_graduated", "prod_addon", "eur", None, "month", tiers=_GRADUATED, tiers_mode="graduated"),
    _price("price_g_volume", "prod_enterprise", "eur", None, "month", tiers=_VOLUME, tiers_mode="volume"),
    _price("price_h_packs", "prod_addon", "eur", "2500", "month", transform_quantity={"divide_by": 3, "round": "up"}),
    _price("price_i_metered", "prod_addon", "eur", "10", "month", usage_type="metered"),
    _price("price_j_service", "prod_services", "eur", "50000", "month"),
    _price("price_k_free", "prod_starter", "eur", "0", "month"),
    _price("price_l_year", "prod_pro", "eur", "299999", "year"),
    _price("price_m_year_seat", "prod_addon", "eur", "10001", "year"),
    _price("price_n_week", "prod_starter", "eur", "2500", "week"),
    _price("price_o_quarter", "prod_enterprise", "eur", "100000", "month", interval_count=3),
    _price("price_p_days", "prod_starter", "eur", "3333", "day", interval_count=10),
    _price("price_q_usd", "prod_starter", "usd", "9900", "month"),
    _price("price_r_usd_pro", "prod_pro", "usd", "29999", "month"),
    _price("price_s_jpy", "prod_pro", "jpy", "12345", "month"),
    _price("price_t_kwd", "prod_enterprise", "kwd", "33333", "month"),
    _price("price_u_sek", "prod_starter", "sek", "99900", "month"),
)
SETUP_PRICE = _price("price_z_setup", "prod_setup", "eur", "50000", None)
SERVICE_PRICE = _price("price_z_service", "prod_services", "eur", "25000", None)

COUPONS = (
    _coupon("co_forever_20", "forever", percent_off=20),
    _coupon("co_forever_100", "forever", percent_off=100),
    _coupon("co_forever_33", "forever", percent_off=33.33),
    _coupon("co_forever_10eur", "forever", amount_off=1000, currency="eur"),
    _coupon("co_forever_big", "forever", amount_off=99999, currency="eur"),
    _coupon("co_forever_usd", "forever", amount_off=1234, currency="usd"),
    _coupon("co_forever_pro", "forever", percent_off=50, applies_to={"products": ["prod_pro"]}),
    _coupon("co_forever_jpy", "forever", amount_off=1500, currency="jpy"),
    _coupon("co_2_months_kwd", "repeating", amount_off=4567, currency="kwd", duration_in_months=2),
    _coupon("co_3_months", "repeating", percent_off=25, duration_in_months=3),
    _coupon("co_1_month_eur", "repeating", amount_off=700, currency="eur", duration_in_months=1),
    _coupon("co_once_15", "once", percent_off=15),
    _coupon("co_once_eur", "once", amount_off=500, currency="eur"),
)

PRICE = {price["id"]: price for price in (*PRICES, SETUP_PRICE, SERVICE_PRICE)}
COUPON = {coupon["id"]: coupon for coupon in COUPONS}


def compatible(price: Document, *, mixes_intervals: bool = False) -> list[str]:
    """Prices that may stand in one subscription with this one: of its currency, and unless mixed of its interval."""

    def rhythm(of: Document) -> tuple[Any, ...]:
        if mixes_intervals:
            return (of["currency"],)
        return of["currency"], of["recurring"]["interval"], of["recurring"]["interval_count"]

    return [other["id"] for other in PRICES if rhythm(other) == rhythm(price)]
