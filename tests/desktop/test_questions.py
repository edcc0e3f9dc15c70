"""Questions where no window can be shown; with windows they are shown with the program."""

import asyncio

import pytest

from tray_app.desktop.launcher import Launcher
from tray_app.desktop.questions import Questions
from tray_app.desktop.views import NO, ask_for_keyless
from tray_app.desktop.words import Words

VIEW = ask_for_keyless(Words("en"))


@pytest.mark.skipif("sys.platform in {'win32', 'darwin'}")
async def test_a_question_that_cannot_be_shown_is_answered_by_no(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    ended: list[str] = []

    def on_end(_: str, how: str) -> None:
        ended.append(how)
        questions.ended()

    launcher = Launcher(lambda *_: None, on_end)
    questions = Questions(launcher)
    async with asyncio.timeout(20):
        assert await questions.ask("keyless", VIEW) == NO
    await launcher.close_all()

    assert ended == ["no_display"]


async def test_one_question_is_asked_at_a_time_and_the_first_answer_counts() -> None:
    launcher = Launcher(lambda *_: None, lambda *_: None)
    questions = Questions(launcher)
    loop = asyncio.get_running_loop()
    first, second = (loop.create_task(questions.ask(about, VIEW)) for about in "ab")
    await asyncio.sleep(0)
    questions.answered("yes", "")
    questions.answered("no", "")
    assert await first == "yes"
    assert not second.done()
    for _ in range(3):
        await asyncio.sleep(0)
    questions.ended()
    assert await second == NO
    questions.answered("yes", "")
    questions.ended()
    await launcher.close_all()


async def test_a_window_that_was_closed_asks_nothing_more() -> None:
    launcher = Launcher(lambda *_: None, lambda *_: None)
    questions = Questions(launcher)
    async with questions.talk("sign-in") as talk:
        asked = asyncio.get_running_loop().create_task(talk.ask(VIEW))
        await asyncio.sleep(0)
        questions.answered("yes", "what was typed")
        assert await asked == ("yes", "what was typed")
        questions.ended()
        assert talk.is_over
        assert await talk.ask(VIEW) == (NO, "")
    await launcher.close_all()


async def test_what_is_asked_already_is_not_asked_again_and_may_be_withdrawn() -> None:
    launcher = Launcher(lambda *_: None, lambda *_: None)
    questions = Questions(launcher)
    loop = asyncio.get_running_loop()
    first = loop.create_task(questions.ask("keyless", VIEW))
    await asyncio.sleep(0)
    again = await questions.ask("keyless", VIEW)
    assert again == NO
    assert not first.done()
    questions.withdraw("network")
    assert not first.done()
    questions.withdraw("keyless")
    assert await first == NO
    await launcher.close_all()


async def test_at_the_end_every_question_is_answered_by_no() -> None:
    launcher = Launcher(lambda *_: None, lambda *_: None)
    questions = Questions(launcher)
    loop = asyncio.get_running_loop()
    asked = [loop.create_task(questions.ask(about, VIEW)) for about in "abc"]
    await asyncio.sleep(0)
    questions.close()

    assert await asyncio.gather(*asked) == [NO] * 3
    assert await questions.ask("d", VIEW) == NO
    assert not launcher.is_open("question")
    await launcher.close_all()
