"""The steps of the pipeline, one a file: values in, values out, no I/O and no clock."""
