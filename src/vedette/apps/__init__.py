"""Bundled applications: declarations and a few lines each, on the public API."""
