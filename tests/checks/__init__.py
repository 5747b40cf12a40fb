"""Long checks, `./run check NAME --seed N`: what a test run has no time for. A short form of each stands among the tests."""
