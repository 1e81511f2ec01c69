"""Files that outlive a run: YAML for people, JSON and arrays for programs, their schemas."""
