"""Who may do what on AWS: recorded policies, evaluated for requests that are really sent."""
