"""`touchline surveys ask`: a decision as the server would make it, from the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_driver import Client

from touchline.errors import WrongUsage
from touchline.person.known import keys_beginning_with
from touchline.settings import Settings
from touchline.surveys.asked import standing
from touchline.surveys.decide import AskReason, choose_event, most_telling
from touchline.surveys.page import Trial
from touchline.surveys.policies import askings_of, load_policy
from touchline.surveys.questions import load_catalogue
from touchline.surveys.secret import read_survey_secret
from touchline.surveys.server.desk import default_map
from touchline.surveys.server.ledger_facts import Wanted, read_facts


def trial_of(client: Client, settings: Settings, keys: Sequence[str], touchpoint: str, now_us: int) -> Trial:
    """What would be decided at that moment. Raises WrongUsage where no map is applied, or the policy does not fit it."""
    policy = load_policy(settings.survey_policy, settings.project_dir)
    secret = read_survey_secret(settings.survey_secret_file)
    journey_map = default_map(client)
    if journey_map is None:
        raise WrongUsage(
            "no journey map is applied yet", "start a worker (touchline up), or wait until it has applied one"
        )
    askings = askings_of(policy, journey_map, load_catalogue(settings.survey_questions_file))
    known = next(filter(None, (keys_beginning_with(client, one) for one in keys)), [])
    if len(known) > 1:
        raise WrongUsage("several person keys begin so", "give more digits of the one that is meant")
    found = read_facts(client, known, Wanted(touchpoint), now_us)
    chosen = choose_event(askings, found.events, found.person, now_us, secret)
    asks = sorted(standing(found.person.asks), key=lambda one: (-one.time_us, one.ask_id))
    if chosen is None:
        return Trial(AskReason.NO_EVENT, None, None, None, asks)
    told = most_telling(chosen[1])
    if told is None:
        return Trial(AskReason.NOT_IN_POLICY, chosen[0], None, None, asks)
    return Trial(told[1].reason, chosen[0], *told, asks)
