"""The whole pipeline on one machine: what ``make run`` starts, watches, measures and stops."""
