"""ExecutiveProducer's table: a planned workflow against every frame sent to the cloud."""
