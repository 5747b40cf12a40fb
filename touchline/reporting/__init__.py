"""Ways to look at what is stored: queries over HTTP, the report, the reconciliation. Printing is the command line's part."""
