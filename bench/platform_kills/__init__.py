"""The pipeline in the platform's pods, killed at random moments, and the next one, which must heal it."""
