"""Models: where their bytes come from, what runs them, and how their outputs are read."""
