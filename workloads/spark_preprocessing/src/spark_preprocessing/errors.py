"""What this package tells a person when it cannot go on."""


class PreprocessingError(Exception):
    """The features cannot be prepared. The message says what, where and what to do; nothing was published."""
