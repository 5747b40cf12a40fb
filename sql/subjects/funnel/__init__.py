"""How many journeys come to each stage, and of those to the next: one definition, of all journeys and of the selected ones."""
