"""Vedette plans and runs video analytics across cameras, edge boxes and a cloud."""

__version__ = "0.1.0"
