"""What stands between a request and a service: limits, refusals, metrics, the description and the pages."""
