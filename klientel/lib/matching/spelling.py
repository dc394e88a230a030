"""What several comparisons ask of spellings."""


def digits_of(text: str) -> str:
    """The digits of a text, in order: two words that differ in them are numbered, not misspelt."""
    return "".join(filter(str.isdigit, text))
