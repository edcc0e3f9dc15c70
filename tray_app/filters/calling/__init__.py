"""Tools for a model that knows none of the client's: told in the prompt, read from the answer."""
