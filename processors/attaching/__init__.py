"""Values that go into attach and come out of it."""
