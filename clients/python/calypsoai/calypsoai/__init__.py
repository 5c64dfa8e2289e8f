"""Stand-in for CalypsoAI's client, for the part of it that reads the audit log."""

from calypsoai import datatypes
from calypsoai.client import CalypsoAI
from calypsoai.datatypes import AuditEventType
from calypsoai.errors import RequestError

__all__ = ["AuditEventType", "CalypsoAI", "RequestError", "datatypes"]
__version__ = "0.1.0"
