"""`python -m gribouille` is the command `gribouille`."""

from gribouille.cli import main

main()
