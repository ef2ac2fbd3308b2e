"""Superset's metadata made ready, inside Superset's own environment: schema, permissions, the administrator.

Run by `server` as a program with Superset's Python; one process, because each start of Superset costs seconds. The
administrator's name and password come on standard input, where no list of processes shows them.
Belongs here: what only Superset's own code can do. Does not: dashboards and roles, which go through its API.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Upgrade the metadata, write the permissions, and set the administrator's name and password."""
    from flask_migrate import upgrade
    from superset.app import create_app

    administrator = json.load(sys.stdin)
    name, password = administrator["name"], administrator["password"]
    app = create_app()
    with app.app_context():
        upgrade()
        app.appbuilder.add_permissions(update_perms=True)
        security = app.appbuilder.sm
        security.sync_role_definitions()
        user = security.find_user(username=name)
        if user is None:
            security.add_user(
                name, name, "NETVEXA", f"{name}@localhost", security.find_role("Admin"), password=password
            )
        else:
            security.reset_password(user.id, password)


if __name__ == "__main__":
    main()
