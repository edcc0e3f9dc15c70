"""Names and values of calls, chosen to be read wrongly."""

from hypothesis import strategies as st

# fmt: off
SHREDS = [
    "</parameter>", "<tool_call>", "</tool_call>", "<", "&", "&lt;", '"', "'", "\\", "\n", " ", "}",
    "{", "]", ",", ":", "```", "//", "def f(x):\n    return {'a': \"b\"}", "é", "x",
]
TAGS = [
    "<function=w>", "<parameter=a>", "</function>", "<arg_key>", "</arg_key>", "<arg_value>",
    "</arg_value>", "<invoke name=", "w(", "\r\n", "[", '"arguments": ', '{"name": "w"',
    '{"name": "w"}',
]
# fmt: on

names = st.from_regex(r"[a-z][a-z0-9_\-]{0,12}", fullmatch=True)
texts = st.lists(st.sampled_from(SHREDS), max_size=12).map("".join)
values = st.dictionaries(names, texts, max_size=3)
"""Arguments that are text."""
anything = st.dictionaries(
    names,
    st.none() | st.booleans() | st.integers() | texts | st.lists(texts, max_size=2) | values,
    max_size=3,
)
"""Arguments of any kind."""
blocks = st.text() | st.lists(st.sampled_from(SHREDS + TAGS), max_size=20).map("".join)
"""What may stand in a block."""
