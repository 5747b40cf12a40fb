"""What people wrote: read by those who may, with every reading written down."""
