"""The words of the page in four languages. What events say stays as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """Of the page."""

    EN = "en"
    DE = "de"
    FR = "fr"
    IT = "it"


WORDS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    # key: English, German, French, Italian
    "title": (
        "What we keep about you",
        "Was wir über Sie speichern",
        "Ce que nous gardons sur vous",
        "Che cosa conserviamo su di lei",
    ),
    "made": ("Made on {time} UTC.", "Erstellt am {time} UTC.", "Établi le {time} UTC.", "Creato il {time} UTC."),
    "whole": (
        "This page shows all that is kept about you here. The file export.json beside it holds the same for a program.",
        "Diese Seite zeigt alles, was hier über Sie gespeichert ist. Die Datei export.json daneben enthält dasselbe für ein Programm.",
        "Cette page montre tout ce qui est gardé ici sur vous. Le fichier export.json, à côté, contient la même chose pour un programme.",
        "Questa pagina mostra tutto ciò che qui si conserva su di lei. Il file export.json accanto contiene lo stesso per un programma.",
    ),
    "empty": (
        "Nothing is kept about you.",
        "Über Sie ist nichts gespeichert.",
        "Rien n’est gardé sur vous.",
        "Su di lei non si conserva nulla.",
    ),
    "identifiers": (
        "How we recognise you",
        "Woran wir Sie erkennen",
        "Comment nous vous reconnaissons",
        "Come la riconosciamo",
    ),
    "identifiers.note": (
        "Your card number, your login and the like are not kept. In their place stand keys from which they cannot be read back.",
        "Ihre Kartennummer, Ihr Benutzername und Ähnliches sind nicht gespeichert. An ihrer Stelle stehen Schlüssel, "
        "aus denen man sie nicht zurücklesen kann.",
        "Votre numéro de carte, votre identifiant et autres ne sont pas gardés. À leur place figurent des clés qui ne "
        "permettent pas de les retrouver.",
        "Il suo numero di carta, il suo nome utente e simili non si conservano. Al loro posto ci sono chiavi dalle "
        "quali non si possono rileggere.",
    ),
    "type": ("Kind", "Art", "Type", "Tipo"),
    "key": ("Key", "Schlüssel", "Clé", "Chiave"),
    "events": ("Events", "Ereignisse", "Événements", "Eventi"),
    "first": ("First", "Zuerst", "Premier", "Primo"),
    "last": ("Last", "Zuletzt", "Dernier", "Ultimo"),
    "shared": (
        "also used by others: only what is yours is shown",
        "auch von anderen benutzt: nur Ihres wird gezeigt",
        "aussi utilisé par d’autres : seul ce qui est à vous est montré",
        "usato anche da altri: si mostra solo ciò che è suo",
    ),
    "said": ("What you told us", "Was Sie uns gesagt haben", "Ce que vous nous avez dit", "Che cosa ci ha detto"),
    "score": (
        "Score {score}, on a scale from {low} to {high}",
        "Bewertung {score} auf einer Skala von {low} bis {high}",
        "Note {score} sur une échelle de {low} à {high}",
        "Punteggio {score} su una scala da {low} a {high}",
    ),
    "locked": (
        "There is a text that we could not open. Ask us about it.",
        "Es gibt einen Text, den wir nicht öffnen konnten. Fragen Sie uns danach.",
        "Il y a un texte que nous n’avons pas pu ouvrir. Demandez-le-nous.",
        "C’è un testo che non abbiamo potuto aprire. Ce lo chieda.",
    ),
    "asks": (
        "When we wanted to ask you",
        "Wann wir Sie fragen wollten",
        "Quand nous avons voulu vous interroger",
        "Quando volevamo farle una domanda",
    ),
    "cases": (
        "When we wanted to look after you",
        "Wann wir uns um Sie kümmern wollten",
        "Quand nous avons voulu nous occuper de vous",
        "Quando volevamo occuparci di lei",
    ),
    "by": ("By whom, and the cause", "Durch wen, und die Ursache", "Par qui, et la cause", "Da chi, e la causa"),
    "happened": ("What happened", "Was geschehen ist", "Ce qui s’est passé", "Che cosa è successo"),
    "when": ("When (UTC)", "Wann (UTC)", "Quand (UTC)", "Quando (UTC)"),
    "what": ("What", "Was", "Quoi", "Che cosa"),
    "where": ("Where", "Wo", "Où", "Dove"),
    "amount": ("Amount", "Betrag", "Montant", "Importo"),
    "from": ("From which system", "Aus welchem System", "De quel système", "Da quale sistema"),
    "journeys": (
        "Your journeys, as we see them",
        "Ihre Wege, wie wir sie sehen",
        "Vos parcours, tels que nous les voyons",
        "I suoi percorsi, come li vediamo",
    ),
    "map": ("Map", "Karte", "Carte", "Mappa"),
    "steps": ("Steps", "Schritte", "Étapes", "Passi"),
    "consents": ("Your consent", "Ihre Einwilligung", "Votre consentement", "Il suo consenso"),
    "purpose": ("Purpose", "Zweck", "Finalité", "Finalità"),
    "state": ("State", "Stand", "État", "Stato"),
    "granted": ("granted", "erteilt", "accordé", "concesso"),
    "withdrawn": ("withdrawn", "widerrufen", "retiré", "revocato"),
    "since": ("From (UTC)", "Ab (UTC)", "À partir de (UTC)", "Da (UTC)"),
    "until": ("Until (UTC)", "Bis (UTC)", "Jusqu’à (UTC)", "Fino a (UTC)"),
    "quarantine": (
        "Records that we could not use",
        "Sätze, die wir nicht verwenden konnten",
        "Enregistrements que nous n’avons pas pu utiliser",
        "Record che non abbiamo potuto usare",
    ),
    "reason": ("Why not", "Warum nicht", "Pourquoi", "Perché no"),
    "readings": (
        "When your texts were read",
        "Wann Ihre Texte gelesen wurden",
        "Quand vos textes ont été lus",
        "Quando i suoi testi sono stati letti",
    ),
    "texts": ("Texts", "Texte", "Textes", "Testi"),
    "records": (
        "Every record in full",
        "Jeder Satz vollständig",
        "Chaque enregistrement en entier",
        "Ogni record per intero",
    ),
    "records.note": (
        "As it is kept, with the names that the file has. Numbers of other people are left out.",
        "So, wie er gespeichert ist, mit den Namen der Datei. Kennungen anderer Personen sind weggelassen.",
        "Tel qu’il est gardé, avec les noms du fichier. Les identifiants d’autres personnes sont omis.",
        "Così come è conservato, con i nomi del file. Gli identificativi di altre persone sono omessi.",
    ),
    "elsewhere": (
        "Where else your data may be",
        "Wo Ihre Daten noch sein können",
        "Où vos données peuvent encore se trouver",
        "Dove altro possono essere i suoi dati",
    ),
    "elsewhere.note": (
        "Copies wait for a while in the message system that brings events here, and in backups. Both are deleted after their term. "
        "Systems that invite you to a survey, or that our staff work with when they look after you, were told of it by your key.",
        "Kopien liegen eine Zeit lang im Nachrichtensystem, das die Ereignisse hierher bringt, und in Sicherungen. "
        "Beide werden nach ihrer Frist gelöscht. Systeme, die Sie zu einer Umfrage einladen oder mit denen unsere Leute arbeiten, wenn sie "
        "sich um Sie kümmern, haben davon unter Ihrem Schlüssel erfahren.",
        "Des copies restent un temps dans le système de messages qui apporte les événements ici, et dans des "
        "sauvegardes. Les deux sont supprimées après leur délai. Les systèmes qui vous invitent à une enquête, ou dont nos équipes se "
        "servent pour s’occuper de vous, en ont été informés sous votre clé.",
        "Copie restano per un po’ nel sistema di messaggi che porta qui gli eventi, e nelle copie di sicurezza. "
        "Entrambe si cancellano dopo il loro termine. I sistemi che la invitano a un sondaggio, o con cui i nostri addetti lavorano quando "
        "si occupano di lei, ne sono stati informati con la sua chiave.",
    ),
    "none": ("none", "keine", "aucun", "nessuno"),
}


def words_in(language: Language) -> Mapping[str, str]:
    """Key -> words."""
    at = list(Language).index(language)
    return {key: texts[at] for key, texts in WORDS.items()}
