"""Exports of survey tools in miniature, of their documented shape and with invented answers, and what an owner writes to read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.producers.imports.build import new_producer
from touchline.producers.imports.file import send_file, work_of
from touchline.producers.imports.fit import parts_of
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.verdicts import RowVerdicts
from touchline.producers.memory import InMemoryProducer

SURVEY = """\
extends: {tool}
source: survey-tool
survey: {{name: till, about: store_purchase, scope: transactional}}
questions:
  recommend: {{kpi: nps, scale: [0, 10], score: {score}, comment: {comment}}}
"""

QUALTRICS = """\
StartDate,EndDate,Status,Progress,Finished,ResponseId,RecipientEmail,ExternalReference,UserLanguage,Q1,Q1_TEXT,Q2
Start Date,End Date,Response Type,Progress,Finished,Response ID,Recipient Email,External Data Reference,User Language,"Would you
recommend us?",Why?,How satisfied were you?
"{""ImportId"":""startDate"",""timeZone"":""Pacific/Auckland""}","{""ImportId"":""endDate"",""timeZone"":""Pacific/Auckland""}",\
"{""ImportId"":""status""}","{""ImportId"":""progress""}","{""ImportId"":""finished""}","{""ImportId"":""_recordId""}",\
"{""ImportId"":""recipientEmail""}","{""ImportId"":""externalDataReference""}","{""ImportId"":""userLanguage""}",\
"{""ImportId"":""QID1""}","{""ImportId"":""QID1_TEXT""}","{""ImportId"":""QID2""}"
2026-03-02 09:00:00,2026-03-02 09:05:00,IP Address,100,True,R_1,ana@example.org,C-1,EN,9,"Fast, and kind",5
2026-03-02 09:10:00,2026-03-02 09:11:00,IP Address,40,False,R_2,,C-2,DE,-99,-99,2
2026-03-02 09:20:00,2026-03-02 09:21:00,Survey Preview,100,True,R_3,,,EN,1,a test,1
"""

TYPEFORM = """\
#,How likely?,Other,Why?,Other,customer_no,Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC),Network ID,Tags
0dwdp4nz,9,,Fast,,C-1,completed,2026-03-02 09:00:00,,2026-03-02 09:05:00,653e97,
1kd8s0ab,3,,,,C-2,partial,2026-03-02 09:10:00,2026-03-02 09:11:00,,653e98,
2kd8s0ab,,,,,C-3,completed,2026-03-02 09:20:00,,2026-03-02 09:21:00,653e99,
"""

SURVEYMONKEY = """\
Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1,How likely?,How was it?,,Why?
,,,,,,,,,Response,Staff,Goods,Open-Ended Response
118052,446,03/02/2026 09:00:00 AM,03/02/2026 09:05:00 PM,192.0.2.1,ana@example.org,,,,9,4,5,Fast
118053,446,03/02/2026 09:10:00 AM,03/02/2026 09:11:00 AM,192.0.2.2,,,,,,,2,
"""

LIMESURVEY = """\
\ufeff"id";"submitdate";"lastpage";"startlanguage";"seed";"token";"startdate";"datestamp";"NPS";"WHY";"SAT[goods]"\r
"7";"2026-03-02 09:05:00";"2";"en";"1";"t1";"2026-03-02 09:00:00";"2026-03-02 09:05:00";"9";"Fast; and kind";"5"\r
"8";"";"1";"de";"2";"t2";"2026-03-02 09:10:00";"2026-03-02 09:11:00";"3";"{question_not_shown}";"{question_not_shown}"\r
"9";"";"1";"de";"2";"t2";"2026-03-02 09:20:00";"2026-03-02 09:21:00";"{question_not_shown}";"";""\r
\r
"""

LIMESURVEY_VV = (
    '"Response ID"\t"Date submitted"\t"Last page"\t"Start language"\t"Date last action"\t"How likely?"\t"Why?"\n'
    "id\tsubmitdate\tlastpage\tstartlanguage\tdatestamp\tNPS\tWHY\n"
    '7\t"2026-03-02 09:05:00"\t2\ten\t"2026-03-02 09:05:00"\t9\t"Fast{newline}{lbrace}really{tab}kind{cr}"\n'
    '8\t{question_not_shown}\t1\tde\t"2026-03-02 09:11:00"\t{question_not_shown}\t{question_not_shown}\n'
)

GOOGLE_FORMS = """\
"Timestamp","Username","How likely?","Why?","Why?"
"2026/03/02 9:05:00 PM GMT+1","ana@example.org","9","Fast",""
"2026/03/02 9:05:00 PM GMT+1","","9","Fast",""
"2026/07/02 12:05:00 AM GMT+5:30","","3","",""
"2026/07/02 9:05:00 AM GMT","","","",""
"""

DELIGHTED = """\
[
  {"id": "1", "person": "10", "survey_type": "nps", "score": 0, "comment": null, "permalink": "https://example.org/r/1",
   "created_at": 1772442300, "updated_at": null, "person_properties": {"country": "NZ"}, "notes": [], "tags": []},
  {"id": "2", "person": {"id": "11", "email": "ana@example.org"}, "survey_type": "nps", "score": 9, "comment": "Fast",
   "created_at": 1772442300, "updated_at": 1772442400, "person_properties": {}, "notes": [], "tags": []}
]
"""


def written(tool: str, score: str, comment: str, more: str = "") -> str:
    """What the owner of a survey writes."""
    return SURVEY.format(tool=tool, score=score, comment=comment) + more


BOTH = written("qualtrics", "Q1", "Q1_TEXT", "  satisfied: {kpi: csat, scale: [1, 5], score: Q2}\n")


def taken(
    path: Path, mapping: str, producer: InMemoryProducer | None = None
) -> tuple[dict[str, dict[str, Any]], list[RowVerdicts], list[str]]:
    """Of one import as the command does it: the events by id, what became of each question's rows, and what was said."""
    producer = producer or new_producer()
    verdicts, said = [], list[str]()
    with ImportJournal(path.with_suffix(".journal"), "t") as journal:
        for part in parts_of(path, parse_mapping(mapping)):
            rows, work = open_rows(path, part.mapping), work_of(journal, path, part.mapping)
            verdicts.append(
                send_file(
                    part.named(path),
                    rows,
                    part.mapping,
                    producer,
                    journal,
                    work,
                    advance=lambda units: None,
                    say=said.append,
                )
            )
            journal.end(work)
    return {event["id"]: event for event in producer.events}, verdicts, said
