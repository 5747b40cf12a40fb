"""The question as a page that needs no script: a form, its errors, and what is said where there is nothing to answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from touchline.markup import DOCTYPE, Child, Markup, tag
from touchline.surveys.questions import Question
from touchline.surveys.server.ways.assets import STYLE
from touchline.surveys.server.ways.taking import COMMENT_MAX, State, Taken
from touchline.surveys.server.ways.words import Words, words_for

_FAULT: Final = "fault"
_POINTS_IN_A_ROW: Final = 7


class Choice(NamedTuple):
    """One thing to choose: the value that is sent, what is read, and what only a screen reader adds."""

    value: str
    text: str
    more: str = ""


def choices(question: Question, language: str) -> list[Choice]:
    """What may be chosen, in the question's order; nothing of an open one."""
    if question.kind == "open":
        return []
    if question.options:
        return [Choice(option.id, text) for option, text in question.labels(language)]
    wording, points = question.wordings[language], question.scale.points
    ends = {points[0]: wording.low, points[-1]: wording.high}
    return [Choice(str(one), str(one), ends.get(one, "")) for one in points]


def question_page(
    question: Question, language: str, action: str, *, scan: str, chosen: str = "", fault: str = "", comment: str = ""
) -> str:
    """The question. `chosen` is ticked already; `fault` names the sentence that says what is missing."""
    words, wording = words_for(language), question.wordings[language]
    form = tag(
        "form",
        *_hidden(language, scan=scan),
        tag("p", words["chosen"], class_="note") if chosen else None,
        _fault(words, fault),
        _asked(question, language, chosen, comment, fault),
        tag("button", words["send"], type="submit"),
        method="post",
        action=action,
    )
    away = tag(
        "form",
        *_hidden(language, scan=scan, dismiss="1"),
        tag("button", words["dismiss"], type="submit", class_="quiet"),
        method="post",
        action=action,
    )
    return page(_titled(words, wording.text, fault), language, form, away, _languages(question, language, action))


def comment_page(question: Question, language: str, action: str, taken: Taken, scan: str, comment: str = "") -> str:
    """Thanks for the answer, and why; a comment is nobody's duty."""
    words, wording = words_for(language), question.wordings[language]
    return page(
        _titled(words, wording.thanks or words["thanks"], taken.fault),
        language,
        tag("h1", wording.thanks or words["thanks"]),
        tag("p", f"{words['your_answer']}: {_label(question, language, taken.said)}"),
        tag(
            "form",
            *_hidden(language, scan=scan, said=taken.said, seal=taken.seal),
            _fault(words, taken.fault),
            _text(words, f"{wording.comment} ({words['optional']})", comment, taken.fault, is_needed=False),
            tag("button", words["send"], type="submit"),
            method="post",
            action=action,
        ),
    )


def said_page(state: State, question: Question, language: str) -> str:
    """What is said when all is done."""
    words, wording = words_for(language), question.wordings[language]
    texts = {State.THANKS: wording.thanks or words["thanks"], State.DISMISSED: words["dismissed"]}
    return sentence_page(texts.get(state, words["again"]), language)


def sentence_page(sentence: str, language: str) -> str:
    """One sentence."""
    return page(sentence, language, tag("h1", sentence))


def page(title: str, language: str, *body: Child, head: Sequence[Child] = (), **attributes: str | None) -> str:
    """A whole page; its style is a file of its own, since nothing within may be one."""
    return DOCTYPE + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="robots", content="noindex"),
            tag("title", title),
            tag("link", rel="stylesheet", href=STYLE.path),
            *head,
        ),
        tag("body", tag("main", *body), **attributes),
        lang=language,
    )


def fields(question: Question, language: str, chosen: str = "") -> Markup:
    """The choices of a question as radio buttons below its words, which are the heading."""
    wording = question.wordings[language]
    found = choices(question, language)
    is_scale = not question.options
    kind = ("points" if len(found) > _POINTS_IN_A_ROW else "points few") if is_scale else "options"
    boxes = [
        tag(
            "label",
            tag(
                "input",
                type="radio",
                name="answer",
                value=one.value,
                required="",
                checked="" if one.value == chosen else None,
            ),
            tag("span", one.text, tag("span", f", {one.more}", class_="hidden") if one.more else None),
        )
        for one in found
    ]
    return tag(
        "fieldset",
        tag("legend", tag("h1", wording.text)),
        tag("div", boxes, class_=kind),
        tag("p", tag("span", wording.low), tag("span", wording.high), class_="ends", aria_hidden="true")
        if is_scale and (wording.low or wording.high)
        else None,
    )


def _asked(question: Question, language: str, chosen: str, comment: str, fault: str) -> Markup:
    if question.kind != "open":
        return fields(question, language, chosen)
    words, wording = words_for(language), question.wordings[language]
    return _text(words, tag("h1", wording.text), comment, fault, is_needed=True)


def _text(words: Words, label: Child, comment: str, fault: str, *, is_needed: bool) -> Markup:
    described = " ".join(filter(None, ("names", _FAULT if fault else "")))
    return tag(
        "div",
        tag("label", label, for_="comment"),
        tag(
            "textarea",
            comment,
            id="comment",
            name="comment",
            rows="4",
            maxlength=str(COMMENT_MAX),
            aria_describedby=described,
            aria_invalid="true" if fault else None,
            required="" if is_needed else None,
        ),
        tag("span", words["no_names"], id="names", class_="note"),
        class_="text",
    )


def _fault(words: Words, fault: str) -> Markup | None:
    return tag("p", words[fault], id=_FAULT, class_="fault", role="alert") if fault else None


def _titled(words: Words, title: str, fault: str) -> str:
    """A page with an error says so first, to who hears it."""
    return f"{words[fault]} {title}" if fault else title


def _hidden(language: str, **values: str) -> Iterator[Markup]:
    for name, value in {"language": language, **values}.items():
        if value:
            yield tag("input", type="hidden", name=name, value=value)


def _label(question: Question, language: str, said: str) -> str:
    return next((one.text for one in choices(question, language) if one.value == said), said)


def _languages(question: Question, language: str, action: str) -> Markup | None:
    others = [one for one in question.wordings if one != language]
    if not others:
        return None
    return tag(
        "nav",
        [tag("a", _own_name(one), href=f"{action}?language={one}", lang=one, hreflang=one) for one in others],
        aria_label=words_for(language)["another"],
    )


def _own_name(language: str) -> str:
    """A language we have no words in goes by its tag."""
    words = words_for(language)
    is_known = words is not words_for("") or language.partition("-")[0] == "en"
    return words["language"] if is_known else language
