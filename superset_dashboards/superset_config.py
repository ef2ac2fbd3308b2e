"""Superset's own configuration: read by Superset in its own environment, never imported by ours.

Belongs here: what Superset is told. Does not: dashboards (assets), who may see what (serving/roles.yml). The variables
are set by `server`; run by hand without them, Superset does not start.
"""

from __future__ import annotations

import os
import re

from flask import Flask, Response, jsonify, request

SECRET_KEY = os.environ["NETVEXA_SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["NETVEXA_SUPERSET_METADATA_URI"]

APP_NAME = "NETVEXA"
THEME_DEFAULT = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": "/static/assets/images/superset-logo-horiz.png",
        # Without these three the page does not render at all.
        "brandLogoHref": "/",
        "brandLogoHeight": "24px",
        "brandLogoMargin": "18px 0",
        "colorPrimary": "#2F6DB5",
        "colorLink": "#2F6DB5",
        "fontFamily": "Inter, Helvetica, Arial, sans-serif",
    }
}
THEME_DARK = None
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "netvexa",
        "label": APP_NAME,
        "description": "",
        "isDefault": True,
        "colors": [
            *("#2F6DB5", "#F2A33A", "#2E7D32", "#8E5EA2", "#21759B"),
            *("#C62828", "#7FB2E5", "#EF9A5A", "#00897B", "#9AA5B1"),
        ],
    }
]
FEATURE_FLAGS = {
    "HORIZONTAL_FILTER_BAR": True,
    "ALERT_REPORTS": False,
    # A dashboard is for its roles; else whoever may see one of its datasets would find it in the list.
    "DASHBOARD_RBAC": True,
}

# A version is a file of its own, read in milliseconds: what a cache would save is less than one stale number costs.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
# Of form data and filter states, which are nobody's numbers; the default keeps them in the metadata too, but warns.
_METADATA_CACHE = {
    "CACHE_TYPE": "SupersetMetastoreCache",
    "CACHE_KEY_PREFIX": "netvexa",
    "CACHE_DEFAULT_TIMEOUT": 86400,
}
FILTER_STATE_CACHE_CONFIG = _METADATA_CACHE
EXPLORE_FORM_DATA_CACHE_CONFIG = _METADATA_CACHE

# Pages may talk to this server and to nobody else: no maps, no pixels, no fonts from elsewhere.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "frame-ancestors": ["'none'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
# One dashboard is some thirty requests at once, and refreshes itself.
RATELIMIT_APPLICATION = "200 per second"
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per minute"
ENABLE_CORS = False
# Nobody without a name: there is no public role, and nobody signs up by himself.
PUBLIC_ROLE_LIKE = None
AUTH_USER_REGISTRATION = False
# DuckDB files are refused as long as anybody could add a connection; here only the push does, and only its own.
PREVENT_UNSAFE_DB_CONNECTIONS = False
ALLOW_ADHOC_SUBQUERY = False


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802 (Superset's name for it)
    """Let nobody's page save colours: it tries to as whoever looks, and a viewer would get an error for it.

    Colours are the files' (assets/colors.yaml), so there is nothing to save.
    """

    def keep_colors() -> Response | None:
        if request.method == "PUT" and re.fullmatch(r"/api/v1/dashboard/\d+/colors", request.path):
            return jsonify(result={})
        return None

    app.before_request(keep_colors)


ROW_LIMIT = 10_000
SQL_MAX_ROW = 10_000
SQLLAB_TIMEOUT = 30
SUPERSET_WEBSERVER_TIMEOUT = 60
