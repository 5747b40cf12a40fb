"""`python -m touchline` is the command `touchline`."""

from touchline.cli.main import main

main()
