"""Maps that change while events flow: which versions stand, how far the workers have come with them, and which one readers see.

A version of a map is first registered (`journey_raw.maps`); then it `stands` (`journey_raw.map_changes`: workers attach events under it,
new ones at once and stored ones bit by bit); then it is shown (`journey_raw.shown_maps`: all events are attached); at last it is `dropped`
(no view shows it, workers retract its rows). Nothing but a row of `map_changes` brings or takes a version: never a worker's files.

Why: docs/decisions/0186.
"""
