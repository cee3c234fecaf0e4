"""The platform as a picture, drawn from the resources that the program registers."""
