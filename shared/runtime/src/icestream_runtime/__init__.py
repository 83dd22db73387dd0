"""Settings, logs, metrics, broker, topology, ledger, storage and health."""
