"""Who may see what over the API: credentials, scopes, limits, the audit log, visibility.

A route needs two names, and they are here; the rest is imported from its module.
"""

from serving.api.access.principal import Principal
from serving.api.access.requirement import requires

__all__ = ["Principal", "requires"]
