"""What NETVEXA sells: products, prices in every currency, coupons, and the tax its customers pay.

A closed list that never changes while a company is simulated, apart from the one price rise. Amounts are minor units.
"""

from decimal import Decimal
from fractions import Fraction

from ingestion.simulator.pricing import Coupon, Price, Product, Tier

STARTER = Product("prod_starter", "NETVEXA Starter", plan="starter", revenue_type="recurring")
PROFESSIONAL = Product("prod_professional", "NETVEXA Professional", plan="professional", revenue_type="recurring")
ENTERPRISE = Product("prod_enterprise", "NETVEXA Enterprise", plan="enterprise", revenue_type="recurring")
EXTRA_AGENTS = Product("prod_extra_agents", "Extra agents", revenue_type="recurring")
WORKSPACE = Product("prod_workspace", "Additional workspace")
MESSAGES = Product("prod_messages", "Messages beyond the plan", revenue_type="recurring")
COMMUNITY = Product("prod_community", "Community badge", plan="starter")
SETUP = Product("prod_setup", "Set-up", revenue_type="one_time")
SERVICES = Product("prod_services", "Professional services", revenue_type="services")
WORKSHOP = Product("prod_workshop", "Workshop")
PRODUCTS = (
    STARTER,
    PROFESSIONAL,
    ENTERPRISE,
    EXTRA_AGENTS,
    WORKSPACE,
    MESSAGES,
    COMMUNITY,
    SETUP,
    SERVICES,
    WORKSHOP,
)


def _flat(product: Product, currency: str, unit: int, **more: object) -> Price:
    interval = more.get("interval", "month")
    suffix = "".join(f"_{value}" for key, value in sorted(more.items()) if key != "interval")
    name = f"price_{product.id.removeprefix('prod_')}_{currency.lower()}_{interval}{suffix}"
    return Price(name, product, currency, Decimal(unit), **more)  # type: ignore[arg-type]


_SEAT_TIERS = (Tier(10, Decimal(3900)), Tier(25, Decimal(3400)), Tier(None, Decimal(2900)))
_VOLUME_TIERS = (Tier(20, Decimal(2800), 9900), Tier(50, Decimal(2400), 9900), Tier(None, Decimal(2000), 19900))
_MONTHLY = {
    "EUR": {STARTER: 9900, PROFESSIONAL: 29900, EXTRA_AGENTS: 1500},
    "USD": {STARTER: 10900, PROFESSIONAL: 32900, EXTRA_AGENTS: 1700},
    "GBP": {STARTER: 8500, PROFESSIONAL: 25900, EXTRA_AGENTS: 1300},
    "JPY": {STARTER: 14800, PROFESSIONAL: 44800, EXTRA_AGENTS: 2300},
}
MONTHLY = {(p, c): _flat(p, c, unit) for c, units in _MONTHLY.items() for p, unit in units.items()}
YEARLY = {(p, c): _flat(p, c, unit * 10, interval="year") for c, units in _MONTHLY.items() for p, unit in units.items()}
SEATS = {
    currency: Price(
        f"price_seats_{currency.lower()}",
        ENTERPRISE,
        currency,
        None,
        tiers=_SEAT_TIERS,
        tiers_mode="graduated",
    )
    for currency in ("EUR", "USD", "GBP")
}
VOLUME_SEATS = Price("price_volume_eur", ENTERPRISE, "EUR", None, tiers=_VOLUME_TIERS, tiers_mode="volume")
FLAT_TIER = Price(
    "price_platform_eur",
    ENTERPRISE,
    "EUR",
    None,
    tiers=(Tier(5, Decimal(0), 24900), Tier(None, Decimal(3100))),
    tiers_mode="graduated",
)
PACKS_OF_FIVE = Price("price_packs_eur", EXTRA_AGENTS, "EUR", Decimal(5900), divide_by=5)
CENT_FRACTIONS = Price("price_prepaid_eur", MESSAGES, "EUR", Decimal("1.25"))
METERED = Price("price_metered_eur", MESSAGES, "EUR", Decimal("0.8"), usage="metered")
FREE = Price("price_community_eur", COMMUNITY, "EUR", Decimal(0))
RETAINER = Price("price_retainer_eur", SERVICES, "EUR", Decimal(25000))
QUARTERLY = Price("price_professional_quarter", PROFESSIONAL, "EUR", Decimal(85000), interval_count=3)
WEEKLY = Price("price_starter_week", STARTER, "EUR", Decimal(2500), interval="week")
EVERY_TEN_DAYS = Price("price_starter_ten_days", STARTER, "EUR", Decimal(3500), interval="day", interval_count=10)
INCLUSIVE = Price("price_starter_gross", STARTER, "EUR", Decimal(11900), tax_behavior="inclusive")
INCLUSIVE_YEAR = Price(
    "price_professional_gross_year", PROFESSIONAL, "EUR", Decimal(299000), interval="year", tax_behavior="inclusive"
)
UNSPECIFIED = Price("price_professional_gross_legacy", PROFESSIONAL, "EUR", Decimal(29900), tax_behavior="unspecified")
STARTER_OLD = Price("price_starter_eur_2024", STARTER, "EUR", Decimal(7900))
WORKSPACE_EUR = Price("price_workspace_eur", WORKSPACE, "EUR", Decimal(900))
WORKSPACES = tuple(
    Price(f"price_workspace_eur_{number:02d}", WORKSPACE, "EUR", Decimal(900 + 50 * number)) for number in range(1, 12)
)
SETUP_FEE = {
    c: Price(f"price_setup_{c.lower()}", SETUP, c, Decimal(unit), interval=None)
    for c, unit in {"EUR": 45000, "USD": 49000, "GBP": 39000, "JPY": 60000}.items()
}
SERVICE_DAY = {
    c: Price(f"price_services_{c.lower()}", SERVICES, c, Decimal(unit), interval=None)
    for c, unit in {"EUR": 38000, "USD": 41000, "GBP": 33000, "JPY": 55000}.items()
}
WORKSHOP_FEE = Price("price_workshop_eur", WORKSHOP, "EUR", Decimal(19000), interval=None)
PRICES = (
    *MONTHLY.values(),
    *YEARLY.values(),
    *SEATS.values(),
    *SETUP_FEE.values(),
    *SERVICE_DAY.values(),
    *WORKSPACES,
    VOLUME_SEATS,
    FLAT_TIER,
    PACKS_OF_FIVE,
    CENT_FRACTIONS,
    METERED,
    FREE,
    RETAINER,
    QUARTERLY,
    WEEKLY,
    EVERY_TEN_DAYS,
    INCLUSIVE,
    INCLUSIVE_YEAR,
    UNSPECIFIED,
    STARTER_OLD,
    WORKSPACE_EUR,
    WORKSHOP_FEE,
)

LOYAL_10 = Coupon("LOYAL10", "forever", percent=Decimal(10))
PARTNER_15 = Coupon("PARTNER15", "forever", percent=Decimal("15.5"))
TWENTY_OFF = Coupon("TWENTYOFF", "forever", amount_off=2000, currency="EUR")
WELCOME_50 = Coupon("WELCOME50", "once", percent=Decimal(50))
LAUNCH_20 = Coupon("LAUNCH20", "repeating", percent=Decimal(20), months=3)
HALF_YEAR_30 = Coupon("HALFYEAR30", "repeating", amount_off=3000, currency="EUR", months=6)
PLAN_ONLY_25 = Coupon("PLANONLY25", "forever", percent=Decimal(25), product_ids=(PROFESSIONAL.id,))
COUPONS = (LOYAL_10, PARTNER_15, TWENTY_OFF, WELCOME_50, LAUNCH_20, HALF_YEAR_30, PLAN_ONLY_25)

# The seat is in Berlin: German buyers pay VAT, British ones theirs, other businesses none (reverse charge or export).
TAX_RATES = {"DE": Fraction(19, 100), "GB": Fraction(20, 100)}
