"""What is fitted to the rows, and how well it forecasts: the boosted trees, and the logistic model beside them."""
