"""From the parameters of a URL to one SELECT over one view: everything is checked here, and nothing is asked yet."""
