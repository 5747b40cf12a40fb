"""One person explained: identifiers, what links them, when that was published, shared devices, journeys."""
