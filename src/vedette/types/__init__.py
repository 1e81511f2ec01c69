"""The frozen values that all other parts speak: media, graph, cluster, profile, plan, events."""
