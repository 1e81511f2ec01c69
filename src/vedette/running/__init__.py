"""Runs a plan: for real on this machine, or in virtual time."""
