"""Pages that people look at, made from values: no measuring, no deciding."""
