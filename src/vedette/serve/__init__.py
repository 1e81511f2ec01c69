"""Models and segments as servers of the Open Inference Protocol."""
