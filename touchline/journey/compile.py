"""Compiles a map into tables for the hot loop: one `Cell` for every (touchpoint, action) that the map can tell apart.

In a cell only the rules are left that touchpoint and action allow, in declared order, cut after the first that asks
nothing more. Where that leaves a single outcome (the usual case) the cell holds it ready made, and attaching an event
is two dictionary lookups. Everything here is immutable: a compiled map may be shared by threads.

Why: docs/decisions/0033.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from touchline.journey.groups import Groups, compile_groups
from touchline.journey.predicates import Numbering, Predicate, Situation, predicate_of, until_certain
from touchline.schemas.journey.conditions import EventCondition, StageCondition, describe
from touchline.schemas.journey.model import JourneyMap

SECONDS_PER_DAY = 86_400
STAGE_KEY, TOUCHPOINT_KEY, CHANNEL_KEY = "s", "t", "c"
"""First letters of the keys of first-of sets, so that a stage, a touchpoint and a channel of one name stay apart."""


class RuleStep(NamedTuple):
    """What the rules say of an event: its stage (order 0 = unmapped) with the reason, and what it does to the
    journey."""

    stage: str
    stage_order: int
    rule: str
    evidence: str
    is_conversion: bool
    is_exit: bool
    stays_after_conversion: bool
    stage_key: str
    stage_bit: int


class RuleOutcome(NamedTuple):
    """A stage rule that is still possible in a cell. `fixed` is its step where conversion and exit are certain; else
    `steps` has all four combinations, and the tests that choose between them."""

    predicate: Predicate | None
    fixed: RuleStep | None
    steps: tuple[RuleStep, RuleStep, RuleStep, RuleStep]
    conversion: tuple[Predicate | None, ...]
    exit: tuple[Predicate | None, ...]

    def step(self, situation: Situation) -> RuleStep:
        """The step in this situation, given that the rule holds."""
        return self.steps[any_holds(self.conversion, situation) + 2 * any_holds(self.exit, situation)]


class Cell(NamedTuple):
    """All that is known of events with one touchpoint and action before looking at the person."""

    fixed: RuleStep | None
    tests_groups: bool
    outcomes: tuple[RuleOutcome, ...]
    personas: Groups
    segments: Groups
    persona_row: tuple[str, ...]
    segment_row: tuple[str, ...]
    touchpoint_key: str
    channel: str
    channel_key: str
    is_online: bool | None
    seen_bit: int
    number: int


Cells = Mapping[str | None, Cell]
"""By action; None stands for every action that the map does not name."""


class CompiledMap(NamedTuple):
    """A map ready for `attach`. `cells` is by touchpoint, `other_cells` serves touchpoints that the map does not
    know. `sources` and `brands` are those whose events are on the map, None for all; those of `except_sources` never
    are. `asked` holds, by touchpoint, the stages that its rules lead to (order -> stage and rule, in declared order):
    where answers about it belong."""

    map: str
    version: int
    content_hash: str
    stages: tuple[str, ...]
    cells: Mapping[str, Cells]
    other_cells: Cells
    asked: Mapping[str, Mapping[int, tuple[str, str]]]
    inactivity_seconds: int
    return_opens_cycle: bool
    sources: frozenset[str] | None = None
    except_sources: frozenset[str] = frozenset()
    brands: frozenset[str] | None = None

    @property
    def takes_all(self) -> bool:
        """Whether every event is on the map."""
        return self.sources is None and self.brands is None and not self.except_sources

    def takes(self, source: str, brand: str) -> bool:
        """Whether an event of that source and brand, "" for none, is on the map."""
        return (
            (self.sources is None or source in self.sources)
            and source not in self.except_sources
            and (self.brands is None or brand in self.brands)
        )

    def cell(self, touchpoint: str, action: str) -> Cell:
        """The cell of an event. The hot loop has this inline."""
        cells = self.cells.get(touchpoint, self.other_cells)
        return cells.get(action) or cells[None]


def compile_map(journey_map: JourneyMap) -> CompiledMap:
    """The map must have passed the reference checks of `load_map`; a reference to nothing raises KeyError here."""
    return _Compiler(journey_map).compiled()


def any_holds(predicates: Sequence[Predicate | None], situation: Situation) -> bool:
    """None holds always."""
    return any(predicate is None or predicate(situation) for predicate in predicates)


def decide(cell: Cell, situation: Situation) -> RuleStep:
    """The step of an event whose cell has no fixed one: the first rule that holds. The last outcome always does."""
    for outcome in cell.outcomes:
        predicate, fixed, _, _, _ = outcome
        if predicate is None or predicate(situation):
            return fixed or outcome.step(situation)
    raise AssertionError("a cell ends with an outcome without condition")


class _Compiler:
    """Walks the map once per (touchpoint, action)."""

    def __init__(self, journey_map: JourneyMap) -> None:
        self.map = journey_map
        self.stays = set(journey_map.cycle.stays)
        self.orders = {stage.id: order for order, stage in enumerate(journey_map.stages, start=1)}
        self.numbering = Numbering(self.orders, _watched_touchpoints(journey_map))
        self.exits = (journey_map.churn.exit if journey_map.churn else None) or ()
        self.actions: list[str | None] = [
            None,
            *sorted({action for c in _conditions(journey_map) for action in c.action or ()}),
        ]

    def compiled(self) -> CompiledMap:
        churn = self.map.churn
        return CompiledMap(
            map=self.map.map,
            version=self.map.version,
            content_hash=self.map.content_hash(),
            stages=tuple(self.orders),
            cells={touchpoint.id: self.cells(touchpoint.id) for touchpoint in self.map.touchpoints},
            other_cells=self.cells(None),
            asked={touchpoint.id: self.asked(touchpoint.id) for touchpoint in self.map.touchpoints},
            inactivity_seconds=(churn.inactivity_days or 0) * SECONDS_PER_DAY if churn else 0,
            return_opens_cycle=churn.return_opens_cycle if churn else True,
            sources=None if self.map.sources is None else frozenset(self.map.sources),
            except_sources=frozenset(self.map.except_sources or ()),
            brands=None if self.map.brands is None else frozenset(self.map.brands),
        )

    def asked(self, touchpoint: str) -> dict[int, tuple[str, str]]:
        stages: dict[int, tuple[str, str]] = {}
        for rule in self.map.rules:
            if not rule.when.touchpoint or touchpoint in rule.when.touchpoint:
                stages.setdefault(self.orders[rule.stage], (rule.stage, rule.id))
        return stages

    def cells(self, touchpoint: str | None) -> dict[str | None, Cell]:
        return {action: self.cell(touchpoint, action) for action in self.actions}

    def cell(self, touchpoint: str | None, action: str | None) -> Cell:
        declared = next((known for known in self.map.touchpoints if known.id == touchpoint), None)
        channel = declared.channel if declared else ""
        number = self.numbering.touchpoints.get(touchpoint or "", 0)
        personas = self.groups(touchpoint, action, [(persona.id, persona.when) for persona in self.map.personas])
        segments = self.groups(touchpoint, action, [(segment.id, segment.when) for segment in self.map.segments])
        outcomes = self.outcomes(touchpoint, action)
        return Cell(
            fixed=outcomes[0].fixed if outcomes[0].predicate is None else None,
            tests_groups=bool(personas.tests or segments.tests),
            outcomes=outcomes,
            personas=personas,
            segments=segments,
            persona_row=personas.by_conversions,
            segment_row=segments.by_conversions,
            touchpoint_key=TOUCHPOINT_KEY + touchpoint if touchpoint else "",
            channel=channel,
            channel_key=CHANNEL_KEY + channel,
            is_online=declared.is_online if declared else None,
            seen_bit=1 << number if number else 0,
            number=number,
        )

    def groups(
        self, touchpoint: str | None, action: str | None, members: Iterable[tuple[str, Sequence[EventCondition] | None]]
    ) -> Groups:
        allowed = [
            (condition, name)
            for name, alternatives in members
            for condition in alternatives or ()
            if _allows(condition, touchpoint, action)
        ]
        return compile_groups(allowed, self.numbering)

    def outcomes(self, touchpoint: str | None, action: str | None) -> tuple[RuleOutcome, ...]:
        possible = (
            (predicate_of(rule.when, self.numbering), rule)
            for rule in self.map.rules
            if _allows(rule.when, touchpoint, action)
        )
        outcomes = [
            self.outcome(
                predicate, rule.stage, rule.id, describe(rule.when, touchpoint or "", action or ""), touchpoint, action
            )
            for predicate, rule in until_certain(possible)
        ]
        if not outcomes or outcomes[-1].predicate is not None:
            outcomes.append(self.outcome(None, "", "", "", touchpoint, action))
        return tuple(outcomes)

    def outcome(
        self,
        predicate: Predicate | None,
        stage: str,
        rule: str,
        evidence: str,
        touchpoint: str | None,
        action: str | None,
    ) -> RuleOutcome:
        def step(is_conversion: bool, is_exit: bool) -> RuleStep:
            order = self.orders.get(stage, 0)
            return RuleStep(
                stage, order, rule, evidence, is_conversion, is_exit, stage in self.stays, STAGE_KEY + stage, 1 << order
            )

        goals = [condition for goal in self.map.goals for condition in goal.when] if stage else []
        steps = step(False, False), step(True, False), step(False, True), step(True, True)
        conversion = self.alternatives(goals, stage, touchpoint, action)
        leaving = self.alternatives(self.exits, stage, touchpoint, action)
        is_certain = all(test is None for test in conversion + leaving)
        fixed = steps[bool(conversion) + 2 * bool(leaving)] if is_certain else None
        return RuleOutcome(predicate, fixed, steps, conversion, leaving)

    def alternatives(
        self, conditions: Iterable[StageCondition], stage: str, touchpoint: str | None, action: str | None
    ) -> tuple[Predicate | None, ...]:
        """Of the conditions that stage, touchpoint and action allow: what else they ask."""
        possible = [
            predicate_of(condition, self.numbering)
            for condition in conditions
            if _allows(condition, touchpoint, action) and (not condition.stage or stage in condition.stage)
        ]
        return (None,) if None in possible else tuple(possible)


def _allows(condition: EventCondition, touchpoint: str | None, action: str | None) -> bool:
    if condition.touchpoint and touchpoint not in condition.touchpoint:
        return False
    return not condition.action or action in condition.action


def _conditions(journey_map: JourneyMap) -> Iterator[EventCondition]:
    """Every `when` of the map."""
    yield from (rule.when for rule in journey_map.rules)
    for persona in journey_map.personas:
        yield from persona.when or ()
    for segment in journey_map.segments:
        yield from segment.when or ()
    for goal in journey_map.goals:
        yield from goal.when
    if journey_map.churn:
        yield from journey_map.churn.exit or ()


def _watched_touchpoints(journey_map: JourneyMap) -> dict[str, int]:
    """The touchpoints that history conditions name, numbered from 1: only these are remembered in tails."""
    watched: dict[str, int] = {}
    for condition in _conditions(journey_map):
        if before := condition.before:
            for name in (*(before.touchpoint or ()), *(before.no_touchpoint or ()), *(before.last_touchpoint or ())):
                watched.setdefault(name, len(watched) + 1)
    return watched
