"""Measures: the golden setting and each knob alone, as per-frame traces."""
