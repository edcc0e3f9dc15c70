"""The site's stream as events: R21 to R33 as far as bytes go, F1, F2, F10, F11."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    Source,
    TextDelta,
    Usage,
)
from tray_app.upstreams.qwen.decode import QwenDecoder

from .frames import created, data, decode, delta, finished

TRANSCRIPTS = Path(__file__).parent / "transcripts"


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reasoning_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def failure(*frames: bytes, decoder: QwenDecoder | None = None) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        decode(*frames, decoder=decoder)
    return caught.value


def test_a_plain_answer() -> None:
    events = decode((TRANSCRIPTS / "plain.sse").read_bytes())

    assert text_of(events) == "Hi!"
    assert events[-2] == Usage(input_tokens=1049, output_tokens=2)
    assert events[-1] == Finished("stop")


def test_raw_thinking_comes_before_the_answer() -> None:
    events = decode((TRANSCRIPTS / "raw_thinking.sse").read_bytes())

    assert reasoning_of(events) == "Let me add the two."
    assert text_of(events) == "4"
    assert Usage(input_tokens=600, output_tokens=12, reasoning_tokens=10) in events


def test_growing_summaries_become_new_text() -> None:
    events = decode((TRANSCRIPTS / "thinking_summary.sse").read_bytes())

    assert reasoning_of(events) == "The user asks for a sum.\n\nTwo and two give four."
    assert text_of(events) == "Four"


def test_a_search_brings_numbered_sources() -> None:
    events = decode((TRANSCRIPTS / "search.sse").read_bytes())

    assert [event for event in events if isinstance(event, Source)] == [
        Source(1, "https://a.example/1", "First"),
        Source(2, "https://b.example/2", "Second"),
    ]
    assert text_of(events) == "It shipped in September [[1]]."


def test_a_drawing_is_an_answer() -> None:
    decoder = QwenDecoder(draws=True, media_hosts=("cdn.qwenlm.ai",))
    events = decode((TRANSCRIPTS / "drawing.sse").read_bytes(), decoder=decoder, closes=False)

    [image] = [event for event in events if isinstance(event, ImageReady)]
    assert image.url.startswith("https://cdn.qwenlm.ai/output/")
    assert events[-1] == Finished("stop")
    assert not decoder.finished
    assert decoder.counted() == Usage()


def test_words_where_a_picture_should_be_are_the_answer_where_there_is_no_other() -> None:
    words = delta("I cannot draw that.", "image_gen_tool")
    result = delta("Status 7.", "image_gen_tool", role="function")

    assert text_of(decode(created(), words, result, finished())) == "I cannot draw that."
    assert text_of(decode(created(), words, delta("No."), finished())) == "No."


def test_a_picture_made_by_a_tool_is_shown_once() -> None:
    decoder = QwenDecoder(media_hosts=("cdn.qwenlm.ai",))
    events = decode((TRANSCRIPTS / "image_tool.sse").read_bytes(), decoder=decoder)

    assert len([event for event in events if isinstance(event, ImageReady)]) == 1
    assert text_of(events) == "Here it is."


def test_a_picture_that_is_told_again_with_another_key_is_one() -> None:
    told = [delta(f"https://cdn.qwenlm.ai/a.png?key={key}", "image_gen_tool") for key in "kl"]
    decoder = QwenDecoder(media_hosts=("cdn.qwenlm.ai",))
    events = decode(created(), *told, finished(), decoder=decoder)

    assert len([event for event in events if isinstance(event, ImageReady)]) == 1


def test_a_picture_elsewhere_is_none() -> None:
    decoder = QwenDecoder(draws=True, media_hosts=("cdn.qwenlm.ai",))
    punish = "https://cdn.qwenlm.ai/_____tmd_____/punish?x5secdata=1"
    fault = failure(
        created(), delta(punish, "image_gen"), delta("https://evil.example/a.png", "image_gen"),
        finished("image_gen"), decoder=decoder,
    )  # fmt: skip

    assert fault.kind is Kind.UPSTREAM_EMPTY
    assert decoder.elsewhere == "https://evil.example/a.png"


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=20), cut=st.integers(1, 40))
def test_the_text_is_the_text_however_it_comes(texts: list[str], cut: int) -> None:
    """F1, F2, R30, R34"""
    stream = created() + b"".join(delta(text) for text in texts) + finished()
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
    if not "".join(texts):
        assert failure(*pieces).kind is Kind.UPSTREAM_EMPTY
        return

    assert text_of(decode(*pieces)) == "".join(texts)


@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=20))
def test_snapshots_and_deltas_give_the_same_text(texts: list[str]) -> None:
    """F2, R29"""
    whole = "".join(texts)
    if not whole:
        return
    snapshots = ["".join(texts[: at + 1]) for at in range(len(texts))]
    stream = [created(), *(delta(text) for text in snapshots), finished()]

    assert text_of(decode(*stream, decoder=QwenDecoder(incremental=False))) == whole


def test_equal_deltas_are_not_taken_for_repeats() -> None:
    """R28, R29"""
    assert text_of(decode(created(), delta("a"), delta("a"), finished())) == "aa"


@given(thoughts=st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=6))
def test_a_summary_that_grows_in_any_steps_reads_the_same(thoughts: list[str]) -> None:
    """F2"""
    frames = []
    for at, thought in enumerate(thoughts):
        for end in range(1, len(thought) + 1):
            shown = [*thoughts[:at], thought[:end]]
            frames.append(
                delta("", "thinking_summary", extra={"summary_thought": {"content": shown}})
            )
    events = decode(created(), *frames, finished("thinking_summary"), delta("x"), finished())

    assert reasoning_of(events) == "\n\n".join(thoughts)


def test_a_summary_that_begins_again_adds_only_what_is_new() -> None:
    def summary(*shown: str) -> bytes:
        return delta("", "thinking_summary", extra={"summary_thought": {"content": list(shown)}})

    events = decode(
        created(), summary("one", "two"), summary("three"), summary("three", "one"),
        delta("x"), finished(),
    )  # fmt: skip

    assert reasoning_of(events) == "one\n\ntwo\n\nthree\n\none"


def test_titles_are_shown_where_no_thought_comes() -> None:
    titles = {"summary_title": {"content": ["Reading", "Checking"]}}
    events = decode(created(), delta("", "thinking_summary", extra=titles), delta("x"), finished())

    assert reasoning_of(events) == "Reading\n\nChecking"


@pytest.mark.parametrize("phase", ["think", "thinking_summary", "web_search", "bash", "slides"])
def test_only_the_answers_own_end_is_the_end(phase: str) -> None:
    """R28"""
    assert text_of(decode(created(), finished(phase), delta("late"), finished())) == "late"


@pytest.mark.parametrize("phase", [None, "answer", "final", "final_answer", "ReportGeneration"])
def test_several_phases_are_the_answer(phase: str | None) -> None:
    assert text_of(decode(created(), delta("x", phase), finished(phase))) == "x"


@pytest.mark.parametrize("phase", ["code_interpreter", "bash", "read_file", "KeepAlive", "bio"])
def test_the_sites_own_tools_stay_out_of_the_answer(phase: str) -> None:
    events = decode(created(), delta("tool says", phase), delta("x"), finished())
    assert text_of(events) == "x"


def test_text_of_an_unknown_phase_is_the_answer_only_where_there_is_no_other() -> None:
    assert text_of(decode(created(), delta("new", "novel"), finished())) == "new"
    assert text_of(decode(created(), delta("new", "novel"), delta("x"), finished())) == "x"


def test_of_two_interleaved_answers_the_first_is_ours() -> None:
    """R27"""
    events = decode(
        created("r2", "1"), created("r1", "0"), delta("no", response_id="r2"), delta("yes"),
        finished(response_id="r2"), delta("!"), finished(),
    )  # fmt: skip

    assert text_of(events) == "yes!"
    assert events.count(Finished("stop")) == 1


def test_what_follows_the_end_is_ignored() -> None:
    """R21, R27"""
    events = decode(created(), delta("x"), finished(), delta("y"), finished(), data({"odd": 1}))
    assert text_of(events) == "x"
    assert events[-1] == Finished("stop")


def test_an_end_of_input_is_no_end_of_an_answer() -> None:
    """R22"""
    assert failure(created(), delta("half")).kind is Kind.UPSTREAM_TRUNCATED


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [created()],
        [created(), finished()],
        [created(), delta("", "answer"), finished()],
        [created(), delta("only thoughts", "think"), finished()],
        [b"data: [DONE]\n\n"],
    ],
)
def test_an_answer_without_an_answer_is_an_error(frames: list[bytes]) -> None:
    """R25"""
    assert failure(*frames).kind is Kind.UPSTREAM_EMPTY


@pytest.mark.parametrize("odd", [b"data: {bad\n\n", b"data: null\n\n", b"data: []\n\n",
                                 b"data: {}\n\n", b"data: 7\n\n"])  # fmt: skip
def test_a_few_odd_frames_are_skipped_and_more_are_an_error(odd: bytes) -> None:
    """R33"""
    assert text_of(decode(created(), *[odd] * 3, delta("x"), finished())) == "x"
    assert failure(created(), *[odd] * 4, delta("x")).kind is Kind.UPSTREAM_BAD_RESPONSE


@pytest.mark.parametrize(
    "control", [b"data: true\n\n", b'data: {"done":true}\n\n', b"data: [DONE]\n\n", b": ping\n\n",
                b'data: {"response.info":{"action":"keep_alive"}}\n\n',
                b'data: {"response.stopped":{}}\n\n'],
)  # fmt: skip
def test_control_frames_are_neither_odd_nor_an_end(control: bytes) -> None:
    """R33"""
    events = decode(created(), *[control] * 9, delta("x"), *[control] * 9, delta("y"), finished())
    assert text_of(events) == "xy"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!doctypehtml><script>aliyun_waf_aa</script>", Kind.VERIFICATION_NEEDED),
        (b"<html><title>504 Gateway</title></html>", Kind.UPSTREAM_BAD_RESPONSE),
        (b'{"ret":["FAIL_SYS_USER_VALIDATE"],"data":{"url":"https://x/_____tmd_____/punish"}}',
         Kind.VERIFICATION_NEEDED),
        (b'{"success":false,"data":{"code":"RateLimited","num":7}}', Kind.DAILY_LIMIT),
        (b"", Kind.UPSTREAM_EMPTY),
        (b"  \n", Kind.UPSTREAM_BAD_RESPONSE),
        (b'{"hello":1}', Kind.UPSTREAM_BAD_RESPONSE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["text/event-stream", "text/html", "application/json"])
def test_a_page_instead_of_a_stream_is_read_as_an_error(
    body: bytes, kind: Kind, content_type: str
) -> None:
    """R35, R36"""
    events: list[Event] = []
    decoder = QwenDecoder()
    decoder.open(200, {"content-type": content_type})
    for at in range(len(body)):
        decoder.feed(body[at : at + 1], events.append)

    with pytest.raises(ProxyError) as caught:
        decoder.close(events.append)

    assert events == []
    assert caught.value.kind is kind


def test_an_error_after_text_leaves_the_text() -> None:
    """R37"""
    events: list[Event] = []
    decoder = QwenDecoder()
    error = data({"error": {"code": "internal_error", "details": "Allocated quota exceeded"}})
    with pytest.raises(ProxyError) as caught:
        decoder.feed(created() + delta("so far") + error, events.append)

    assert text_of(events) == "so far"
    assert caught.value.kind is Kind.RATE_LIMITED


def test_content_refused_in_mid_answer_ends_it() -> None:
    refused = data({"error": {"code": "data_inspection_failed", "details": "输出内容 …"}})

    events = decode(created(), delta("so far"), refused)

    assert events[-1] == Finished("content_filter")
    assert failure(created(), refused).kind is Kind.CONTENT_FILTER


def test_an_error_in_a_delta_is_one() -> None:
    broken = delta("", status="error", extra={"error": {"code": "internal_error"}})
    assert failure(created(), broken).kind is Kind.UPSTREAM_ERROR


def test_usage_is_the_last_that_says_something() -> None:
    events = decode(
        created(), delta("x", usage={"input_tokens": 5, "output_tokens": 2}), delta("", usage={}),
        finished(),
    )  # fmt: skip
    assert Usage(input_tokens=5, output_tokens=2) in events


def test_usage_that_is_not_told_is_guessed_and_says_so() -> None:
    events = decode(created(), delta("x" * 40), finished(), decoder=QwenDecoder(prompt_bytes=400))
    assert Usage(input_tokens=101, output_tokens=11, estimated=True) in events


def test_a_guess_of_usage_goes_by_bytes() -> None:
    events = decode(created(), delta("字" * 40), finished())
    assert Usage(input_tokens=1, output_tokens=31, estimated=True) in events


def test_cut_anywhere_the_text_is_a_beginning_of_the_whole() -> None:
    """F10, R20"""
    stream = (TRANSCRIPTS / "thinking_summary.sse").read_bytes()
    whole = decode(stream)
    for end in range(len(stream)):
        events: list[Event] = []
        decoder = QwenDecoder()
        decoder.feed(stream[:end], events.append)
        assert text_of(whole).startswith(text_of(events))
        assert reasoning_of(whole).startswith(reasoning_of(events))


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_are_a_crash(pieces: list[bytes]) -> None:
    """F11"""
    decoder = QwenDecoder()
    with contextlib.suppress(ProxyError):
        for piece in pieces:
            decoder.feed(piece, lambda _: None)
        decoder.close(lambda _: None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "delta", "content", "phase", "extra", "usage", "error", "data",
                         "response_id", "response.created", "summary_thought", "code", "ret"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(json_values, max_size=6))
def test_no_frame_is_a_crash(values: list[object]) -> None:
    """F11, R33"""
    with contextlib.suppress(ProxyError):
        decode(created(), *(data(value) for value in values), delta("x"), finished())
