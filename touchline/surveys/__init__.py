"""Surveys: who is asked what, where and when."""
