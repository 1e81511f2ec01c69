"""The verbs, composed of all the parts; the only place that knows them all."""

from vedette.session.exporting import ensure_tracks, write_tracks
from vedette.session.files import (
    check,
    load,
    load_declaration,
    load_operators,
    load_plan,
    load_profile,
    load_workflow,
    save,
    workflow,
)
from vedette.session.planning import Method, explain, plan, profile, profile_device
from vedette.session.rehearsing import Rehearsal, rehearse, simulate
from vedette.session.running import Ran, export_events, run
from vedette.session.supposing import what_if
from vedette.session.telling import sightings, write_page

__all__ = [
    "Method",
    "Ran",
    "Rehearsal",
    "check",
    "ensure_tracks",
    "explain",
    "export_events",
    "load",
    "load_declaration",
    "load_operators",
    "load_plan",
    "load_profile",
    "load_workflow",
    "plan",
    "profile",
    "profile_device",
    "rehearse",
    "run",
    "save",
    "sightings",
    "simulate",
    "what_if",
    "workflow",
    "write_page",
    "write_tracks",
]
