"""What a user states: operators, workflows, clusters; and every mistake in them."""
