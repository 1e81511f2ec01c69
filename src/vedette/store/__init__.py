"""Where events stay: one database a store, each event in it exactly once."""

from vedette.store.database import RunSink, Store
from vedette.store.tables import StoredEvent, as_json, export_json_lines, identity

__all__ = ["RunSink", "Store", "StoredEvent", "as_json", "export_json_lines", "identity"]
