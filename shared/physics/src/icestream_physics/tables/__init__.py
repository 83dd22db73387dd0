"""Look-up tables that physics ships, and the command that makes them."""
