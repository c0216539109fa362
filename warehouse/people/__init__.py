"""Identity: who is who, by keys and names, as a pure function of what landed."""
