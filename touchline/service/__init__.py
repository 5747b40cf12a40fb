"""The ground under every HTTP service: how it listens and ends, words a refusal, and says how it is.

    runner (listen, limits, signals) -> answering (in time, the last answers) -> problem (RFC 9457) -> the service's own handlers
                                                                              -> health (/healthz, /readyz, /metrics)

Used by the collector, the dashboard and the worker's endpoint. Why it is so: docs/decisions/0183-one-ground-for-services.md.
"""
