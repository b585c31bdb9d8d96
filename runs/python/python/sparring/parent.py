"""What `sparring.run` tells the process that it starts."""

PARENT = "_SPARRING_PARENT"
"""The environment variable with the process that it is to end with."""
