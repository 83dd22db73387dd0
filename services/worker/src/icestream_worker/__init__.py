"""The service that makes products, each slot in a child process."""
