"""Schedules of invitations over the product's own desk and inviter, and what must hold in each."""
