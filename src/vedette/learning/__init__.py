"""Learning a cascade: samples, specialised models, splits, and which cascade keeps its promise.

Training needs the extra ``torch``; what it writes runs without.
"""
