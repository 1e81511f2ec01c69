"""Video in and out: sources, encoders, and how items are packed for the way between machines."""
