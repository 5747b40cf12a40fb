"""Mappings that ship, one file each, for what other systems export. A file has the name of its mapping, and no source: that is whose file
it is. Its description is the line that `touchline import mappings` shows."""
