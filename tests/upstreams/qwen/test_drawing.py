"""Drawings: pictures that come, that come late, and texts that come instead."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from tray_app.core.calls import Answer, Call, Pause, Reply
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Event, Finished, ImageReady, ReasoningDelta, TextDelta, Usage
from tray_app.upstreams.qwen.drawing import DrawingDecoder

from .frames import created, data, delta, finished

LOOK = Call("GET", "/api/v2/chats/chat-1")
HOSTS = ("cdn.qwenlm.ai",)
ONE = "https://cdn.qwenlm.ai/output/u/t2i/r1/a.png?key=k"
TWO = "https://cdn.qwenlm.ai/output/u/t2i/r1/b.png?key=k"
ELSEWHERE = "https://img.example/a.png"
USAGE = Usage(input_tokens=26, output_tokens=1, estimated=True)
END = [USAGE, Finished("stop")]


class Drawing:
    """The stream of a drawing and what is looked for after it, as a relay goes about it."""

    def __init__(self, *frames: bytes) -> None:
        self.decoder = DrawingDecoder(prompt_bytes=100, media_hosts=HOSTS)
        self.events: list[Event] = []
        self.decoder.open(200, {"content-type": "text/event-stream"})
        for frame in frames:
            self.decoder.feed(frame, self.events.append)
        if not self.decoder.finished:
            self.decoder.close(self.events.append)

    @property
    def lacks(self) -> bool:
        """Something is still to be looked for."""
        return self.decoder.after(LOOK) is not None

    def look(self, *messages: dict[str, Any]) -> list[Event]:
        """What looking brings; each look finds the next of these answers in the chat."""
        playing = self.decoder.after(LOOK)
        assert playing is not None
        told = [{"id": "r1", "role": "assistant", **message} for message in messages]
        reply: object = None
        try:
            step = next(playing)
            while True:
                if isinstance(step, Pause):
                    step = next(playing)
                else:
                    assert step == LOOK
                    chat = {"data": {"chat": {"messages": [told.pop(0)]}}}
                    step = playing.send(Answer(200, {}, json.dumps(chat).encode()))
        except StopIteration as end:
            reply = end.value
        assert isinstance(reply, Reply)
        assert isinstance(reply.value, tuple)
        return list(reply.value)


def failure(*frames: bytes) -> ProxyError:
    with pytest.raises(ProxyError) as caught:
        Drawing(*frames)
    return caught.value


def test_pictures_go_out_as_they_come() -> None:
    drawing = Drawing(
        created(), delta("Let me see", "image_gen_think"), delta(ONE, "image_gen"),
        delta(TWO, "image_gen"), delta(ONE, "image_gen"), finished("image_gen"), delta("late"),
    )  # fmt: skip
    drawing.decoder.close(drawing.events.append)

    assert drawing.events[:3] == [ReasoningDelta("Let me see"), ImageReady(ONE), ImageReady(TWO)]
    assert drawing.events[-1] == Finished("stop")
    assert len(drawing.events) == 5
    assert drawing.decoder.has_drawn
    assert not drawing.lacks


@given(st.integers(0, 200))
def test_a_picture_in_the_text_is_the_picture_however_its_text_comes(at: int) -> None:
    text = f"Here it is:\n\n![a cat]({ONE})"
    drawing = Drawing(created(), delta(text[:at]), delta(text[at:]), finished())

    [picture, caption, usage, end] = drawing.events
    assert (picture, caption, end) == (ImageReady(ONE), TextDelta("Here it is:"), Finished())
    assert isinstance(usage, Usage)


def test_a_picture_that_is_told_twice_is_one() -> None:
    again = f"![a cat]({ONE.replace('key=k', 'key=other')})"
    drawing = Drawing(created(), delta(ONE, "image_gen"), delta(again), finished())

    assert [event for event in drawing.events if isinstance(event, ImageReady)] == [ImageReady(ONE)]


CHECK = "https://cdn.qwenlm.ai/_____tmd_____/punish"


@pytest.mark.parametrize(
    ("address", "kind"),
    [(ELSEWHERE, Kind.PROTOCOL_CHANGED), (CHECK, Kind.VERIFICATION_NEEDED)],
)
def test_a_picture_elsewhere_is_an_error_at_once(address: str, kind: Kind) -> None:
    assert failure(created(), delta(address, "image_gen"), finished("image_gen")).kind is kind
    assert failure(created(), delta(f"Yours: ![x]({address})"), finished()).kind is kind
    assert failure(created(), delta(address, "image_gen")).kind is kind


def test_where_a_picture_elsewhere_is_said_to_be_is_told_without_the_address() -> None:
    fault = failure(created(), delta(ELSEWHERE, "image_gen"), finished("image_gen"))
    assert fault.text == snapshot("""\
Qwen keeps the picture at a place that is not known to be its own. \
Look for an update of Portico.\
""")


def test_a_picture_elsewhere_beside_a_good_one_is_not_shown() -> None:
    drawing = Drawing(created(), delta(f"{ELSEWHERE}\n{ONE}", "image_gen"), finished("image_gen"))
    assert drawing.events[:1] == [ImageReady(ONE)]
    assert len(drawing.events) == 3


ALONE = [
    [delta("I cannot "), delta("draw that."), finished()],
    [delta("I cannot draw that.", "image_gen"), finished("image_gen")],
    [delta("I cannot draw that.", "novel"), finished()],
    [finished("image_gen_tool"), delta("I cannot draw that."), finished()],
]


@pytest.mark.parametrize("frames", ALONE)
@pytest.mark.parametrize("chat", [{}, {"done": False}, {"error": {"code": "boom"}},
                                  {"content": "I cannot draw that."}])  # fmt: skip
def test_a_text_alone_is_the_answer_after_one_look(
    frames: list[bytes], chat: dict[str, Any]
) -> None:
    drawing = Drawing(created(), *frames)
    assert drawing.events == []

    assert drawing.look(chat)[0] == TextDelta("I cannot draw that.")
    assert not drawing.decoder.has_drawn
    assert drawing.decoder.is_over


@pytest.mark.parametrize("frames", ALONE)
def test_a_text_is_the_caption_of_a_picture_that_the_chat_has(frames: list[bytes]) -> None:
    drawing = Drawing(created(), *frames)

    brought = drawing.look({"content": ONE})

    assert brought[:2] == [ImageReady(ONE), TextDelta("I cannot draw that.")]
    assert isinstance(brought[2], Usage)
    assert brought[3:] == [Finished()]


def test_a_text_that_goes_on_after_an_end_is_not_complete() -> None:
    drawing = Drawing(created(), delta("One."), finished(), delta("Two"))
    assert drawing.look({}, {"content": ONE})[0] == ImageReady(ONE)


def test_a_text_that_was_cut_says_so() -> None:
    cut = {"delta": {"content": "", "phase": "answer", "status": "finished"}}
    end = data({"choices": [{**cut, "finish_reason": "length"}], "response_id": "r1"})
    drawing = Drawing(created(), delta("I cannot"), end)

    assert drawing.look({})[-1] == Finished("length")


def test_words_in_place_of_a_picture_are_not_told_beside_one() -> None:
    drawing = Drawing(
        created(), delta("Drawing it.", "image_gen"), delta(ONE, "image_gen"), finished("image_gen")
    )
    assert [type(event) for event in drawing.events] == [ImageReady, Usage, Finished]
    assert drawing.events[0] == ImageReady(ONE)
    broken = Drawing(created(), delta("Drawing it.", "image_gen"), delta(f"![x]({ONE})"))
    assert broken.events[0] == ImageReady(ONE)
    long = Drawing(
        created(), delta("Drawing it.", "image_gen"), delta("word " * 20_000), finished()
    )
    assert [type(event) for event in long.events] == [TextDelta, Usage, Finished]
    late = Drawing(created(), delta("Drawing it.", "image_gen"))
    assert late.look({}, {"content": ONE})[:1] == [ImageReady(ONE)]


def test_a_caption_may_be_complete_before_its_picture() -> None:
    busy = data({"response.info": {"action": "keep_alive"}})
    began = delta("", "image_gen_tool")
    drawing = Drawing(
        created(), delta("Here it is."), finished(), *[busy] * 5, began, *[busy] * 9,
        delta(ONE, "image_gen"), finished("image_gen"),
    )  # fmt: skip

    assert drawing.events[:2] == [ImageReady(ONE), TextDelta("Here it is.")]
    assert drawing.events[-1] == Finished()
    assert not drawing.lacks


def test_a_stream_that_stays_open_after_a_text_is_read_only_for_some_frames_more() -> None:
    busy = data({"response.info": {"action": "keep_alive"}})
    drawing = Drawing(created(), delta("I cannot."), finished())
    open_still = DrawingDecoder(media_hosts=HOSTS)
    open_still.open(200, {"content-type": "text/event-stream"})

    for frame in (created(), delta("I cannot."), finished(), *[busy] * 6):
        open_still.feed(frame, drawing.events.append)
        assert not open_still.finished
    open_still.feed(busy, drawing.events.append)

    assert open_still.finished
    assert open_still.after(LOOK) is not None
    assert not open_still.is_over


@pytest.mark.parametrize(
    "extra",
    [
        {"tool_result": {"ok": 1}, "image_list": [{"image": ONE}]},
        {"image_list": [ONE]},
        {"image_list": [{"image": ONE}, None]},
        {"output_image": ONE},
    ],
)
def test_a_picture_is_found_whatever_is_told_beside_it(extra: dict[str, Any]) -> None:
    drawing = Drawing(created(), delta("", "image_gen_tool", "finished", extra=extra))
    assert drawing.events[0] == ImageReady(ONE)


def test_the_sites_filter_speaks_as_in_every_answer() -> None:
    refused = data({"error": {"code": "data_inspection_failed", "details": "输出内容 …"}})

    assert failure(created(), refused).kind is Kind.CONTENT_FILTER
    drawing = Drawing(created(), delta("I began"), refused)
    assert drawing.events[0] == TextDelta("I began")
    assert drawing.events[-1] == Finished("content_filter")


NO_PICTURE = [
    [created()],
    [created(), delta("hm", "image_gen_think")],
    [created(), delta("One mom")],
    [created(), finished("image_gen")],
    [created(), delta("Here it is."), finished("image_gen")],
    [created(), finished()],
    [created(), delta(" \n"), finished()],
]


@pytest.mark.parametrize("frames", NO_PICTURE)
def test_a_stream_without_a_picture_is_followed_by_a_look(frames: list[bytes]) -> None:
    drawing = Drawing(*frames)
    assert not [one for one in drawing.events if isinstance(one, TextDelta | Usage | Finished)]
    assert drawing.decoder.begun

    brought = drawing.look({}, {"content": ONE, "done": True})

    assert brought[0] == ImageReady(ONE)
    assert isinstance(brought[1], Usage)
    assert brought[2:] == [Finished("stop")]
    assert drawing.decoder.has_drawn
    assert drawing.decoder.finished


def test_a_text_that_is_found_instead_of_a_picture_is_the_answer() -> None:
    drawing = Drawing(created())

    assert drawing.look({"content": "I cannot draw that.", "done": True}) == [
        TextDelta("I cannot draw that."),
        *END,
    ]
    assert not drawing.decoder.has_drawn
    assert drawing.decoder.finished


def test_a_picture_is_an_answer_also_where_its_stream_broke_off() -> None:
    drawing = Drawing(created(), delta("Yours: "), delta(ONE, "image_gen"))

    assert drawing.events[:2] == [ImageReady(ONE), TextDelta("Yours: ")]
    assert drawing.events[-1] == Finished()
    assert not drawing.lacks
    in_text = Drawing(created(), delta(f"![a cat]({ONE})"))
    assert in_text.events[0] == ImageReady(ONE)
    assert not in_text.lacks


def test_what_goes_wrong_behind_a_picture_does_not_undo_it() -> None:
    wrong = data({"error": {"code": "internal_error", "details": "Something failed"}})
    drawing = Drawing(created(), delta("Yours: "), delta(ONE, "image_gen"), wrong)

    assert drawing.events[:2] == [ImageReady(ONE), TextDelta("Yours: ")]
    assert drawing.events[-1] == Finished()
    limit = data({"error": {"code": "RateLimited", "num": 3}})
    assert failure(created(), delta(ONE, "image_gen"), limit).kind is Kind.DAILY_LIMIT


@pytest.mark.parametrize(
    ("frames", "is_over"),
    [
        ([delta(ONE, "image_gen"), finished("image_gen")], True),
        ([delta(f"![a cat]({ONE})"), finished()], True),
        ([delta(ONE, "image_gen")], False),
        ([finished("image_gen")], False),
        ([delta("I cannot."), finished()], False),
        ([], False),
    ],
)
def test_a_drawing_is_over_when_the_site_said_so(frames: list[bytes], is_over: bool) -> None:
    drawing = Drawing(created(), *frames)
    assert drawing.decoder.finished
    assert drawing.decoder.is_over is is_over


def test_a_picture_that_is_not_found_in_time_is_an_error() -> None:
    """R71"""
    drawing = Drawing(created())
    with pytest.raises(ProxyError) as caught:
        drawing.look(*[{}] * 60)

    assert caught.value.kind is Kind.UPSTREAM_TIMEOUT
    assert drawing.decoder.response_id == "r1"
    assert not drawing.decoder.is_over


@pytest.mark.parametrize(
    ("frames", "kind"),
    [
        ([], Kind.UPSTREAM_EMPTY),
        ([b"data: [DONE]\n\n"], Kind.UPSTREAM_EMPTY),
        ([b"<html>aliyun_waf"], Kind.VERIFICATION_NEEDED),
        ([b'{"success":false,"data":{"code":"RateLimited"}}'], Kind.DAILY_LIMIT),
        ([created(), data({"error": {"code": "internal_error"}})], Kind.UPSTREAM_ERROR),
    ],
)
def test_what_never_began_or_is_an_error_is_looked_for_nowhere(
    frames: list[bytes], kind: Kind
) -> None:
    assert failure(*frames).kind is kind


def test_a_long_text_is_not_held() -> None:
    drawing = Drawing(created(), *[delta("word " * 5000)] * 4, finished())

    told = [event.text for event in drawing.events if isinstance(event, TextDelta)]
    assert "".join(told) == "word " * 20_000
    assert len(told) == 2
    long = [created(), *[delta("word " * 5000)] * 4]
    assert failure(*long).kind is Kind.UPSTREAM_TRUNCATED


some_frames = st.lists(st.sampled_from([
    created(), delta("x"), delta(ONE, "image_gen"), delta(f"![x]({TWO})"), delta("y", "novel"),
    finished("image_gen"), finished(), delta("z", "think"), data({"odd": 1}),
    delta("words", "image_gen"), delta(ELSEWHERE, "image_gen"), data({"response.info": {}}),
]), max_size=8)  # fmt: skip


@given(some_frames, st.integers(1, 90))
def test_it_does_not_matter_where_the_stream_is_cut(frames: list[bytes], size: int) -> None:
    def played(*pieces: bytes) -> tuple[Kind, str] | tuple[list[Event], bool, bool]:
        try:
            drawing = Drawing(*pieces)
        except ProxyError as error:
            return error.kind, error.text
        return drawing.events, drawing.lacks, drawing.decoder.is_over

    whole = created() + b"".join(frames)
    assert played(*[whole[at : at + size] for at in range(0, len(whole), size)]) == played(whole)


@given(some_frames)
def test_however_a_drawing_goes_it_has_one_end(frames: list[bytes]) -> None:
    try:
        drawing = Drawing(created(), *frames)
    except ProxyError:
        return
    if drawing.lacks:
        drawing.events += drawing.look({"content": ONE})

    assert [event for event in drawing.events if isinstance(event, Finished)] == [Finished()]
    assert drawing.events[-1] == Finished()
    shown = [event for event in drawing.events if isinstance(event, ImageReady)]
    assert len(set(shown)) == len(shown) <= 2
