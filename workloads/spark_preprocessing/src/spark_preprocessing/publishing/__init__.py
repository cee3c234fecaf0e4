"""How a version of the data set comes to be seen: whole, or not at all; on folders and on object stores."""
