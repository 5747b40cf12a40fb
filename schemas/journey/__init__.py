"""The journey map: its model, how a file is read and checked, and the compiled form that attach runs on."""
