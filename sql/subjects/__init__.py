"""The views by what they are about: the marts of a subject, its views with arguments, and the events behind them, together."""
