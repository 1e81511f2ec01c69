"""Planners: pure functions from tables to decisions. They measure, print and remember nothing."""
