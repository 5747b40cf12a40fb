"""Personal values that no event may carry: found in free text and properties, masked or refused, and counted.

`find` finds them in one text, by `mails`, `cards`, `ibans`, `phones`, `internet`; `names` says what the name of a field tells of its value;
`policy` is what a source declares; `guard` goes through an event. Every way in uses the guard, and so does the worker.

Why: docs/decisions/0188.
"""
