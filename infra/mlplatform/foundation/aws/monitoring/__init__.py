"""Alarms, and the budget."""
