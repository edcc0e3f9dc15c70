"""JSON as models write it."""

import json
import time
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.filters.calling.lenient import Fault, Malformed, Unfinished, read, skip

FORGIVEN = {
    "trailing commas": ('{"a": [1, 2,], }', {"a": [1, 2]}),
    "single quotes": ("{'a': 'it\\'s \"so\"'}", {"a": 'it\'s "so"'}),
    "an apostrophe": ("{'a': 'it's fine', 'b': 1}", {"a": "it's fine", "b": 1}),
    "constants of Python": ("[True, False, None, undefined]", [True, False, None, None]),
    "no number of JSON": ("[NaN, -Infinity, 1e999]", ["NaN", "-Infinity", "1e999"]),
    "no number of JSON, by our reader": ("[NaN, 1e999,]", ["NaN", "1e999"]),
    "a number without end": ("[" + "9" * 5000 + "]", ["9" * 5000]),
    "other numbers": ("[+1, .5, 5., 0x1F, -2e3]", [1, 0.5, 5.0, 31, -2000.0]),
    "comments": ('// "a"\n{"a": /* "b" */ 1, # "c"\n "b": "x" // d\n}', {"a": 1, "b": "x"}),
    "line ends and tabs": ('{"a": "1\n\t2", }', {"a": "1\n\t2"}),
    "escapes that are none": (r'{"a": "\d\u12\x", }', {"a": r"\d\u12\x"}),
    "escapes": (r'{"a": "\"\\\/\b\f\n\r\t\u00e9\'", }', {"a": "\"\\/\b\f\n\r\té'"}),
    "pairs of surrogates": (r'["\ud83d\ude00", "\uD83D\uDE00"]', ["😀", "😀"]),
    "half surrogates": (r'["\ud83d", "\ude00x", "\ud83d\ud83d"]', ["�", "�x", "��"]),
    "keys without quotes": ("{a: 1, b-c: 2, $d: {e.f: 3}}", {"a": 1, "b-c": 2, "$d": {"e.f": 3}}),
    "three quotes": ('{"a": """x\n"y" """, "b": 1}', {"a": 'x\n"y" ', "b": 1}),
    "three quotes in three": ('{"a": """f\n"""g"""\n"""}', {"a": 'f\n"""g"""\n'}),
    "four quotes": ('{"a": """"g"""", "b": 1}', {"a": '"""g"""', "b": 1}),
    "missing commas": ('{"a": "x" "b": 1\n"c": {}}', {"a": "x", "b": 1, "c": {}}),
    "missing commas of a list": ("[{}\n{} []]", [{}, {}, []]),
    "pairs in a list": ('["a": "b", "c": 1]', [{"a": "b", "c": 1}]),
    "rows of pairs in a list": ('["a": 1, "b": 2, "a": 3]', [{"a": 1, "b": 2}, {"a": 3}]),
    "wide quotes are text": ('{"a": "“x”",}', {"a": "“x”"}),
    "a key twice": ("{'a': 1, 'a': 2}", {"a": 2}),
    "an odd space": ("\ufeff{\u00a0'a': 1}", {"a": 1}),
}


@pytest.mark.parametrize(("text", "value"), FORGIVEN.values(), ids=FORGIVEN)
def test_a_fault_with_one_meaning_is_forgiven(text: str, value: Any) -> None:
    assert read(text) == (value, len(text))


CODE = [
    'x = {a: "b"}; y',
    'print("hello")\nd = {"a": "b", "c": "d"}\n',
    '{"name": "x", "version": "1"}',
    '{"a": {"b": "c"}}\n',
    '{"a": ["b", "c"], "d": "e"}',
    'console.log("{");',
    'f("a", b: 1, "c")',
    'if (x == "a") {',
    '<a href="x">y</a>, "z"',
    '"version": "1.0",',
    'say "it", "that" or "so"',
    'environ.get("LANGUAGE", "").split(":")',
    'words = line.split(" ", 2)\npairs = [word.partition(":") for word in words]',
]


@pytest.mark.parametrize("content", CODE)
@pytest.mark.parametrize("frame", ['{"o": {"path": "p", "c": "@"}}', '{"o": {"c": "@", "n": 1}}'])
def test_code_whose_quotes_nobody_escaped_stays_whole(content: str, frame: str) -> None:
    text = frame.replace("@", content.replace("\n", "\\n"))

    assert read(text)[0]["o"]["c"] == content


UNCLEAR = {
    "an odd quote": '{"c": "a 5" disk", "path": "x"}',
    "a quote that ends two strings": '{"c": "say "hi"}}',
    "numbers with a leading zero": '{"a": 0644}',
    "words": '{"a": yes}',
    "no colon": '{"a" 1}',
    "no comma": "[1 2]",
    "a list closed as an object": '{"a": [1}',
    "too deep": "[" * 65 + "]" * 65,
    "too deep for the library": "[" * 100_000,
    "a colon of nothing": "{: 1}",
}


@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR)
def test_what_may_mean_two_things_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read(text)


def test_many_brackets_are_not_deep() -> None:
    rows = [[number, {}] for number in range(100)]

    assert read(json.dumps(rows))[0] == rows


def test_a_fault_says_what_was_expected_and_where() -> None:
    with pytest.raises(
        Malformed, match=r"expected ',' or '}', not 'oops}', at character 8"
    ) as told:
        read('{"a": 1 oops}')

    assert told.value.at == 8


CUT = ["", "{", '{"a', '{"a"', '{"a":', '{"a": tr', '{"a": "x', '{"a": "x"', "{'a': 1,", '["', "[1"]


@pytest.mark.parametrize("text", [*CUT, "/* x", '{"a": "say "x"', '{"a": 1 /'])
def test_a_cut_text_is_unfinished(text: str) -> None:
    with pytest.raises(Unfinished):
        read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": {"b": [1, 2', {"a": {"b": [1, 2]}}),
        ('{"a": [1, {"b": "x"}', {"a": [1, {"b": "x"}]}),
        ('{"a": 1, ', {"a": 1}),
        ("[", []),
    ],
)
def test_the_end_closes_brackets_where_the_caller_says_so(text: str, value: Any) -> None:
    assert read(text, closes=True) == (value, len(text))


@pytest.mark.parametrize("text", ['{"a": "x', '{"a":', '{"a', ""])
def test_the_end_closes_no_string_and_makes_up_no_value(text: str) -> None:
    with pytest.raises(Unfinished):
        read(text, closes=True)


def test_one_value_is_read_and_the_rest_left() -> None:
    assert read("x {'a': 1} y", 2) == ({"a": 1}, 10)
    assert skip("a // b\n\t/* c */ d", 1) == 16


nothing_lost = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(alphabet="\"'\\,:{}[]/*#\n a1"),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.text(max_size=6) | st.text(alphabet="\"':, a", max_size=4), inside, max_size=4
        )
    ),
    max_leaves=12,
)


@given(nothing_lost, st.booleans(), st.sampled_from([None, 0, 2, "\t"]))
def test_strict_json_keeps_every_value(value: Any, is_ascii: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)

    assert read(f" {text} ") == (value, len(text) + 1)


@given(nothing_lost, st.booleans(), st.sampled_from([None, 0, 2, "\t"]))
def test_our_own_reader_keeps_every_value_too(value: Any, is_ascii: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)

    loose = f"{{'a': {text}, \"b\": [{text},],}}"

    assert read(loose) == ({"a": value, "b": [value]}, len(loose))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(alphabet="ab\"'\\\n\t{}[]:, é"),
        lambda inside: (
            st.lists(inside, max_size=4)
            | st.dictionaries(st.text(alphabet="ab\"' "), inside, max_size=4)
        ),
    )
)
def test_what_python_prints_is_read(value: Any) -> None:
    assert read(f"[{value!r}]")[0] == [value]


# fmt: off
SHREDS = [
    '"', "'", '"""', "{", "}", "[", "]", ":", ",", "\\", "\n", " ", "a", "1", "-", "e", ".", "true",
    "NaN", "0x", "//", "/*", "*/", "#", "\\u", "\\ud83d", "\\ude00", "é", "\ufeff",
]
# fmt: on
shreds = st.lists(st.sampled_from(SHREDS), max_size=20).map("".join)


@given(shreds | st.text(), st.integers(0, 3), st.booleans())
def test_any_text_is_a_value_that_json_can_say_or_a_fault(text: str, at: int, closes: bool) -> None:
    with suppress(Fault):
        value, end = read(text, at, closes=closes)

        msgspec.json.encode(value)
        assert at <= end <= len(text)


UNITS = ['"', "\",'", '"//', '"//"\n', '"}', '" ', '", "a', '"""', '/*"', "\\", '":', '"\n#"', "[{"]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length_only(unit: str) -> None:
    began = time.thread_time()
    for start in ('{"a": "', "['", '{"a": """'):
        with suppress(Fault):
            read(start + unit * (100_000 // len(unit)))

    assert time.thread_time() - began < 10
