"""What passes between the steps, the loop and the worker."""
