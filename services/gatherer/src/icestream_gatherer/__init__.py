"""The service that records what arrives and decides when a slot is complete."""
