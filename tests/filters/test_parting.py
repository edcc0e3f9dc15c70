"""Where long conversations are parted."""

from hypothesis import given
from hypothesis import strategies as st

from tests.filters.calling.conversations import asked, calls, did, names_of, result, said
from tray_app.core.model import Choice, Message, ModelInfo, Prompt, Variant
from tray_app.filters.calling.history import traced
from tray_app.filters.parting import Conversation, weighed
from tray_app.upstreams.qwen.encode import weigh


def conversation(*messages: Message) -> Conversation:
    return Conversation(traced(asked(messages), names_of()))


def chat(turns: int, size: int = 500) -> list[Message]:
    return [
        said(role, f"{number} " + "x" * size)
        for number in range(turns)
        for role in ("user", "assistant")
    ] + [said("user", "and now?")]


def round_of(number: int, text: str) -> list[Message]:
    return [did(calls("write", "{}", str(number))), result(text, str(number))]


def test_a_chat_is_parted_in_the_same_place_in_most_turns() -> None:
    places = [conversation(*chat(turns)).past(30_000, 16_000) for turns in range(40, 140)]

    assert None not in places
    assert len(set(places)) <= 15
    assert places == sorted(places, key=lambda place: place or 0)


def test_as_much_stays_as_half_of_the_room_holds() -> None:
    for turns in range(40, 140):
        found = conversation(*chat(turns))
        cut = found.past(30_000, 16_000)
        assert cut is not None
        assert 14_000 <= sum(found.weights[cut:]) <= 30_000


def test_the_latest_turn_is_never_parted_from_itself() -> None:
    found = conversation(*chat(9), said("user", "y" * 8_000))

    assert found.messages[found.latest] == said("user", "and now?")
    assert found.past(8_300, 0) == found.latest
    assert found.past(9_000, 0) == found.latest - 1
    assert found.past(7_000, 0) is None
    assert found.past_of_turn(9_000, 0, found.weights[found.latest :]) == found.latest
    assert found.past_of_turn(8_050, 0, found.weights[found.latest :]) == found.latest + 1


def test_a_call_and_its_results_stay_together_and_the_task_with_them() -> None:
    loop = [one for number in range(50) for one in round_of(number, "r" * 900)]
    found = conversation(said("system", "S"), said("user", "task"), *loop)

    for room in range(3_000, 40_000, 500):
        cut = found.past(room, 0)
        assert cut is not None
        assert found.messages[cut].role == "assistant"
        assert found.kept(cut, room) == {1}
        assert sum(found.weights[cut:]) + found.kept_weight(cut, room) <= room


def test_results_that_come_late_are_not_parted_from_their_calls() -> None:
    late = [
        said("user", "task"),
        did(calls("write", "{}", "a")),
        said("user", "x" * 5_000),
        result("late", "a"),
        did("So."),
        said("user", "next"),
    ]

    assert conversation(*late).past(1_000, 0) == 4


def test_an_answer_that_is_begun_stays_behind_its_question() -> None:
    found = conversation(*chat(9), did("It is"))

    assert found.messages[found.latest] == said("user", "and now?")


def test_few_instructions_from_the_middle_stay_and_many_go() -> None:
    few = conversation(*chat(9), said("system", "Be terse."), *chat(9))
    many = conversation(*chat(9), said("system", "Be terse. " * 900), *chat(9))

    assert few.kept(30, 30_000) == {19}
    assert many.kept(30, 30_000) == set()
    assert many.kept_weight(30, 30_000) == 0


@given(st.sampled_from(["user", "assistant", "system"]), st.text(), st.text(max_size=9))
def test_a_message_weighs_no_less_than_it_takes(role: str, text: str, name: str) -> None:
    choice = Choice(ModelInfo("m", "m"), Variant())
    before = (said("user", "u"), said("user", "v"))
    message = Message(role=role, parts=said("user", text).parts, name=name)  # type: ignore[arg-type]

    def bytes_of(*messages: Message) -> int:
        return weigh(Prompt("m", messages), choice)

    assert bytes_of(*before[:1], message, before[1]) - bytes_of(*before) <= weighed(message)
