"""Rows of what other systems export: tills, shops, analytics, event logs. Each gives flat rows that a mapping reads, so the way of a file
from there on is that of any other."""
