"""Tables that ship with the simulator, and the commands that made them."""
