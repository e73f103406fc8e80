"""Objects as configs and back, and what a config may ask for."""
