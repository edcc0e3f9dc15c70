"""Calls whose parameters stand between tags."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling.hostile import names, values
from tray_app.filters.calling.lenient import Fault, Malformed, Unfinished
from tray_app.filters.calling.reading import RawCall, read_calls
from tray_app.filters.calling.tagged import Tags, is_beginning, is_orphaned, unescaped


def tagged(name: str, **values: str) -> RawCall:
    return RawCall(name, dict(values), as_text=True)


def in_tags(name: str, arguments: dict[str, str]) -> str:
    inside = "".join(f"<parameter={key}>\n{arguments[key]}\n</parameter>\n" for key in arguments)
    return f"<function={name}>\n{inside}</function>"


# Numbered and named as in the table of `test_reading`.
FORMS: dict[str, tuple[str, list[RawCall]]] = {
    "1 tags, ollama#17353": (
        "<function=w>\n<parameter=a>\nx\ny\n</parameter>\n<parameter=b>\n1\n</parameter>\n</function>",
        [tagged("w", a="x\ny", b="1")],
    ),
    "tags with names": (
        '<function name="w">\n<parameter name="a">x</parameter></function>',
        [tagged("w", a="x")],
    ),
    "invoke": (
        "<invoke name='w'><parameter name='a' string='true'>x</parameter></invoke>",
        [tagged("w", a="x")],
    ),
    "tags without values": ("<function=list>\n</function>", [tagged("list")]),
    "11 two in tags, vllm-mlx PR 55": (
        "<function=w>\n<parameter=a>\nx\n</parameter>\n</function>\n<function=v>\n</function>",
        [tagged("w", a="x"), tagged("v")],
    ),
    "22 a wrapper of tags, ollama#16383": (
        "<function_invocation>\n<function=w>\n</function>\n</function_invocation>",
        [tagged("w")],
    ),
    "3 no </parameter>, ollama#17276": (
        "<function=w>\n<parameter=p>\na\n</parameter>\n<parameter=c>\nb\nc\n</function>",
        [tagged("w", p="a", c="b\nc")],
    ),
    "3 no </parameter> before the next, ollama#18563": (
        "<function=w>\n<parameter=p>\na\n<parameter=c>\nb\n</parameter>\n</function>",
        [tagged("w", p="a", c="b")],
    ),
    "4 </parameter> for </function>, ollama#16810": (
        "<function=w>\n<parameter=a>\nx\n</parameter>\n</parameter>",
        [tagged("w", a="x")],
    ),
    "5 </arg_value>, continue#10896": (
        "<function=w>\n<parameter=a>\nx\n</arg_value>\n</function>\n</arg_value>",
        [tagged("w", a="x")],
    ),
    "6 a name in the wrong tag, ds4 PR 1050": (
        "<parameter=bash>\n<parameter=command>\nls\n</parameter>\n</function>",
        [tagged("bash", command="ls")],
    ),
    "6 a name for a tag": (
        "<bash>\n<parameter=command>\nls\n</parameter>\n</function>",
        [tagged("bash", command="ls")],
    ),
    "6 a name before its parameters": (
        "bash\n<parameter=command>\nls\n</parameter>",
        [tagged("bash", command="ls")],
    ),
    "7 a tag without its end, vllm#39771": (
        "<function=w\n<parameter=a\nx\n</parameter>\n</function>",
        [tagged("w", a="x")],
    ),
    "8 no closing tag, continue#13057": (
        "<function=x>\n<parameter=a> v\n<parameter=b> w",
        [tagged("x", a="v", b="w")],
    ),
    "8 no closing tag, values of several lines": (
        "<function=x>\n<parameter=a> if v:\n    w\n<parameter=b>  c\n d\n",
        [tagged("x", a="if v:\n    w", b=" c\n d")],
    ),
    "8 no closing tag of two": (
        "<function=x>\n<parameter=a>\nv\n<function=y>\n<parameter=a>\nw",
        [tagged("x", a="v"), tagged("y", a="w")],
    ),
    "9 code, ollama#12380": (
        '<function=w>\n<parameter=a>\nif a < b && c: "</parameter>"\n</parameter>\n</function>',
        [tagged("w", a='if a < b && c: "</parameter>"')],
    ),
    "9 a call in a value, AReaL PR 1458": (
        (
            "<function=w>\n<parameter=a>\n<function=f>\n<parameter=q>\n1\n</parameter>\n</function>\n"
            "</parameter>\n</function>"
        ),
        [tagged("w", a="<function=f>\n<parameter=q>\n1\n</parameter>\n</function>")],
    ),
    "25 one line end on each side, SGLang": (
        "<function=w>\n<parameter=a>\n\n x \n\n</parameter>\n</function>",
        [tagged("w", a="\n x \n")],
    ),
    "line ends of Windows": (
        "<function=w>\r\n<parameter=a>\r\nx\r\n</parameter>\r\n</function>",
        [tagged("w", a="x")],
    ),
    "a value twice": (
        "<function=w><parameter=a>1</parameter><parameter=a>2</parameter></function>",
        [tagged("w", a="2")],
    ),
    "27 entities in values, SGLang": (
        "<function=w>\n<parameter=a>\n&lt;b&gt; &amp;amp;\n</parameter>\n</function>",
        [tagged("w", a="&lt;b&gt; &amp;amp;")],
    ),
    "27 entities beside bare characters": (
        "<function=w>\n<parameter=a>\nx && '&lt;'\n</parameter>\n</function>\nThat is all.",
        [tagged("w", a="x && '&lt;'")],
    ),
    "27 entities for tags": (
        (
            "&lt;function=w&gt;\n&lt;parameter=a&gt;\n&lt;b&gt; &amp;amp; &copy=1 &#x27;\n"
            "&lt;/parameter&gt;\n&lt;/function&gt;"
        ),
        [tagged("w", a="<b> &amp; &copy=1 '")],
    ),
    "27 entities for the tags of values": (
        "<function=w>\n&lt;parameter=a&gt;\n1 &lt; 2\n&lt;/parameter&gt;\n</function>",
        [tagged("w", a="1 < 2")],
    ),
    "27 entities for the tags of the second call only": (
        (
            "<function=w>\n<parameter=a>\n&lt;\n</parameter>\n</function>\n"
            "&lt;function=w&gt;\n&lt;parameter=a&gt;\n&lt;\n&lt;/parameter&gt;\n&lt;/function&gt;"
        ),
        [tagged("w", a="&lt;"), tagged("w", a="<")],
    ),
    "the tags of GLM in a parameter": (
        (
            "<function=w>\n<parameter=a>\n<arg_key>k</arg_key>\n<arg_value>v</arg_value>\n"
            "</parameter>\n<parameter=b>\n<arg_key>\n</parameter>\n"
            "<parameter=c>\n</parameter>\n<arg_key>\n</parameter>\n</function>"
        ),
        [
            tagged(
                "w",
                a="<arg_key>k</arg_key>\n<arg_value>v</arg_value>",
                b="<arg_key>",
                c="</parameter>\n<arg_key>",
            )
        ],
    ),
    "empty values": (
        "<function=w>\n<parameter=a>\n\n</parameter>\n<parameter=b>\n</parameter>\n</function>",
        [tagged("w", a="", b="")],
    ),
    "the tags of GLM": (
        (
            "w\n<arg_key>a</arg_key>\n<arg_value>x\n</arg_value>\n<arg_key>b</arg_key><arg_value>\n1\n"
            "</arg_value>"
        ),
        [tagged("w", a="x\n", b="1")],
    ),
}


@pytest.mark.parametrize(("inner", "calls"), FORMS.values(), ids=FORMS)
def test_every_form_that_was_seen_is_understood(inner: str, calls: list[RawCall]) -> None:
    assert read_calls(inner, closed=True) == calls


REFUSED = {
    "6 no function, continue#10896": ("<parameter=a>\nx\n</parameter>", "expected <function=NAME>"),
    "text for parameters": ("<function=w>\nls\n</function>", "expected <parameter=KEY>"),
    "a cut tag": ("<function=w", "a tag has no end"),
    "prose behind a value": (
        "<function=w>\n<parameter=a>\nx\n</parameter>\nDone.\n</function>",
        "it is not clear where the value of a ends",
    ),
    "prose behind a call": (
        "<function=w>\n<parameter=a>\nx\n</function>\nDone.",
        "it is not clear where the value of a ends",
    ),
}


HELD = {
    "the end of a call": "</parameter>\n</function>",
    "the end of a call, and a call": "</parameter>\n</function>\n<function=v>\n</function>",
    "the end of a call, and half a call": "</parameter>\n</function>\n<function=v>",
    "the beginning of a value": "<parameter=x>",
    "the beginnings of values": "<parameter=x>\n<parameter=y>",
    "a text and the beginning of a value": "x\n<parameter=y>",
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
@pytest.mark.parametrize("more", [{}, {"b": "1"}], ids=["last", "first"])
def test_no_value_is_lost_that_holds_tags_without_their_others(
    held: str, more: dict[str, str]
) -> None:
    text = in_tags("w", {"a": held, **more})

    with pytest.raises(Fault):
        read_calls(text, closed=False)
    with pytest.raises(Malformed) as told:
        read_calls(text, closed=True)
    with pytest.raises(Unfinished):
        read_calls(text[: told.value.at], closed=False)


@pytest.mark.parametrize(("inner", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_understood_says_what_is_wrong(inner: str, message: str) -> None:
    with pytest.raises(Malformed) as told:
        read_calls(inner, closed=True)

    assert message in str(told.value)


@pytest.mark.parametrize("closed", [True, False])
def test_a_fault_behind_entities_is_told_where_they_begin(closed: bool) -> None:
    call = "<function=w>\n</function>\n"
    with pytest.raises(Malformed) as told:
        read_calls(f"{call}&lt;function=w&gt;\nls\n&lt;/function&gt;", closed=closed)

    assert told.value.at == len(call)
    assert "expected <parameter=KEY>" in str(told.value)


OPEN = [
    "<func",
    "&lt;function=w&gt;\n&lt;parameter=a&gt;\nx",
    "<function=w>",
    "<function=w>\n<parameter=a>\nx\n</parameter>\n",
    "w\n<arg_key>a</",
]


@pytest.mark.parametrize("inner", [*OPEN, "<function=w>\n<parameter=a>\nx\n</function>"])
def test_a_block_without_its_end_may_be_unfinished(inner: str) -> None:
    with pytest.raises(Unfinished):
        read_calls(inner, closed=False)


def test_the_values_of_one_call_end_with_it() -> None:
    text = "<parameter=a>\nx\n</parameter>\n</function>\n<function=v>"

    assert Tags(text, closed=False).parameters("w", 0) == ({"a": "x"}, text.index("\n<function=v>"))


def test_an_end_of_a_value_may_be_one_too_many() -> None:
    assert is_orphaned("</function>\n</parameter>", 11)
    assert not is_orphaned("</function>\n</arg_value>", 11)


def test_entities_become_signs_where_they_stand_for_tags() -> None:
    text = "&lt; &lt;parameter=a&gt;&amp;lt;"

    assert unescaped(text, 0) is None
    assert unescaped(text, 5) == "&lt; <parameter=a>&lt;"


def test_a_cut_tag_is_the_beginning_of_one() -> None:
    assert is_beginning("x <param", 2)
    assert is_beginning("<arg_key>a</arg_key>\n<arg_v", 0)
    assert not is_beginning("<b> x", 0)
    assert not is_beginning("x", 0)


@given(names, values, st.booleans())
def test_a_call_in_tags_is_read_as_it_was_meant(
    name: str, arguments: dict[str, str], closed: bool
) -> None:
    read = read_calls(in_tags(name, arguments), closed=closed)

    assert read == [tagged(name, **arguments)]


@given(names, names, values, st.booleans())
def test_a_call_in_a_value_of_a_call_stays_there(
    name: str, key: str, arguments: dict[str, str], closed: bool
) -> None:
    inside = "see:\n" + in_tags(name, dict.fromkeys(arguments, "1")) + "\n"

    read = read_calls(in_tags("write", {key: inside, "z-z": "2"}), closed=closed)

    assert read == [tagged("write", **{key: inside, "z-z": "2"})]


@given(names, values)
def test_a_cut_call_in_tags_is_whole_or_unfinished(name: str, arguments: dict[str, str]) -> None:
    text = in_tags(name, {**arguments, "z-z": "1"})

    for end in range(len(text)):
        with pytest.raises(Unfinished):
            read_calls(text[:end], closed=False)


UNITS = [
    "<parameter=a>\n",
    "\n<function=a>\n<parameter=b>\n",
    "<parameter=a>\n</parameter>\n",
    "</parameter>\n",
    "</function>",
    "<arg_key>",
    "<arg_key>a</arg_key><arg_value>",
    "</a>",
    "<function ",
    " \n",
]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("start", ["", "<function=w>\n", "<function=w>\n<parameter=a>\n"])
def test_time_grows_with_the_length_only(unit: str, start: str) -> None:
    began = time.thread_time()
    with suppress(Fault):
        read_calls(start + unit * (100_000 // len(unit)), closed=True)

    assert time.thread_time() - began < 10
