"""The command line. `touchline.cli.main` finds a command and runs it; every other module is one command."""
