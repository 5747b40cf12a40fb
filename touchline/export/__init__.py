"""All that is kept of one person: found, opened, and given as a file for programs and a page for people."""
