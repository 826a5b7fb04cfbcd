"""Documents that try to give orders, to pass for the program's own words, or to run as a script."""
